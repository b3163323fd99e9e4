// A head's map as a matrix. Pointing moves two frames over it; the cells are drawn once.

const CELL = { least: 11, most: 46, written: 30, few: 4 };
const MANY = 200; // tokens; beyond, cells shrink and labels thin out

function makeMatrix() {
  const figure = byId("matrix");
  const scroll = figure.querySelector(".scroll");
  const [columnLabels, rowLabels, canvas, rowMark, columnMark] = figure.querySelector(
    ".matrix-body").children;
  let cell = CELL.most;
  let places = { rows: [], columns: [] };
  let side = 0; // width of the labels

  const label = (place, i, step) => element("span", {
    class: recorded.tokens[place].special ? "label special" : "label",
    "data-place": place,
    style: { "--at": `${i * cell}px`, "--cell": `${cell * step}px` },
  }, recorded.tokens[place].piece);

  const draw = () => {
    if (state.view === "lines") return;
    places = shown();
    const { rows, columns } = places;
    const count = Math.max(rows.length, columns.length, 1);
    const letters = Math.max(...[...rows, ...columns].map(
      (place) => recorded.tokens[place].piece.length), 3);
    side = Math.min(104, Math.max(44, 8 * letters + 14));
    const room = scroll.clientWidth - side - 4;
    const least = count > MANY ? CELL.few : CELL.least;
    cell = Math.max(least, Math.min(CELL.most, Math.floor(room / Math.max(columns.length, 1))));
    const step = Math.ceil(CELL.least / cell);
    const body = canvas.parentElement;
    body.style.setProperty("--side", `${side}px`);
    body.style.setProperty("--letter", cell < 16 ? "10.5px" : "12.5px");
    body.style.width = `${side + cell * columns.length}px`;
    body.style.height = `${side + cell * rows.length}px`;
    const kept = (_, i) => i % step === 0;
    rowLabels.replaceChildren(...rows.filter(kept).map((at, i) => label(at, i * step, step)));
    columnLabels.replaceChildren(...columns.filter(kept).map((at, i) => label(at, i * step, step)));

    const map = recorded.map(state.layer, state.head);
    const context = sized(canvas, Math.max(1, cell * columns.length), Math.max(1, cell * rows.length));
    if (!rows.length || !columns.length) return;
    const bytes = new Uint8Array(rows.length * columns.length);
    rows.forEach((row, i) => columns.forEach((column, j) => {
      bytes[i * columns.length + j] = map[row * recorded.length + column];
    }));
    const cut = leastByte();
    const image = picture(bytes, columns.length, rows.length, scales.share, cut);
    context.fillStyle = rgb(scales.share[0]);
    context.fillRect(0, 0, cell * columns.length, cell * rows.length);
    stretch(context, image, 0, 0, cell * columns.length, cell * rows.length);
    if (cell >= 16) lattice(context, rows.length, columns.length);
    if (cell >= CELL.written) write(context, bytes, columns.length, cut);
  };

  const lattice = (context, height, width) => {
    context.strokeStyle = property("--ground");
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 1; i < height; i += 1) {
      context.moveTo(0, i * cell);
      context.lineTo(width * cell, i * cell);
    }
    for (let j = 1; j < width; j += 1) {
      context.moveTo(j * cell, 0);
      context.lineTo(j * cell, height * cell);
    }
    context.stroke();
  };

  const write = (context, bytes, width, cut) => {
    context.font = `12px ${property("--sans")}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    bytes.forEach((byte, at) => {
      if (byte < cut) return;
      context.fillStyle = inkOn(scales.share[byte]);
      context.fillText(share(byte / 255), (at % width + 0.5) * cell,
        (Math.floor(at / width) + 0.5) * cell);
    });
  };

  const frame = (node, at, across) => {
    node.hidden = at < 0;
    if (at >= 0) node.style.setProperty(across ? "--y" : "--x", `${at * cell}px`);
    node.style.setProperty("--cell", `${cell}px`);
  };
  const mark = () => {
    const now = active();
    const row = now && now.side === "from" ? places.rows.indexOf(now.index) : -1;
    const column = now && now.side === "to" ? places.columns.indexOf(now.index) : -1;
    frame(rowMark, row, true);
    frame(columnMark, column, false);
    for (const node of rowLabels.children) {
      node.classList.toggle("active", Number(node.dataset.place) === places.rows[row]);
    }
    for (const node of columnLabels.children) {
      node.classList.toggle("active", Number(node.dataset.place) === places.columns[column]);
    }
  };

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const row = places.rows[Math.floor((event.clientY - box.top) / cell)];
    const column = places.columns[Math.floor((event.clientX - box.left) / cell)];
    return [row, column];
  };
  canvas.addEventListener("pointermove", (event) => {
    const [row, column] = at(event);
    if (row === undefined || column === undefined) return;
    choose({ hover: { side: "from", index: row } });
    const p = recorded.map(state.layer, state.head)[row * recorded.length + column] / 255;
    tip(event, `${named(recorded.tokens[row], row)} \u2192 ${
      named(recorded.tokens[column], column)}: ${p.toFixed(2)}`);
  });
  canvas.addEventListener("pointerleave", (event) => {
    tip(event, "");
    choose({ hover: null });
  });
  canvas.addEventListener("click", (event) => {
    const [row] = at(event);
    if (row !== undefined) pin("from", row);
  });
  for (const [labels, which] of [[rowLabels, "from"], [columnLabels, "to"]]) {
    const place = (event) => event.target.closest(".label")?.dataset.place;
    labels.addEventListener("pointerover", (event) => {
      const found = place(event);
      choose({ hover: found === undefined ? null : { side: which, index: Number(found) } });
    });
    labels.addEventListener("pointerleave", () => choose({ hover: null }));
    labels.addEventListener("click", (event) => {
      const found = place(event);
      if (found !== undefined) pin(which, Number(found));
    });
  }
  watch(["layer", "head", "hideSpecial", "part", "threshold", "view", "theme", "width"], draw);
  watch(["layer", "head", "hideSpecial", "part", "view", "hover", "pinned", "width"], mark);
}
