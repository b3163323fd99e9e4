// What a model's head says: scores of the text or of tokens, and the lens of masked-word heads.

function drawScores() {
  const { head_scores: whole, token_scores: each } = recorded.data;
  const list = (labels) => bars(labels.map(({ label, score }) => ({
    name: label, value: score.toFixed(3), width: Math.min(1, Math.max(0, score)),
  })));
  const parts = [];
  if (whole) parts.push(element("h3", {}, "Scores of the text"), list(whole));
  if (each) {
    parts.push(element("h3", {}, "Scores of ", tokenName(state.token)), list(each[state.token]));
  }
  byId("scores").replaceChildren(...parts);
}

function drawLens() {
  const rows = recorded.data.lens.map((tokens, depth) => element("tr", {},
    element("th", { scope: "row" }, recorded.depth(depth)),
    ...tokens[state.token].map(({ label, score }) => element("td", {},
      element("span", { class: "name" }, label), ` ${score.toFixed(2)}`))));
  byId("lens").replaceChildren(
    element("h3", {}, "The lens at ", tokenName(state.token)),
    element("p", { class: "quiet" }, "Words that the head for masked words reads in the vectors "
      + "behind each layer. It was fitted to the last one; earlier rows are hints."),
    scrolling("Table of words for each layer", element("table", { class: "lens" },
      element("tbody", {}, ...rows))));
}

function makeAnswers() {
  const { lens, head_scores: whole, token_scores: each } = recorded.data;
  if (!lens && !whole && !each) return;
  byId("predictions").hidden = false;
  document.querySelector('.toc a[href="#predictions"]').parentElement.hidden = false;
  if (whole || each) {
    byId("scores").hidden = false;
    watch(["token"], drawScores);
  }
  if (lens) {
    byId("lens").hidden = false;
    watch(["token"], drawLens);
  }
}
