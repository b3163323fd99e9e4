// The data that the page carries (npdistil/explain/record.py), decoded once.

/** Base64 to bytes. */
function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Little-endian 16 bit integers of bytes. */
function integersOf(bytes) {
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
}

/** A name for a token that tells it from others of the same piece: its piece and its place. */
const named = (token, place) => `${token.piece} (${place})`;

/** What a page shows of one text or pair: `data` as it came, and its arrays. */
class Recorded {
  constructor(data) {
    this.data = data;
    this.tokens = data.tokens;
    this.length = data.tokens.length;
    this.layers = data.layers;
    this.heads = data.heads;
    this.size = data.head_size;
    this.isPair = data.ways.length > 1;
    this.attention = bytesOf(data.attention);
    this.similarity = bytesOf(data.similarity);
    this.rollout = bytesOf(data.rollout);
    const { heads, units, integers } = data.arithmetic;
    this.arithmetic = new Map(heads.map(([layer, head], i) => [`${layer} ${head}`, i]));
    this.units = units;
    this.integers = integersOf(bytesOf(integers));
  }

  /** A head's shares [L, L] in 255ths. */
  map(layer, head) {
    const area = this.length ** 2;
    return this.attention.subarray(
      (layer * this.heads + head) * area, (layer * this.heads + head + 1) * area);
  }

  /** Cosines [L, L] of the embeddings (0) or behind layer n - 1, as bytes 127.5 (c + 1). */
  cosines(depth) {
    const area = this.length ** 2;
    return this.similarity.subarray(depth * area, (depth + 1) * area);
  }

  /** Whether the page carries a head's queries, keys and values. */
  hasArithmetic(layer, head) {
    return this.arithmetic.has(`${layer} ${head}`);
  }

  /** Query (0), key (1) or value (2) [K] of a token in a head that has them. */
  vector(which, layer, head, token) {
    const at = this.arithmetic.get(`${layer} ${head}`);
    const start = ((at * 3 + which) * this.length + token) * this.size;
    const unit = this.units[at][which];
    return Array.from(this.integers.subarray(start, start + this.size), (n) => n * unit);
  }

  /** What stands behind the embeddings (0) or a layer, in words. */
  depth(number) {
    return number === 0 ? "embeddings" : `layer ${number - 1}`;
  }
}
