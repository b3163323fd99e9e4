// Colours of values, read from the style sheet's custom properties, so that light, dark and paper
// each have their own. Lightness runs one way, so the order can be seen without colour.

const STOPS = 5;

/** "#rrggbb" to three numbers. */
function channels(colour) {
  return [1, 3, 5].map((at) => Number.parseInt(colour.trim().slice(at, at + 2), 16));
}

/** One colour of the page, such as "--accent". */
function property(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Three numbers for a place in [0, 1] between the stops of the scale. */
function between(stops, place) {
  const at = Math.min(Math.max(place, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((value, i) => Math.round(value + (at - low) * (stops[low + 1][i] - value)));
}

/**
 * 256 colours for bytes: `share` by a root, so that small shares show, the more so where many tokens
 * divide it; `cosine` evenly above 0.
 */
function makeScales() {
  const root = recorded.length > LONG ? 0.35 : 0.5;
  const stops = Array.from({ length: STOPS }, (_, i) => channels(property(`--scale-${i}`)));
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return {
    share: bytes.map((byte) => between(stops, (byte / 255) ** root)),
    cosine: bytes.map((byte) => between(stops, (byte - 127.5) / 127.5)),
    plain: bytes.map((byte) => between(stops, byte / 255)),
  };
}

const luminance = ([r, g, b]) => {
  const [R, G, B] = [r, g, b].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * R + 0.7152 * G + 0.0722 * B;
};

/** Black or white, whichever is read more easily on a colour (WCAG 2: always 4.5 or more). */
function inkOn(colour) {
  return luminance(colour) > 0.179 ? "#000000" : "#ffffff";
}

const rgb = (colour) => `rgb(${colour.join(" ")})`;

/** A picture of bytes, one pixel each; those below `least` are left empty. */
function picture(bytes, width, height, scale, least = 0) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    if (bytes[i] < least) continue;
    const colour = scale[bytes[i]];
    image.data.set(colour, 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Draws a picture over a rectangle without blurring its pixels. */
function stretch(context, image, x, y, width, height) {
  context.imageSmoothingEnabled = false;
  context.drawImage(image, x, y, width, height);
}

/** Fills the legends of the page: colours with the numbers they stand for. */
function drawLegends(scales) {
  const marks = {
    share: [[0, "0"], [0.05, ".05"], [0.2, ".2"], [0.5, ".5"], [1, "1"]],
    cosine: [[0.5, "\u2264 0"], [0.625, ".25"], [0.75, ".5"], [0.875, ".75"], [1, "1"]],
  };
  for (const legend of document.querySelectorAll(".scale-legend")) {
    const name = legend.dataset.scale;
    legend.replaceChildren(...marks[name].map(([value, text]) => {
      const colour = rgb(scales[name][Math.round(255 * value)]);
      return element("span", {},
        element("span", { class: "swatch", style: { "background-color": colour } }), text);
    }));
  }
}
