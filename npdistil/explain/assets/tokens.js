// Tokens as buttons to point at and to pin, the text's way to them, and the text as it is read.

/** Makes an element show and pin a token of one side. */
function pointing(button, side, index) {
  button.addEventListener("pointerenter", () => choose({ hover: { side, index } }));
  button.addEventListener("pointerleave", () => choose({ hover: null }));
  button.addEventListener("focus", () => choose({ hover: { side, index } }));
  button.addEventListener("blur", () => choose({ hover: null }));
  button.addEventListener("click", () => pin(side, index));
  return button;
}

/** A button for a token: its piece, and a second line of its own. */
function tokenButton(place, side) {
  const token = recorded.tokens[place];
  const kind = token.special ? " special" : recorded.isPair ? ` type-${token.type}` : "";
  const button = element("button", {
    type: "button",
    class: `token${kind}`,
    "data-place": place,
    "aria-pressed": "false",
    tabindex: "-1",
    title: `${named(token, place)}, id ${token.id}`,
  }, element("span", { class: "piece" }, token.piece));
  return pointing(button, side, place);
}

/** Marks the pinned and the active one among the tokens of a side. */
function markTokens(group, side) {
  const now = active();
  for (const button of group.querySelectorAll(".token")) {
    const place = { side, index: Number(button.dataset.place) };
    button.setAttribute("aria-pressed", String(same(state.pinned, place)));
    button.classList.toggle("active", same(now, place));
  }
}

const STEP_NAMES = {
  given: ["Given", "the characters as they came"],
  cleaned: ["Cleaned", "control characters away, every white space a blank"],
  ideographs: ["Ideographs", "blanks around each Chinese character"],
  accents: ["Accents", "marks above and below letters taken off"],
  lower: ["Lower case", "capitals made small"],
};

function stepRow(title, note, ...content) {
  return element("li", { class: "step" },
    element("div", { class: "step-name" }, element("strong", {}, title), element("span", {}, note)),
    element("div", { class: "step-body" }, ...content));
}

/** A step in one line where it does nothing; else the whole text behind it. */
function stepOfText(step) {
  const [title, note] = STEP_NAMES[step.name];
  if (step.name !== "given" && !(step.used && step.changed)) {
    const why = step.used ? "changes nothing here" : "not done by this tokenizer";
    return element("li", { class: "step idle" }, element("strong", {}, title), `${note}: ${why}`);
  }
  return stepRow(title, note, element("bdi", { class: "characters" }, step.text));
}

/** A word over its pieces, over their ids. */
function wordBox(word) {
  const pieces = word.pieces.map((piece, i) => element("span", { class: "cut" },
    element("span", { class: "piece" }, piece),
    element("span", { class: "id" }, String(word.ids[i]))));
  return element("span", { class: word.pieces.length > 1 ? "word several" : "word" },
    element("span", { class: "whole" }, word.text), element("span", { class: "cuts" }, ...pieces));
}

function drawSteps() {
  const rows = [];
  recorded.data.ways.forEach((way, number) => {
    if (recorded.isPair) {
      rows.push(element("li", { class: `step-title type-${number}` },
        `Sentence ${"AB"[number]}`));
    }
    rows.push(...way.steps.map(stepOfText));
    const cut = way.cut ? [element("p", { class: "note" },
      `Left out here: ${way.cut} more, as this page shows ${recorded.length} tokens.`)] : [];
    rows.push(stepRow("Words, pieces, ids", "each word, what it is cut into, rows of the table",
      element("div", { class: "words" }, ...way.words.map(wordBox)), ...cut));
  });
  const ends = recorded.tokens.map((token, place) => element("span", {
    class: token.special ? "cut special" : `cut type-${recorded.isPair ? token.type : ""}`,
  }, element("span", { class: "place" }, String(place)),
  element("span", { class: "piece" }, token.piece),
  element("span", { class: "id" }, String(token.id))));
  const types = recorded.isPair && recorded.data.token_types
    ? " The model adds a vector for the first sentence or the second." : "";
  rows.push(stepRow("What the model gets", `special tokens put around; places from 0.${types}`,
    element("div", { class: "cuts" }, ...ends)));
  byId("steps").replaceChildren(...rows);
}

/** The text as it is read, each token shaded by its share with the active one. */
function makeReading() {
  const group = byId("reading");
  const build = () => {
    const { rows, columns } = shown();
    const places = [...new Set([...rows, ...columns])].sort((a, b) => a - b);
    group.replaceChildren(...places.map((place) => {
      const button = tokenButton(place, "from");
      button.append(element("span", { class: "under" }));
      return button;
    }));
    if (group.firstChild) group.firstChild.tabIndex = 0;
  };
  const paint = () => {
    const now = told();
    const { bytes, others } = sharesOf(now);
    const sides = new Set(others);
    for (const button of group.children) {
      const place = Number(button.dataset.place);
      const byte = sides.has(place) ? bytes[place] : 0;
      const colour = scales.share[byte];
      button.style.backgroundColor = byte ? rgb(colour) : "";
      button.style.color = byte ? inkOn(colour) : "";
      button.lastChild.textContent = share(byte / 255) || "\u00a0";
      button.classList.toggle("told", now.index === place);
    }
    markTokens(group, "from");
  };
  roving(group, ".token");
  watch(["hideSpecial", "part"], build);
  watch(["hideSpecial", "part", "hover", "pinned", "token", "layer", "head", "theme"],
    paint);
}
