// One head for one token with its numbers: query . key, softmax, weighted sum of values.

const SOME = 13; // tokens; tables of longer texts show FEW rows, unless all are asked for
const FEW = 8;

/** All that a token's row of a head is computed from; see npdistil/explain/record.py. */
function worked(layer, head, token) {
  const { length, size } = recorded;
  const every = (which) => Array.from({ length }, (_, at) => recorded.vector(which, layer, head, at));
  const query = recorded.vector(0, layer, head, token);
  const [keys, values] = [every(1), every(2)];
  const products = keys.map((key) => key.reduce((sum, x, i) => sum + x * query[i], 0));
  const scores = products.map((product) => product / Math.sqrt(size));
  const most = Math.max(...scores);
  const exps = scores.map((score) => Math.exp(score - most));
  const sum = exps.reduce((a, b) => a + b, 0);
  const probs = exps.map((exp) => exp / sum);
  const context = query.map((_, i) => values.reduce((all, value, at) => all + probs[at] * value[i], 0));
  return { query, keys, values, products, scores, most, exps, sum, probs, context };
}

const largest = (numbers) => numbers.reduce((best, x, i) => (x > numbers[best] ? i : best), 0);
const cell = (text, kind = "number") => element("td", { class: kind }, text);
const headings = (names) => element("tr", {}, ...names.map((name, i) => element("th", {
  scope: "col", class: i ? "number" : "",
}, name)));

/** A number in a box whose tint says its sign and size; the sign is written too. */
function tinted(value, most, tag = "span", attributes = {}) {
  const strength = most ? Math.round(45 * Math.min(1, Math.abs(value) / most)) : 0;
  return element(tag, {
    ...attributes,
    class: `tinted ${value < 0 ? "minus" : "plus"} ${attributes.class ?? ""}`,
    style: { "--strength": `${strength}%` },
  }, fixed(value));
}

function drawProducts(work, token, key) {
  const { query, keys } = work;
  const terms = query.map((x, i) => x * keys[key][i]);
  const most = Math.max(...terms.map(Math.abs));
  const first = state.head * recorded.size;
  const columns = query.map((x, i) => element("div", { class: "term" },
    element("span", { class: "at" }, String(first + i)), element("span", {}, fixed(x)),
    element("span", {}, fixed(keys[key][i])), tinted(terms[i], most)));
  const key0 = element("div", { class: "term names", "aria-hidden": "true" },
    element("span", { class: "at" }, "feature"), element("span", {}, "query"),
    element("span", {}, "key"), element("span", {}, "product"));
  const root = Math.sqrt(recorded.size);
  byId("products").replaceChildren(
    element("h3", {}, "1. Query times key"),
    element("p", {}, "The query of ", tokenName(token), " and the key of ", tokenName(key),
      ", number by number. What the tokens ask and offer is learned; what fits together gives large "
      + "products."),
    element("div", { class: "terms" }, key0, ...columns),
    element("p", { class: "sum" }, "Sum of the products: ",
      element("strong", {}, fixed(work.products[key], 3)),
      `. Divided by \u221a${recorded.size} = ${root.toFixed(3)}: score `,
      element("strong", {}, fixed(work.scores[key], 3)), "."));
}

const tokenName = (place) => element("span", { class: "name" }, recorded.tokens[place].piece);

/** Places in the order of their shares; as many as are asked for. */
function ranked(probs) {
  const places = probs.map((_, place) => place).sort((a, b) => probs[b] - probs[a] || a - b);
  const shownRows = state.allRows || recorded.length < SOME ? places : places.slice(0, FEW);
  return [shownRows, places.slice(shownRows.length)];
}

const total = (numbers, places) => places.reduce((sum, place) => sum + numbers[place], 0);

function rowsButton() {
  if (recorded.length < SOME) return "";
  return element("button", {
    type: "button", class: "more", "aria-expanded": String(state.allRows),
    onclick: () => choose({ allRows: !state.allRows }),
  }, state.allRows ? "Fewer rows" : `All ${recorded.length} rows`);
}

function drawSoftmax(work, key) {
  const [rows, rest] = ranked(work.probs);
  const row = (place) => element("tr", { class: place === key ? "chosen" : "" },
    element("th", { scope: "row" }, element("button", {
      type: "button", class: "pick", "aria-pressed": String(place === key),
      title: `Write out the product with ${named(recorded.tokens[place], place)}`,
      onclick: () => choose({ key: place }),
    }, recorded.tokens[place].piece)),
    cell(fixed(work.products[place])), cell(fixed(work.scores[place])),
    cell(fixed(work.scores[place] - work.most)), cell(work.exps[place].toFixed(3)),
    cell(work.probs[place].toFixed(3)));
  const others = rest.length ? [element("tr", { class: "rest" },
    element("th", { scope: "row" }, `${rest.length} others`), cell(""), cell(""), cell(""),
    cell(total(work.exps, rest).toFixed(3)), cell(total(work.probs, rest).toFixed(3)))] : [];
  const table = element("table", {},
    element("thead", {}, headings(["key of", "q \u00b7 k", "score", "\u2212 max", "exp", "share"])),
    element("tbody", {}, ...rows.map(row), ...others),
    element("tfoot", {}, element("tr", {}, element("th", { scope: "row" }, "sum"), cell(""), cell(""),
      cell(""), cell(work.sum.toFixed(3)), cell("1.000"))));
  byId("softmax").replaceChildren(
    element("h3", {}, "2. Softmax: scores to shares"),
    element("p", {}, "The largest score, ", element("strong", {}, fixed(work.most, 3)),
      ", is taken off, so that no exp can overflow; each exp divided by their sum is a share."),
    scrolling("Table of scores and shares", table),
    element("p", { class: "sum" }, "Share of ", tokenName(key),
      `: ${work.exps[key].toFixed(3)} / ${work.sum.toFixed(3)} = `,
      element("strong", {}, work.probs[key].toFixed(3)), "."),
    rowsButton());
}

function drawMixture(work, token, feature) {
  const [rows, rest] = ranked(work.probs);
  const most = Math.max(...work.context.map(Math.abs));
  const first = state.head * recorded.size;
  const part = work.values.map((value, at) => value[feature] * work.probs[at]);
  const row = (place) => element("tr", {},
    element("th", { scope: "row" }, recorded.tokens[place].piece),
    cell(work.probs[place].toFixed(3)), cell(fixed(work.values[place][feature], 3)),
    cell(fixed(part[place], 3)));
  const others = rest.length ? [element("tr", { class: "rest" },
    element("th", { scope: "row" }, `${rest.length} others`),
    cell(total(work.probs, rest).toFixed(3)), cell(""), cell(fixed(total(part, rest), 3)))] : [];
  const boxes = work.context.map((value, i) => tinted(value, most, "button", {
    type: "button", class: "feature", tabindex: i === feature ? "0" : "-1",
    "aria-pressed": String(i === feature), "aria-label": `Feature ${first + i}: ${fixed(value)}`,
    onclick: () => choose({ feature: i }),
  }));
  const strip = element("div", { class: "strip", role: "group", "aria-label": "Features" }, ...boxes);
  roving(strip, ".feature");
  byId("mixture").replaceChildren(
    element("h3", {}, "3. Values, mixed by the shares"),
    element("p", {}, "What the head hands over for ", tokenName(token),
      `, features ${first} to ${first + recorded.size - 1}. Choose one to see its sum.`),
    strip,
    scrolling("Table of the weighted sum", element("table", {},
      element("thead", {}, headings(["value of", "share", `feature ${first + feature}`, "product"])),
      element("tbody", {}, ...rows.map(row), ...others),
      element("tfoot", {}, element("tr", {}, element("th", { scope: "row" }, "sum"), cell("1.000"),
        cell(""), cell(fixed(work.context[feature], 3)))))));
}

/** What to say of a head whose vectors the page does not carry, with those that it has. */
function drawMissing() {
  const buttons = recorded.data.arithmetic.heads.map(([layer, head]) => element("button", {
    type: "button", onclick: () => chooseHead(layer, head),
  }, `layer ${layer}, head ${head}`));
  byId("products").replaceChildren(
    element("p", {}, "A page of a text this long has no room for every head's numbers. It has these:"),
    element("div", { class: "offered" }, ...buttons));
}

function makeArithmetic() {
  watch(["layer", "head", "token", "key", "feature", "allRows"], () => {
    const { layer, head, token } = state;
    byId("arithmetic-lead").replaceChildren("Layer ", String(layer), ", head ", String(head),
      ", for ", tokenName(token), `: ${recorded.size} of ${recorded.data.hidden_size} features of each `
      + "vector belong to this head.");
    const has = recorded.hasArithmetic(layer, head);
    byId("softmax").hidden = !has;
    byId("mixture").hidden = !has;
    if (!has) {
      drawMissing();
      return;
    }
    const work = worked(layer, head, token);
    const key = state.key ?? largest(work.probs);
    const feature = state.feature ?? largest(work.context.map(Math.abs));
    const held = document.activeElement?.closest?.(".strip, .pick") ? document.activeElement : null;
    const wasStrip = held?.classList.contains("feature");
    drawProducts(work, token, key);
    drawSoftmax(work, key);
    drawMixture(work, token, feature);
    // The pressed button was replaced; the keyboard stays where it was.
    if (wasStrip) byId("mixture").querySelector('.feature[aria-pressed="true"]').focus();
    else if (held) byId("softmax").querySelector('.pick[aria-pressed="true"]')?.focus();
  });
}
