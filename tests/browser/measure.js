// What the tests measure of a page as it stands on the screen.

/** Elements that take up room; what is clipped away or hidden does not. */
function seen(selector) {
  return [...document.querySelectorAll(selector)].filter((node) => node.getClientRects().length
    && getComputedStyle(node).visibility !== "hidden" && !node.closest(".unseen"));
}

const label = (node) => `${node.tagName}.${node.getAttribute("class") ?? ""}: ${
  node.textContent.trim().slice(0, 30)}`;

/** Pairs of one kind whose boxes lie over each other by more than half a pixel. */
function overlapping(selector) {
  const boxes = seen(selector).map((node) => [node, node.getBoundingClientRect()]);
  const found = [];
  boxes.forEach(([node, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 0.5 && down > 0.5) found.push(`${label(node)} over ${label(other)}`);
  }));
  return [found, boxes.length];
}

/** Elements whose letters are higher than their box, or smaller than `least` pixels. */
function cramped(selector, least) {
  return seen(selector).filter((node) => {
    const size = Number.parseFloat(getComputedStyle(node).fontSize);
    const upright = getComputedStyle(node).writingMode === "horizontal-tb";
    const box = node.getBoundingClientRect();
    return size < least || (upright ? box.height : box.width) < size;
  }).map(label);
}

/** By how many pixels the page is wider than what shows it, and what sticks out of it. */
function tooWide() {
  const width = document.documentElement.clientWidth;
  const out = [...document.body.querySelectorAll("*")].filter((node) => {
    if (node.closest(".scroll, .head-grid, svg, .unseen, .tip")) return false;
    const box = node.getBoundingClientRect();
    return box.width && box.right > width + 0.5;
  }).map(label);
  return [document.documentElement.scrollWidth - width, out];
}

const paint = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
  .getContext("2d", { willReadFrequently: true });
const known = new Map();

/** Any colour of CSS as red, green, blue, alpha. */
function channelsOf(colour) {
  if (!known.has(colour)) {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    known.set(colour, [...paint.getImageData(0, 0, 1, 1).data]);
  }
  return known.get(colour);
}

/** Relative luminance of WCAG 2. */
function light(channels) {
  const [r, g, b] = channels.slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** What is painted behind an element's text: its own background, else its parents'. */
function behind(node, found) {
  if (!node) return [255, 255, 255, 255];
  if (!found.has(node)) {
    const own = channelsOf(getComputedStyle(node).backgroundColor);
    if (own[3] % 255) throw new Error(`half transparent behind ${label(node)}`);
    found.set(node, own[3] ? own : behind(node.parentElement, found));
  }
  return found.get(node);
}

/** Texts whose contrast with what is behind them is below `least`, and how many there are. */
function faint(least) {
  const texts = seen("body *").filter((node) => !node.closest("script, option, noscript")
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  const grounds = new Map();
  const found = texts.filter((node) => {
    const style = getComputedStyle(node);
    const ink = light(channelsOf(node.closest("svg") ? style.fill : style.color));
    const ground = light(behind(node, grounds));
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < least;
  });
  return [found.map(label), texts.length];
}

/** The colour of a place of a canvas, in units of CSS from its corner. */
function pixel(selector, x, y) {
  const canvas = document.querySelector(selector);
  const ratio = canvas.width / canvas.clientWidth;
  const data = canvas.getContext("2d").getImageData(
    Math.floor(x * ratio), Math.floor(y * ratio), 1, 1).data;
  return [...data];
}

/** Which cells of the matrix hold another colour than the empty one, row by row. */
function filled(rows, columns) {
  const canvas = document.querySelector("#matrix canvas");
  const cell = canvas.clientWidth / columns;
  const ratio = canvas.width / canvas.clientWidth;
  const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colour = (x, y) => {
    const at = 4 * (Math.floor(y * ratio) * image.width + Math.floor(x * ratio));
    return [...image.data.slice(at, at + 3)].join(" ");
  };
  const scale = getComputedStyle(document.documentElement).getPropertyValue("--scale-0");
  const empty = channelsOf(scale.trim()).slice(0, 3).join(" ");
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => (
    colour((j + 0.12) * cell + 1, (i + 0.12) * cell + 1) !== empty)));
}

/** How red the ends of lines are at the tokens of a side: the less, the more of the accent. */
function ends(side, count) {
  const canvas = document.querySelector("#lines canvas");
  const pitch = canvas.clientHeight / count;
  const x = side === "to" ? canvas.clientWidth - 6 : 5;
  return Array.from({ length: count }, (_, i) => {
    const [red, , , alpha] = pixel("#lines canvas", x, (i + 0.5) * pitch);
    return alpha / 255 * red + 255 - alpha;
  });
}
