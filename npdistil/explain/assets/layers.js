// How tokens change from layer to layer: lengths, similarities, entropy of heads, rollout.

const CHART = { height: 300, left: 44, right: 14, top: 12, bottom: 34 };
const NEAREST = 4;

/** Round steps for an axis from 0 to `most`: about four. */
function ticks(most) {
  const rough = most / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((n) => n * power >= rough) * power;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

function drawNorms() {
  const chart = byId("norms").querySelector(".chart");
  const { norms } = recorded.data;
  const width = Math.max(240, chart.clientWidth);
  const { height, left, right, top, bottom } = CHART;
  const most = Math.max(...norms.flat()) * 1.05;
  const x = (depth) => left + (width - left - right) * depth / (norms.length - 1);
  const y = (norm) => height - bottom - (height - top - bottom) * norm / most;
  const chart0 = drawn("svg", {
    width, height, role: "img",
    "aria-label": `Length of ${recorded.tokens[state.token].piece} behind each layer: ${
      norms.map((row) => row[state.token].toFixed(1)).join(", ")}`,
  });
  for (const tick of ticks(most)) {
    chart0.append(drawn("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      drawn("text", { class: "tick", x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, String(tick)));
  }
  norms.forEach((_, depth) => {
    const narrow = width < 60 * norms.length;
    const text = depth === 0 ? (narrow ? "emb." : "embeddings") : String(depth - 1);
    chart0.append(drawn("text", {
      class: "tick", x: depth ? x(depth) : left - 8, y: height - 12,
      "text-anchor": depth ? "middle" : "start",
    }, text));
  });
  const path = (token) => norms.map((row, depth) => (
    `${depth ? "L" : "M"}${x(depth).toFixed(1)} ${y(row[token]).toFixed(1)}`)).join("");
  recorded.tokens.forEach((token, place) => chart0.append(drawn("path", {
    class: token.special ? "run special" : "run", d: path(place) })));
  chart0.append(drawn("path", { class: "run chosen", d: path(state.token) }));
  norms.forEach((row, depth) => chart0.append(drawn("circle", {
    class: "dot", cx: x(depth), cy: y(row[state.token]), r: 3.5,
  }, drawn("title", {}, `${recorded.depth(depth)}: ${row[state.token].toFixed(2)}`))));
  chart.replaceChildren(chart0, element("p", { class: "quiet" }, "The thick line is ",
    tokenName(state.token), `: ${norms.map((row) => row[state.token].toFixed(1)).join(", ")}.`));
}

function drawNearest() {
  const { length, layers } = recorded;
  const rows = [];
  for (let depth = 0; depth <= layers; depth += 1) {
    const bytes = recorded.cosines(depth).subarray(state.token * length, (state.token + 1) * length);
    const best = [...bytes.keys()].filter((place) => place !== state.token)
      .sort((a, b) => bytes[b] - bytes[a] || a - b).slice(0, NEAREST);
    rows.push(element("tr", {}, element("th", { scope: "row" }, recorded.depth(depth)),
      element("td", {}, ...best.map((place) => element("span", { class: "near" },
        tokenName(place), ` ${fixed(bytes[place] / 127.5 - 1)}`)))));
  }
  byId("nearest").replaceChildren(
    element("h3", {}, "Nearest to ", tokenName(state.token)),
    element("p", { class: "quiet" }, "by the cosine of their vectors, 1 for the same direction"),
    scrolling("Table of the nearest tokens", element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "behind"),
        element("th", { scope: "col" }, "tokens"))),
      element("tbody", {}, ...rows))));
}

function makeSimilarity() {
  const places = Array.from({ length: recorded.layers + 1 }, (_, depth) => {
    const canvas = element("canvas", { role: "img", "aria-label": `Cosines: ${recorded.depth(depth)}` });
    const line = element("span", { class: "row-line", "aria-hidden": "true" });
    const box = element("figure", {}, element("div", { class: "square" }, canvas, line),
      element("figcaption", {}, recorded.depth(depth)));
    byId("similarity").append(box);
    canvas.addEventListener("pointermove", (event) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      const place = (offset) => Math.min(recorded.length - 1,
        Math.max(0, Math.floor(offset / width * recorded.length)));
      const [row, column] = [place(event.clientY - top), place(event.clientX - left)];
      const byte = recorded.cosines(depth)[row * recorded.length + column];
      tip(event, `${named(recorded.tokens[row], row)}, ${named(recorded.tokens[column], column)}: ${
        fixed(byte / 127.5 - 1)}`);
    });
    canvas.addEventListener("pointerleave", (event) => tip(event, ""));
    return [canvas, line];
  });
  const draw = () => places.forEach(([canvas], depth) => {
    const side = canvas.parentElement.clientWidth;
    const image = picture(recorded.cosines(depth), recorded.length, recorded.length, scales.cosine);
    stretch(sized(canvas, side, side), image, 0, 0, side, side);
  });
  const mark = () => places.forEach(([, line]) => {
    line.style.top = `${100 * state.token / recorded.length}%`;
    line.style.height = `${100 / recorded.length}%`;
  });
  watch(["theme", "width"], draw);
  watch(["token"], mark);
}

function drawEntropy() {
  const { entropy } = recorded.data;
  const widest = Math.log(recorded.length);
  byId("widest").textContent = widest.toFixed(1);
  const box = (value, layer, head) => {
    const colour = scales.plain[Math.round(255 * Math.min(1, value / widest))];
    return element("td", {}, element("button", {
      type: "button", class: "heat", "aria-label": `Layer ${layer}, head ${head}: ${value.toFixed(2)}`,
      style: { "background-color": rgb(colour), color: inkOn(colour) },
      onclick: () => chooseHead(layer, head),
    }, value.toFixed(1)));
  };
  const table = element("table", { class: "heats" },
    element("thead", {}, element("tr", {}, element("td", {}),
      ...entropy[0].map((_, head) => element("th", { scope: "col" }, String(head))))),
    element("tbody", {}, ...entropy.map((row, layer) => element("tr", {},
      element("th", { scope: "row" }, String(layer)),
      ...row.map((value, head) => box(value, layer, head))))));
  byId("entropy").querySelector(".scroll").replaceChildren(table);
}

function markEntropy() {
  byId("entropy").querySelectorAll(".heat").forEach((button, i) => {
    const open = i === state.layer * recorded.heads + state.head;
    button.setAttribute("aria-pressed", String(open));
    button.tabIndex = open ? 0 : -1;
  });
}

function drawRollout() {
  const { length } = recorded;
  const bytes = recorded.rollout.subarray(state.token * length, (state.token + 1) * length);
  const best = [...bytes.keys()].filter((place) => bytes[place])
    .sort((a, b) => bytes[b] - bytes[a] || a - b);
  const most = Math.max(bytes[best[0]] / 255, 0.01);
  byId("rollout").replaceChildren(
    element("h3", {}, "Rollout of ", tokenName(state.token)),
    element("p", { class: "quiet" }, "How much of each input token would have arrived in its last "
      + "vector, were attention all that mixes tokens. It knows nothing of values and norms."),
    bars(best.slice(0, 8).map((place) => ({
      name: recorded.tokens[place].piece,
      value: (bytes[place] / 255).toFixed(2),
      width: bytes[place] / 255 / most,
    }))));
}

function makeLayers() {
  watch(["token", "width"], drawNorms);
  watch(["token"], drawNearest);
  makeSimilarity();
  watch(["theme"], drawEntropy);
  watch(["theme", "layer", "head"], markEntropy);
  roving(byId("entropy"), ".heat", () => recorded.heads);
  watch(["token"], drawRollout);
}
