/**
 * The fractal canvas for any page, without Python: relations stream through a bounded ring and are painted by the GPU.
 *
 *   import init, { FractalCanvas } from "./fractal.js";
 *   await init();
 *   const fractal = new FractalCanvas(64);
 *   fractal.push(values, { rows: 32 });           // Float32Array; further options: coherence, tension, depth
 *   await fractal.render(document.getElementById("zspace"));
 *
 * What is painted is what `spiraltorch_web.zspace.FractalCanvas` paints, with the same shader: Σ w·R/‖R‖ / Σ w, where
 * w = coherence / (1 + tension) · 2^(−depth/8) and depth counts from the smallest in the ring.
 */

const LIBRARY = "./engine/device/web/painting.js";
const SHADER = "./engine/shaders/fractal_canvas.wgsl";
const DEPTHS_PER_HALVING = 8;
const ENTRIES = ["cells", "crowd", "spiral"]; // of the shader
const MOST_SAMPLES = 4;
const SPIRAL = { arms: 6, shortest: Math.log(1.5), longest: Math.log(8), fading: 1.5 };
const VIEW_BYTES = 48; // before the shades
const SHADES = 512; // on either side of zero, as in the shader

/** Anchors in OKLab from -1 to 1; also in py/spiraltorch_web/zspace/fractal/palettes.py. */
export const PALETTES = {
  dusk: [
    [0.920, -0.063, -0.030], [0.733, -0.075, -0.095], [0.542, -0.041, -0.138], [0.347, -0.002, -0.122],
    [0.180, 0.004, -0.014],
    [0.350, 0.102, 0.044], [0.545, 0.129, 0.100], [0.735, 0.063, 0.139], [0.920, -0.023, 0.133],
  ],
  dawn: [
    [0.300, 0.000, -0.105], [0.471, -0.025, -0.133], [0.643, -0.047, -0.115], [0.811, -0.039, -0.068],
    [0.970, 0.000, 0.000],
    [0.820, 0.031, 0.095], [0.648, 0.076, 0.111], [0.473, 0.089, 0.083], [0.300, 0.072, 0.045],
  ],
  ramp: [
    [0.160, 0.021, -0.056], [0.267, 0.025, -0.100], [0.379, 0.002, -0.116], [0.477, -0.046, -0.079],
    [0.576, -0.088, -0.039],
    [0.671, -0.110, 0.023], [0.759, -0.108, 0.098], [0.859, -0.067, 0.138], [0.960, -0.025, 0.102],
  ],
};

let opened = null;

/** Open the GPU and load the shader, once. Rejects with what is missing. */
export default function init() {
  opened ??= open();
  return opened;
}

async function open() {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("This browser offers no WebGPU, which the fractal canvas is painted with.");
  const [{ Painter }, response, device] = await Promise.all([
    import(LIBRARY), fetch(new URL(SHADER, import.meta.url)), adapter.requestDevice(),
  ]);
  if (!response.ok) throw new Error(`${response.url} answered ${response.status} ${response.statusText}.`);
  const code = await response.text();
  const painters = Object.fromEntries(ENTRIES.map((entry) => [entry, new Painter(device, code, entry)]));
  return { device, painters };
}

export class FractalCanvas {
  /**
   * @param {number} capacity patches kept; a further one drops the oldest
   * @param {{palette?: "dusk"|"dawn"|"ramp", layout?: "plane"|"spiral", gamma?: number}} [look]
   */
  constructor(capacity, { palette = "dusk", layout = "plane", gamma = 0.5 } = {}) {
    require(Number.isInteger(capacity) && capacity >= 1, "capacity is an integer from 1 on", capacity);
    require(Object.hasOwn(PALETTES, palette), `palette is one of ${Object.keys(PALETTES).join(", ")}`, palette);
    require(["plane", "spiral"].includes(layout), "layout is plane or spiral", layout);
    require(gamma >= 0.05 && gamma <= 4, "gamma is a number from 0.05 to 4", gamma);
    Object.assign(this, { capacity, layout, dropped: 0, ring: [], buffers: null });
    this.shades = shades(PALETTES[palette], gamma);
  }

  get length() {
    return this.ring.length;
  }

  /**
   * Add a relation, row after row.
   * @param {ArrayLike<number>} relation
   * @param {{rows?: number, coherence?: number, tension?: number, depth?: number}} [facts]
   */
  push(relation, { rows = 1, coherence = 1, tension = 1, depth = 0 } = {}) {
    const values = Float32Array.from(relation);
    const columns = values.length / rows;
    require(Number.isInteger(rows) && rows >= 1 && Number.isInteger(columns) && columns >= 1,
      "rows is an integer that divides the relation's length", rows);
    require(coherence > 0 && coherence < Infinity, "coherence is a finite number above 0", coherence);
    require(tension > 0 && tension < Infinity, "tension is a finite number above 0", tension);
    require(Number.isInteger(depth) && depth >= 0, "depth is an integer from 0 on", depth);
    const strange = values.findIndex((value) => !Number.isFinite(value));
    require(strange < 0, "a relation holds finite numbers", `${values[strange]} at ${strange}`);
    const first = this.ring[0];
    require(!first || (first.rows === rows && first.columns === columns),
      `this ring holds relations of ${first?.rows} x ${first?.columns}`, `${rows} x ${columns}`);
    if (this.ring.length === this.capacity) {
      this.ring.shift();
      this.dropped += 1;
    }
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    this.ring.push({ values, rows, columns, depth, strength: coherence / (1 + tension), norm });
  }

  /** The weighted mean of the ring's relations, each divided by its norm. @returns {Float32Array} */
  foldCoherence() {
    require(this.ring.length > 0, "a fold needs a patch: push one first", "none");
    const shallowest = Math.min(...this.ring.map(({ depth }) => depth));
    const weights = this.ring.map(({ depth, strength }) => strength * 2 ** ((shallowest - depth) / DEPTHS_PER_HALVING));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const fold = new Float64Array(this.ring[0].values.length);
    this.ring.forEach(({ values, norm }, index) => {
      const share = norm > 0 ? weights[index] / total / norm : 0;
      values.forEach((value, place) => { fold[place] += share * value; });
    });
    return Float32Array.from(fold);
  }

  /** Paint the fold on a canvas, in the canvas's own size. @param {HTMLCanvasElement | OffscreenCanvas} canvas */
  async render(canvas) {
    const { device, painters } = await init();
    const { entry, uniforms } = this.view(canvas);
    const fold = this.foldCoherence();
    const [values, peak] = this.buffersFor(device, fold.byteLength);
    device.queue.writeBuffer(values, 0, fold);
    device.queue.writeBuffer(peak, 0, Float32Array.of(fold.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
    painters[entry].paintCanvas(canvas, uniforms, [[values, fold.byteLength], [peak, 4]]);
  }

  buffersFor(device, nbytes) {
    if (this.buffers?.[0].size !== nbytes) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      this.buffers?.forEach((buffer) => buffer.destroy());
      this.buffers = [nbytes, 4].map((size) => device.createBuffer({ size, usage }));
    }
    return this.buffers;
  }

  /** The shader's entry point and uniforms; `View` in py/spiraltorch_web/zspace/fractal/look.py explains them. */
  view({ width, height }) {
    const { rows, columns } = this.ring[0];
    const spiral = this.layout === "spiral";
    const crowd = Math.ceil(Math.max(rows / height, columns / width));
    const samples = spiral ? 1 : Math.min(crowd, MOST_SAMPLES);
    const square = (2 * Math.PI * rows) / (columns * SPIRAL.arms);
    const period = spiral ? Math.min(Math.max(square, SPIRAL.shortest), SPIRAL.longest) : 1;
    const rounds = (0.5 * Math.LN2) / period;
    const innermost = Math.log(0.5 * Math.hypot(width, height)) / period;
    const crowding = Math.max((columns * SPIRAL.arms) / (2 * Math.PI), rows / period) / SPIRAL.fading;
    const bytes = new ArrayBuffer(VIEW_BYTES + 4 * (2 * SHADES + 2));
    new Float32Array(bytes, 0, 6).set([rows, columns, rows / height, columns / width, width, height]);
    new Int32Array(bytes, 24, 2).set([columns, samples]);
    new Float32Array(bytes, 32, 4).set([SPIRAL.arms, rounds, innermost, crowding]);
    new Uint32Array(bytes, VIEW_BYTES).set(this.shades);
    return { entry: spiral ? "spiral" : ENTRIES[Number(samples > 1)], uniforms: new Uint8Array(bytes) };
  }
}

/** A palette's colours, red in the lowest byte: entry SHADES ± i is that of ±(i / SHADES)^(2·gamma). */
function shades(anchors, gamma) {
  return Uint32Array.from({ length: 2 * SHADES + 1 }, (_, index) => {
    const step = index - SHADES;
    return packed(colourOf(anchors, Math.sign(step) * (Math.abs(step) / SHADES) ** (2 * gamma)));
  });
}

/** The sRGB colour, 0…1 each, of a value from -1 to 1. [Ottosson 2020: OKLab] */
function colourOf(anchors, value) {
  const place = (0.5 + 0.5 * value) * (anchors.length - 1);
  const low = Math.min(Math.floor(place), anchors.length - 2);
  const [light, green, blue] = anchors[low].map((part, axis) => part + (place - low) * (anchors[low + 1][axis] - part));
  const [long, medium, short] = [
    light + 0.3963377774 * green + 0.2158037573 * blue,
    light - 0.1055613458 * green - 0.0638541728 * blue,
    light - 0.0894841775 * green - 1.2914855480 * blue,
  ].map((root) => root ** 3);
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
  ].map((linear) => encoded(Math.min(Math.max(linear, 0), 1)));
}

const encoded = (linear) => (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);

function packed(colour) {
  const [red, green, blue] = colour.map((channel) => Math.floor(255 * channel + 0.5));
  return (red | (green << 8) | (blue << 16) | (255 << 24)) >>> 0;
}

function require(holds, rule, given) {
  if (!holds) throw new RangeError(`${rule}; got ${given}`);
}
