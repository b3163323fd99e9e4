// What is chosen, and who draws it again when it changes: at most once a frame.

const state = {
  layer: 0,
  head: 0,
  token: 0, // whose arithmetic and neighbours are shown
  key: null, // the token whose product with the query is written out; null: the largest share
  feature: null, // the feature of the context that is written out; null: the largest
  hover: null, // {side: "from" | "to", index}
  pinned: null, // likewise
  threshold: 0.05,
  hideSpecial: false,
  part: "all", // or "AA", "AB", "BA", "BB": sentences that look and are looked at
  view: "both",
  allRows: false, // of the tables of arithmetic
  theme: 0, // counts changes of colours
  width: 0,
};

let recorded = null; // Recorded, set once by main.js
let scales = null; // of scale.js, made anew for other colours
const watchers = [];
const dirty = new Set();
let asked = false;

/** Calls `draw` in the next frame after one of the names has changed, and once at the start. */
function watch(names, draw) {
  watchers.push([names, draw]);
}

/** Changes some of the state. */
function choose(changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (same(state[name], value)) continue;
    state[name] = value;
    dirty.add(name);
  }
  if (dirty.size && !asked) {
    asked = true;
    requestAnimationFrame(drawDirty);
  }
}

/** Whether two values of the state say the same; places are compared by what they hold. */
function same(a, b) {
  const places = a?.side && b?.side;
  return a === b || Boolean(places && a.side === b.side && a.index === b.index);
}

/** Draws what has changed, now. */
function drawDirty() {
  asked = false;
  const changed = new Set(dirty);
  dirty.clear();
  if (changed.has("theme")) {
    scales = makeScales();
    drawLegends(scales);
  }
  for (const [names, draw] of watchers) {
    if (names.some((name) => changed.has(name))) draw();
  }
}

/** The token whose row or column is shown: the pinned one, else the one pointed at, else none. */
const active = () => state.pinned ?? state.hover;

/** The token that texts and numbers speak of: the active one, else the one that is chosen. */
const told = () => active() ?? { side: "from", index: state.token };

/** Pins a token, or lets it go where it is pinned already. */
function pin(side, index) {
  const place = { side, index };
  if (same(state.pinned, place)) choose({ pinned: null, hover: null });
  else choose({ pinned: place, token: index, key: null, feature: null });
}

/** Chooses a head; what is written out of its arithmetic begins anew. */
function chooseHead(layer, head) {
  choose({ layer, head, key: null, feature: null });
}

/** Tokens that look (rows) and are looked at (columns), behind the filters, by their places. */
function shown() {
  const places = recorded.tokens.map((_, place) => place);
  const kept = (letter) => places.filter((place) => {
    const token = recorded.tokens[place];
    if (state.hideSpecial && token.special) return false;
    return letter === "a" || token.type === (letter === "A" ? 0 : 1);
  });
  const [from, to] = state.part === "all" ? ["a", "a"] : state.part;
  return { rows: kept(from), columns: kept(to) };
}

/** The least byte of a share that the threshold lets through; 0 never is one. */
const leastByte = () => Math.max(1, Math.round(255 * state.threshold));

/** Shares of the active token with those of the other side: bytes [L], and who is on that side. */
function sharesOf(place) {
  const map = recorded.map(state.layer, state.head);
  const { rows, columns } = shown();
  const { length } = recorded;
  const others = place.side === "from" ? columns : rows;
  const bytes = Uint8Array.from({ length }, (_, other) => (
    place.side === "from" ? map[place.index * length + other] : map[other * length + place.index]));
  return { bytes, others };
}
