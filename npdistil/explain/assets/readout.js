// The filters, and the shares of the active token in words and numbers.

const PARTS = [["all", "All"], ["AB", "A \u2192 B"], ["BA", "B \u2192 A"], ["AA", "A \u2192 A"],
  ["BB", "B \u2192 B"]];
const VIEWS = [["both", "Both"], ["lines", "Lines"], ["matrix", "Matrix"]];
const MOST = 10; // rows of the readout

/** Radio buttons that look like one bar. */
function segments(fieldset, name, choices) {
  fieldset.append(...choices.map(([value, text]) => element("label", {},
    element("input", {
      type: "radio", name, value, checked: state[name] === value,
      onchange: () => choose({ [name]: value, ...(name === "part" ? { hover: null, pinned: null } : {}) }),
    }), element("span", {}, text))));
}

function makeFilters() {
  segments(byId("choose-view"), "view", VIEWS);
  if (recorded.isPair) {
    segments(byId("choose-part"), "part", PARTS);
    byId("choose-part").hidden = false;
  }
  const threshold = byId("threshold");
  threshold.value = state.threshold;
  threshold.addEventListener("input", () => choose({ threshold: Number(threshold.value) }));
  const hide = byId("hide-special");
  hide.checked = state.hideSpecial;
  hide.addEventListener("change", () => choose({ hideSpecial: hide.checked, hover: null, pinned: null }));
  const names = new Set(recorded.tokens.filter((token) => token.special).map((token) => token.piece));
  byId("special-names").textContent = [...names].join(" ");
  hide.closest("label").hidden = names.size === 0;
  watch(["threshold"], () => { byId("threshold-value").textContent = state.threshold.toFixed(2); });
  watch(["hideSpecial", "part", "layer", "head"], () => {
    const { rows, columns } = shown();
    const map = recorded.map(state.layer, state.head);
    let seen = 0;
    for (const row of rows) {
      for (const column of columns) seen += map[row * recorded.length + column] / 255;
    }
    const left = rows.length ? seen / rows.length : 0;
    const note = byId("filter-note");
    note.hidden = !state.hideSpecial && state.part === "all";
    note.textContent = rows.length && columns.length
      ? `Of each row's 1, ${left.toFixed(2)} on the average is on the tokens that are left here.`
      : "No token is left: choose other sentences, or show the special tokens.";
  });
  watch(["view"], () => { byId("stage").dataset.view = state.view; });
}

function makeReadout() {
  watch(["layer", "head", "hideSpecial", "part", "hover", "pinned", "token"], () => {
    const panel = byId("readout");
    const now = told();
    const { bytes, others } = sharesOf(now);
    const best = others.filter((place) => share(bytes[place] / 255))
      .sort((a, b) => bytes[b] - bytes[a] || a - b);
    const top = best.slice(0, MOST);
    const rest = others.filter((place) => bytes[place] && !top.includes(place));
    const left = rest.reduce((sum, place) => sum + bytes[place] / 255, 0);
    const name = recorded.tokens[now.index].piece;
    const rows = top.map((place) => ({
      name: recorded.tokens[place].piece,
      value: (bytes[place] / 255).toFixed(2),
      width: bytes[place] / 255,
    }));
    const title = now.side === "from" ? `${name} looks at` : `${name} is looked at by`;
    panel.replaceChildren(
      element("h3", {}, title, ...(state.pinned ? [element("span", { class: "badge" }, "pinned")] : [])),
      bars(rows),
      element("p", { class: "quiet" }, left >= 0.005 && now.side === "from"
        ? `and ${left.toFixed(2)} at ${rest.length} more`
        : top.length ? "" : "No share here rounds to 0.01."));
  });
  watch(["pinned", "layer", "head"], () => {
    const where = `Layer ${state.layer}, head ${state.head}. `;
    const held = state.pinned;
    byId("status").textContent = where + (held
      ? `Pinned: ${named(recorded.tokens[held.index], held.index)}.` : "No token is pinned.");
  });
}
