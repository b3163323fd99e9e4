// The grid of all heads, and what can be said of the one that is open.

const GRID = { label: 26, gap: 3, least: 22, most: 52 };

/** A map's chosen rows and columns, made no larger than `most` pixels: each has the largest share. */
function thumbnail(map, rows, columns, most) {
  const height = Math.min(rows.length, most);
  const width = Math.min(columns.length, most);
  const bytes = new Uint8Array(width * height);
  rows.forEach((row, i) => {
    const y = Math.floor(i * height / rows.length);
    columns.forEach((column, j) => {
      const at = y * width + Math.floor(j * width / columns.length);
      bytes[at] = Math.max(bytes[at], map[row * recorded.length + column]);
    });
  });
  return [bytes, width, height];
}

function makeHeadGrid() {
  const grid = byId("head-grid");
  const canvas = element("canvas", { "aria-hidden": "true" });
  const buttons = [];
  for (let layer = 0; layer < recorded.layers; layer += 1) {
    for (let head = 0; head < recorded.heads; head += 1) {
      buttons.push(element("button", {
        type: "button", role: "radio", class: "cell", tabindex: "-1", "aria-checked": "false",
        "aria-label": `Layer ${layer}, head ${head}`, title: `Layer ${layer}, head ${head}`,
        onclick: () => chooseHead(layer, head),
      }));
    }
  }
  const numbers = (count, kind) => Array.from({ length: count }, (_, i) => element("span", {
    class: kind, "aria-hidden": "true" }, String(i)));
  const labels = [...numbers(recorded.heads, "at-top"), ...numbers(recorded.layers, "at-left")];
  grid.append(canvas, ...labels, ...buttons);

  const draw = () => {
    const room = grid.clientWidth - GRID.label;
    const pitch = Math.max(GRID.least, Math.min(GRID.most, Math.floor(room / recorded.heads)));
    const cell = pitch - GRID.gap;
    const place = (node, x, y, width, height) => {
      node.style.cssText = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
    };
    const width = GRID.label + pitch * recorded.heads;
    const height = GRID.label + pitch * recorded.layers;
    grid.style.height = `${height}px`;
    labels.forEach((label, i) => {
      const across = i < recorded.heads;
      const at = GRID.label + pitch * (across ? i : i - recorded.heads);
      if (across) place(label, at, 0, cell, GRID.label);
      else place(label, 0, at, GRID.label - 6, cell);
    });
    const context = sized(canvas, width, height);
    const { rows, columns } = shown();
    const most = Math.round(cell * Math.max(2, window.devicePixelRatio || 1));
    buttons.forEach((button, i) => {
      const layer = Math.floor(i / recorded.heads);
      const head = i % recorded.heads;
      const x = GRID.label + pitch * head;
      const y = GRID.label + pitch * layer;
      place(button, x, y, cell, cell);
      context.fillStyle = rgb(scales.share[0]);
      context.fillRect(x, y, cell, cell);
      if (rows.length && columns.length) {
        const [bytes, w, h] = thumbnail(recorded.map(layer, head), rows, columns, most);
        stretch(context, picture(bytes, w, h, scales.share), x, y, cell, cell);
      }
    });
  };
  const mark = () => {
    buttons.forEach((button, i) => {
      const open = i === state.layer * recorded.heads + state.head;
      button.setAttribute("aria-checked", String(open));
      button.tabIndex = open ? 0 : -1;
    });
  };
  roving(grid, ".cell", () => recorded.heads);
  // As in any group of radio buttons, moving chooses.
  grid.addEventListener("focusin", (event) => {
    const i = buttons.indexOf(event.target);
    if (i >= 0 && event.target.matches(":focus-visible")) {
      chooseHead(Math.floor(i / recorded.heads), i % recorded.heads);
    }
  });
  watch(["theme", "hideSpecial", "part", "width"], draw);
  watch(["layer", "head"], mark);
}

/** Mean share of some places of a map, one or more columns for each row. */
function meanShare(map, columnsOf) {
  const { length } = recorded;
  let sum = 0;
  let rows = 0;
  for (let row = 0; row < length; row += 1) {
    const columns = columnsOf(row).filter((column) => column >= 0 && column < length);
    if (!columns.length) continue;
    rows += 1;
    for (const column of columns) sum += map[row * length + column] / 255;
  }
  return rows ? sum / rows : null;
}

/** What the rows of a head have in common, as names and mean shares. */
function habits(map) {
  const { tokens } = recorded;
  const specials = new Map();
  tokens.forEach((token, place) => {
    if (token.special) specials.set(token.piece, [...(specials.get(token.piece) ?? []), place]);
  });
  const others = (row) => tokens.map((_, place) => place).filter((place) => (
    tokens[place].type !== tokens[row].type && !tokens[place].special));
  return [
    ...[...specials].map(([piece, places]) => [piece, meanShare(map, () => places)]),
    ["itself", meanShare(map, (row) => [row])],
    ["the token before", meanShare(map, (row) => [row - 1])],
    ["the token after", meanShare(map, (row) => [row + 1])],
    ...(recorded.isPair ? [["the other sentence", meanShare(map, others)]] : []),
  ].filter(([, value]) => value !== null);
}

function makeHeadFacts() {
  watch(["layer", "head"], () => {
    const { layer, head } = state;
    const entropy = recorded.data.entropy[layer][head];
    const wide = Math.exp(entropy);
    const rows = habits(recorded.map(layer, head));
    byId("head-facts").replaceChildren(
      element("h3", {}, `Layer ${layer}, head ${head}`),
      element("p", { class: "quiet" }, "Where its tokens look, on the average:"),
      bars(rows.map(([name, value]) => ({ name, value: value.toFixed(2), width: value }))),
      element("p", {}, `Entropy ${entropy.toFixed(2)} nats: as wide as looking at `
        + `${wide.toFixed(1)} of ${recorded.length} tokens alike.`),
      element("p", { class: "quiet hint" }, "Click a map to open its head. On the keyboard, the arrows "
        + "go from head to head."));
  });
}
