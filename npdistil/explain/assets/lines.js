// Lines from the tokens that look to those that are looked at.

const LONG = 40; // tokens; longer texts get tighter rows, and one view at a time
const pitchOf = (count) => (count > LONG ? 15 : 26);

function makeLines() {
  const figure = byId("lines");
  const [from, canvas, to] = figure.querySelector(".lines-body").children;
  const columnsOf = { from, to };

  const build = () => {
    const { rows, columns } = shown();
    const pitch = pitchOf(Math.max(rows.length, columns.length));
    figure.classList.toggle("tight", pitch < 20);
    for (const [side, places] of [["from", rows], ["to", columns]]) {
      columnsOf[side].style.setProperty("--pitch", `${pitch}px`);
      columnsOf[side].replaceChildren(...places.map((place) => tokenButton(place, side)));
      if (places.length) columnsOf[side].firstChild.tabIndex = 0;
    }
  };

  const draw = () => {
    if (state.view === "matrix") return;
    const { rows, columns } = shown();
    const pitch = pitchOf(Math.max(rows.length, columns.length));
    const width = Math.max(80, figure.clientWidth - from.offsetWidth - to.offsetWidth);
    const height = pitch * Math.max(rows.length, columns.length, 1);
    const context = sized(canvas, width, height);
    const map = recorded.map(state.layer, state.head);
    const now = active();
    const least = leastByte();
    const [ground, accent] = ["--ground", "--accent"].map((name) => channels(property(name)));
    // Those in the background all have one colour, so that many of them do not add up.
    const faint = rgb(between([ground, accent], 0.16));
    context.lineCap = "round";
    const line = (y, z, byte, strong) => {
      const p = byte / 255;
      context.strokeStyle = strong ? rgb(accent) : faint;
      context.globalAlpha = strong ? 0.12 + 0.88 * Math.sqrt(p) : 1;
      context.lineWidth = 0.6 + 5.4 * p;
      context.beginPath();
      context.moveTo(3, y);
      context.bezierCurveTo(width * 0.4, y, width * 0.6, z, width - 3, z);
      context.stroke();
    };
    const middle = (i) => (i + 0.5) * pitch;
    const pass = (chosen, strong) => rows.forEach((row, i) => columns.forEach((column, j) => {
      const byte = map[row * recorded.length + column];
      if (byte < least) return;
      const mine = now && (now.side === "from" ? now.index === row : now.index === column);
      if (Boolean(mine) === chosen) line(middle(i), middle(j), byte, strong);
    }));
    pass(false, !now);
    if (now) pass(true, true);
  };

  const mark = () => {
    markTokens(from, "from");
    markTokens(to, "to");
    const now = active();
    const { bytes, others } = now ? sharesOf(now) : { bytes: [], others: [] };
    const sides = new Set(others);
    const least = leastByte();
    for (const side of ["from", "to"]) {
      for (const button of columnsOf[side].children) {
        const place = Number(button.dataset.place);
        const met = now && side !== now.side && sides.has(place) && bytes[place] >= least;
        button.classList.toggle("met", Boolean(met));
        button.classList.toggle("dim", Boolean(now) && !met && !same(now, { side, index: place }));
      }
    }
  };
  roving(from, ".token");
  roving(to, ".token");
  const filters = ["hideSpecial", "part"];
  watch(filters, build);
  watch([...filters, "layer", "head", "threshold", "hover", "pinned"], mark);
  watch([...filters, "layer", "head", "threshold", "hover", "pinned", "view", "theme", "width"], draw);
}
