// Puts the page together and listens to what concerns all of it.

function drawIntro() {
  const { data } = recorded;
  byId("facts").textContent = `${recorded.length} tokens \u00b7 ${recorded.layers} layers \u00b7 `
    + `${recorded.heads} heads in each \u00b7 ${data.hidden_size} features a token`;
  // The tables for readers without scripts say the same again: they fold away.
  const plain = byId("plain");
  const fold = element("details", { class: "plain" }, element("summary", {}, "Text and tokens as tables"));
  plain.replaceWith(fold);
  fold.append(plain);
}

function makeChoosers() {
  const [layer, head, token] = ["layer", "head", "token"].map((name) => byId(`choose-${name}`));
  const numbers = (count) => Array.from({ length: count }, (_, i) => element("option", { value: i },
    String(i)));
  layer.append(...numbers(recorded.layers));
  head.append(...numbers(recorded.heads));
  token.append(...recorded.tokens.map((each, place) => element("option", { value: place },
    named(each, place))));
  layer.addEventListener("change", () => chooseHead(Number(layer.value), state.head));
  head.addEventListener("change", () => chooseHead(state.layer, Number(head.value)));
  token.addEventListener("change", () => {
    const index = Number(token.value);
    choose({ pinned: { side: "from", index }, token: index, key: null, feature: null });
  });
  watch(["layer", "head", "token"], () => {
    layer.value = state.layer;
    head.value = state.head;
    token.value = state.token;
  });
}

/** Colours are drawn again when the theme, the system, or the paper asks for others. */
function followTheme() {
  const again = () => choose({ theme: state.theme + 1 });
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  // Paper is light: what is painted must be so before the printer looks.
  let before;
  const plain = document.querySelector("details.plain");
  window.addEventListener("beforeprint", () => {
    before = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    plain.open = true;
    choose({ theme: state.theme + 1 });
    drawDirty();
  });
  window.addEventListener("afterprint", () => {
    plain.open = false;
    if (before === undefined) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = before;
  });
}

function start() {
  const data = JSON.parse(byId("data").textContent);
  recorded = new Recorded(data);
  Object.assign(state, data.start, {
    view: recorded.length > LONG ? "lines" : "both",
    threshold: recorded.length > LONG ? 0.04 : 0.02,
  });
  drawIntro();
  makeChoosers();
  drawSteps();
  makeHeadGrid();
  makeHeadFacts();
  makeFilters();
  makeReading();
  makeLines();
  makeMatrix();
  makeReadout();
  makeArithmetic();
  makeLayers();
  makeAnswers();
  followTheme();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(state.pinned ? { pinned: null } : { hover: null });
  });
  new ResizeObserver(([entry]) => choose({ width: entry.contentRect.width })).observe(
    document.querySelector("main"));
  for (const name of Object.keys(state)) dirty.add(name);
  drawDirty();
}

// The files are joined in the order of their names: what others define is there when all have run.
document.addEventListener("DOMContentLoaded", start);
