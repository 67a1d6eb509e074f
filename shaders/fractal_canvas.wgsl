// fractal_canvas: paint a relation in a palette, cell by cell or along a logarithmic spiral.
//
// @bind  0 view  uniform  View, as zspace/fractal/look.py packs it
// @bind  1 fold  read     f32[rows * columns], finite
// @bind  2 peak  read     f32[1]; the largest magnitude in fold
// @grid  one triangle over the picture; entry points cover and shade
// @needs nothing beyond WebGPU's defaults
// @twin  zspace/fractal/twin.py
// @from  OKLab: B. Ottosson, "A perceptual color space for image processing" (2020), public domain matrices.

const ANCHORS = 9u;
const TURN = 6.2831853;

struct View {
  rows: u32,
  columns: u32,
  samples: u32,  // per axis and pixel
  arms: u32,     // copies of the relation around the spiral's centre, an even number; 0 paints a plane
  size: vec2f,   // of the picture in pixels
  gamma: f32,    // of the magnitude; below 1 small values show beside large ones
  period: f32,   // of the spiral: the logarithm of the factor by which one round shrinks the next
  colours: array<vec4f, ANCHORS>,  // OKLab, from the most negative value to the most positive one
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

// 0 … 1 and back, so that copies meet without a seam.
fn mirrored(x: f32) -> f32 {
  let turned = x - 2.0 * floor(0.5 * x);
  return 1.0 - abs(1.0 - turned);
}

fn plane(place: vec2f) -> f32 {
  let cell = place / view.size;
  return value_at(cell.y * f32(view.rows), cell.x * f32(view.columns));
}

// Every round inwards is the relation again, smaller by exp(period) and, as one unit of depth of a patch, fainter by
// 2^(-1/8). Where more than two cells fall on a pixel they fade, and past four nothing is left of them.
fn spiral(place: vec2f) -> f32 {
  let from_centre = place - 0.5 * view.size;
  let distance = max(length(from_centre), 1e-3);
  let angle = atan2(from_centre.y, from_centre.x) / TURN;
  let depth = log(0.5 * length(view.size) / distance) / view.period;
  let rows = f32(view.rows);
  let columns = f32(view.columns);
  let crowd = max(columns * f32(view.arms) / TURN, rows / view.period) / distance;
  let strength = exp2(-0.125 * depth) * clamp(2.0 - 0.5 * crowd, 0.0, 1.0);
  return strength * value_at(mirrored(depth + 2.0 * angle) * rows, mirrored(angle * f32(view.arms)) * columns);
}

fn encoded(linear: vec3f) -> vec3f {
  let low = 12.92 * linear;
  let high = 1.055 * pow(max(linear, vec3f(1e-9)), vec3f(1.0 / 2.4)) - 0.055;
  return select(high, low, linear <= vec3f(0.0031308));
}

// The sRGB colour of a value from -1 to 1.
fn colour_of(value: f32) -> vec3f {
  let place = (0.5 + 0.5 * value) * f32(ANCHORS - 1u);
  let low = min(u32(place), ANCHORS - 2u);
  let lab = mix(view.colours[low].xyz, view.colours[low + 1u].xyz, place - f32(low));
  let root = vec3f(
    lab.x + 0.3963377774 * lab.y + 0.2158037573 * lab.z,
    lab.x - 0.1055613458 * lab.y - 0.0638541728 * lab.z,
    lab.x - 0.0894841775 * lab.y - 1.2914855480 * lab.z,
  );
  let cone = root * root * root;
  return encoded(saturate(vec3f(
    dot(cone, vec3f(4.0767416621, -3.3077115913, 0.2309699292)),
    dot(cone, vec3f(-1.2684380046, 2.6097574011, -0.3413193965)),
    dot(cone, vec3f(-0.0041960863, -0.7034186147, 1.7076147010)),
  )));
}

@fragment
fn shade(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let corner = floor(position.xy);
  let step = 1.0 / f32(view.samples);
  var total = 0.0;
  for (var down = 0u; down < view.samples; down++) {
    for (var right = 0u; right < view.samples; right++) {
      let place = corner + (vec2f(f32(right), f32(down)) + 0.5) * step;
      if (view.arms == 0u) {
        total += plane(place);
      } else {
        total += spiral(place);
      }
    }
  }
  // A relation of zeros has no largest magnitude: all of it is the palette's middle.
  let value = clamp(total * step * step / max(peak[0], 1e-30), -1.0, 1.0);
  let magnitude = pow(max(abs(value), 1e-9), view.gamma);
  return vec4f(colour_of(select(-magnitude, magnitude, value > 0.0) * f32(value != 0.0)), 1.0);
}
