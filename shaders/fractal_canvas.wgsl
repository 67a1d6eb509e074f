// fractal_canvas: paint a relation in a palette, cell by cell or along a logarithmic spiral.
//
// @bind  0 view  read     View, as zspace/fractal/look.py packs it
// @bind  1 fold  read     f32[rows * columns], finite
// @bind  2 peak  read     f32[1]; the largest magnitude in fold
// @grid  one triangle over the picture; entry point cover, then cells, crowd or spiral: a loop that is not needed makes
//        a picture four times as slow on SwiftShader
// @needs nothing beyond WebGPU's defaults
// @twin  zspace/fractal/twin.py
//
// What is the same for all pixels is computed by look.py. SwiftShader's compiler hardly optimises: an operation here
// is paid for by every pixel, unsigned integers cost several operations, and so does an entry of an array of vectors.

const SHADES = 512;  // on either side of zero
const TURN = 6.2831853;

struct View {
  cells: vec2f,      // rows and columns
  scale: vec2f,      // rows and columns per pixel of a relation that is painted as it lies
  size: vec2f,       // of the picture in pixels
  columns: i32,
  samples: i32,      // per axis and pixel of a crowd
  arms: f32,         // copies of the relation around the spiral's centre, an even number
  rounds: f32,       // of the spiral, between a distance from its centre and √2 of that
  innermost: f32,    // round at a distance of one pixel; that of the picture's corners is 0
  crowding: f32,     // at a distance of one pixel: cells on a pixel, over as many as fade
  // 8-bit colours, red in the lowest byte: entry SHADES ± i is that of a value whose magnitude is (i / SHADES)².
  shades: array<u32, 2 * SHADES + 1>,
}

@group(0) @binding(0) var<storage, read> view: View;
@group(0) @binding(1) var<storage, read> fold: array<f32>;
@group(0) @binding(2) var<storage, read> peak: array<f32>;

@vertex
fn cover(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(vec2f(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0, 0.0, 1.0);
}

// The relation between the centres of its cells, at a place counted in rows and columns. Behind the last row or column
// the neighbour is another entry, or beyond the array, where any entry may be read: its share is zero.
fn value_at(cell: vec2f) -> f32 {
  let place = clamp(cell - 0.5, vec2f(0.0), view.cells - 1.0);
  let low = vec2i(place);
  let share = place - vec2f(low);
  let left = low.x * view.columns + low.y;
  let below = left + view.columns;
  let upper = mix(fold[left], fold[left + 1], share.y);
  let lower = mix(fold[below], fold[below + 1], share.y);
  return mix(upper, lower, share.x);
}

fn plane(pixel: vec2f) -> f32 {
  return value_at(pixel.yx * view.scale);
}

// 0 … 1 and back, so that copies meet without a seam.
fn mirrored(x: vec2f) -> vec2f {
  return 1.0 - abs(1.0 - (x - 2.0 * floor(0.5 * x)));
}

// The colour of a value of the fold, by the square root, since shades are closest around zero. A relation of zeros has no
// largest magnitude: all of it is the palette's middle.
fn colour_of(folded: f32) -> vec4f {
  let value = clamp(folded / max(peak[0], 1e-30), -1.0, 1.0);
  return unpack4x8unorm(view.shades[i32(f32(SHADES) * (1.0 + sign(value) * sqrt(abs(value))) + 0.5)]);
}

// The relation as it lies, with a cell as large as a pixel or larger.
@fragment
fn cells(@builtin(position) position: vec4f) -> @location(0) vec4f {
  return colour_of(plane(position.xy));
}

// The same with the mean of several places for each pixel.
@fragment
fn crowd(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let step = 1.0 / f32(view.samples);
  var total = 0.0;
  for (var down = 0; down < view.samples; down++) {
    for (var right = 0; right < view.samples; right++) {
      total += plane(floor(position.xy) + (vec2f(f32(right), f32(down)) + 0.5) * step);
    }
  }
  return colour_of(total * step * step);
}

// Copies around a centre. Every round inwards is the relation again, smaller by exp(period) and, as one unit of depth of
// a patch, fainter by 2^(-1/8). Cells fade where one and a half fall on a pixel; where it is three nothing is left.
@fragment
fn spiral(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let from_centre = position.xy - 0.5 * view.size;
  let square = max(dot(from_centre, from_centre), 1e-6);
  let angle = atan2(from_centre.y, from_centre.x) / TURN;
  let depth = view.innermost - view.rounds * log2(square);
  let strength = exp2(-0.125 * depth) * clamp(2.0 - view.crowding * inverseSqrt(square), 0.0, 1.0);
  return colour_of(strength * value_at(mirrored(vec2f(depth + 2.0 * angle, angle * view.arms)) * view.cells));
}
