// fractal_canvas: paint a relation in a palette, cell by cell or along a logarithmic spiral.
//
// @bind  0 view  uniform  View, as zspace/fractal/look.py packs it
// @bind  1 fold  read     f32[rows * columns], finite
// @bind  2 peak  read     f32[1]; the largest magnitude in fold
// @grid  one triangle over the picture; entry point cover, then cells, crowd or spiral: a loop that is not needed makes
//        a picture four times as slow on SwiftShader
// @needs nothing beyond WebGPU's defaults
// @twin  zspace/fractal/twin.py

const SHADES = 512u;  // on either side of zero
const TURN = 6.2831853;

struct View {
  rows: u32,
  columns: u32,
  samples: u32,  // per axis and pixel of a crowd
  arms: u32,     // copies of the relation around the spiral's centre, an even number
  size: vec2f,   // of the picture in pixels
  period: f32,   // of the spiral: the logarithm of the factor by which one round shrinks the next
  unused: f32,
  // 8-bit colours, red in the lowest byte: entry SHADES + i is that of the value whose square root is i / SHADES.
  shades: array<vec4u, (2u * SHADES + 4u) / 4u>,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> fold: array<f32>;
@group(0) @binding(2) var<storage, read> peak: array<f32>;

@vertex
fn cover(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(vec2f(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0, 0.0, 1.0);
}

// The relation between the centres of its cells, at a place counted in rows and columns.
fn value_at(row: f32, column: f32) -> f32 {
  let last = vec2f(f32(view.rows - 1u), f32(view.columns - 1u));
  let place = clamp(vec2f(row, column) - 0.5, vec2f(0.0), last);
  let low = vec2u(place);
  let high = min(low + 1u, vec2u(last));
  let share = place - vec2f(low);
  let upper = mix(fold[low.x * view.columns + low.y], fold[low.x * view.columns + high.y], share.y);
  let lower = mix(fold[high.x * view.columns + low.y], fold[high.x * view.columns + high.y], share.y);
  return mix(upper, lower, share.x);
}

fn plane(place: vec2f) -> f32 {
  let cell = place / view.size;
  return value_at(cell.y * f32(view.rows), cell.x * f32(view.columns));
}

// 0 … 1 and back, so that copies meet without a seam.
fn mirrored(x: f32) -> f32 {
  let turned = x - 2.0 * floor(0.5 * x);
  return 1.0 - abs(1.0 - turned);
}

// The colour of a value of the fold, by the square root, since shades are closest around zero. A relation of zeros has no
// largest magnitude: all of it is the palette's middle.
fn colour_of(folded: f32) -> vec4f {
  let value = clamp(folded / max(peak[0], 1e-30), -1.0, 1.0);
  let place = u32(f32(SHADES) * (1.0 + sign(value) * sqrt(abs(value))) + 0.5);
  return unpack4x8unorm(view.shades[place / 4u][place % 4u]);
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
  for (var down = 0u; down < view.samples; down++) {
    for (var right = 0u; right < view.samples; right++) {
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
  let distance = max(length(from_centre), 1e-3);
  let angle = atan2(from_centre.y, from_centre.x) / TURN;
  let depth = log(0.5 * length(view.size) / distance) / view.period;
  let rows = f32(view.rows);
  let columns = f32(view.columns);
  let crowded = max(columns * f32(view.arms) / TURN, rows / view.period) / distance;
  let strength = exp2(-0.125 * depth) * clamp(2.0 - crowded / 1.5, 0.0, 1.0);
  return colour_of(
    strength * value_at(mirrored(depth + 2.0 * angle) * rows, mirrored(angle * f32(view.arms)) * columns));
}
