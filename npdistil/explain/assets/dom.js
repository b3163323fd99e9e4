// Making elements and numbers. Text reaches the page as text nodes and attributes alone.

const byId = (id) => document.getElementById(id);

/** A new element; attributes that begin with "on" are listeners, "style" is a mapping. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** A new element of SVG. */
function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

function setAttributes(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") {
      for (const [key, text] of Object.entries(value)) made.style.setProperty(key, text);
    } else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
}

/** A share of 1 in two digits: .31, 1.0, and nothing where it would be .00. */
function share(p) {
  if (p < 0.005) return "";
  return p >= 0.995 ? "1.0" : p.toFixed(2).slice(1);
}

/** A number with its sign, a true minus, and so many decimals. */
function fixed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

/** Sizes a canvas for sharp pixels and gives its context, in units of CSS. */
function sized(canvas, width, height) {
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** One stop of the tab key for a group; arrows, Home and End move in it, by `step` per row. */
function roving(group, selector, step = () => 1) {
  group.addEventListener("keydown", (event) => {
    const items = [...group.querySelectorAll(selector)];
    const here = items.indexOf(document.activeElement);
    if (here < 0) return;
    const across = step();
    const goals = {
      ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - across, ArrowDown: here + across,
      Home: 0, End: items.length - 1,
    };
    const goal = goals[event.key];
    if (goal === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (goal < 0 || goal >= items.length) return;
    moveStop(group, selector, items[goal]);
    items[goal].focus();
  });
}

/** Makes one item of a group the one that the tab key reaches. */
function moveStop(group, selector, item) {
  for (const other of group.querySelectorAll(selector)) other.tabIndex = other === item ? 0 : -1;
}

/** A list of names with a bar and a number each; rows are {name, value, width}. */
function bars(rows) {
  return element("ol", { class: "bars" }, ...rows.map((row) => element("li", {},
    element("span", { class: "bar-name", title: row.name }, row.name),
    element("span", { class: "bar-track", "aria-hidden": "true" },
      element("span", { class: "bar-fill", style: { width: `${(100 * row.width).toFixed(2)}%` } })),
    element("span", { class: "bar-value" }, row.value))));
}

/** Shows a line of text beside the mouse, or nothing. */
function tip(event, text) {
  const node = byId("tip") ?? element("div", { id: "tip", class: "tip", "aria-hidden": "true" });
  if (!node.isConnected) document.body.append(node);
  node.hidden = !text;
  if (!text) return;
  node.textContent = text;
  const right = event.clientX > window.innerWidth / 2;
  node.style.left = right ? "" : `${event.clientX + 14}px`;
  node.style.right = right ? `${window.innerWidth - event.clientX + 14}px` : "";
  node.style.top = `${event.clientY + 14}px`;
}

/** A table inside what scrolls when it is too wide. */
function scrolling(label, table) {
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, table);
}
