// boundary: paint class probabilities on a square canvas, straight from a model's answers.
//
// @bind  0 view    uniform  View { resolution, columns, probabilities, unused: u32, colours: vec4f[8] }
// @bind  1 answers read     f32[resolution * resolution * columns], the top row first
// @grid  one triangle over the canvas
// @twin  web/kernel/colours.js:colourBoundary, which paints one pixel per cell

struct View {
  resolution: u32,
  columns: u32,
  probabilities: u32,
  unused: u32,
  colours: array<vec4f, 8>,
}

struct Pixel {
  @builtin(position) position: vec4f,
  @location(0) place: vec2f,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> answers: array<f32>;

const WASH: f32 = 0.45;

@vertex
fn cover(@builtin(vertex_index) index: u32) -> Pixel {
  let corner = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
  return Pixel(vec4f(corner * 2.0 - 1.0, 0.0, 1.0), vec2f(corner.x, 1.0 - corner.y));
}

// Probability of class 1 from a single column.
fn single(cell: u32) -> f32 {
  let answer = answers[cell];
  return select(1.0 / (1.0 + exp(-clamp(answer, -60.0, 60.0))), answer, view.probabilities == 1u);
}

// The classes' colours in proportion to their probabilities at one cell.
fn colour_of(cell: u32) -> vec3f {
  if (view.columns == 1u) {
    return mix(view.colours[0].rgb, view.colours[1].rgb, single(cell));
  }
  let start = cell * view.columns;
  var highest = answers[start];
  for (var column = 1u; column < view.columns; column++) {
    highest = max(highest, answers[start + column]);
  }
  var total = 0.0;
  var colour = vec3f(0.0);
  for (var column = 0u; column < view.columns; column++) {
    let answer = answers[start + column];
    let share = select(exp(answer - highest), answer, view.probabilities == 1u);
    total += share;
    colour += share * view.colours[column % 8u].rgb;
  }
  return colour / max(total, 1e-20);
}

// Between the centres of four cells the colour runs evenly.
@fragment
fn shade(pixel: Pixel) -> @location(0) vec4f {
  let last = f32(view.resolution - 1u);
  let place = clamp(pixel.place * f32(view.resolution) - 0.5, vec2f(0.0), vec2f(last));
  let low = vec2u(place);
  let high = min(low + 1u, vec2u(view.resolution - 1u));
  let share = fract(place);
  let upper = mix(colour_of(low.y * view.resolution + low.x), colour_of(low.y * view.resolution + high.x), share.x);
  let lower = mix(colour_of(high.y * view.resolution + low.x), colour_of(high.y * view.resolution + high.x), share.x);
  return vec4f(mix(mix(upper, lower, share.y), vec3f(1.0), WASH), 1.0);
}
