// fft_tail: the first half of a real signal's spectrum, from the transform of its packed entries.
//
// X[k] = (Z[k] + conj Z[h - k]) / 2 - (i / 2) e^(-2 pi i k / n) (Z[k] - conj Z[h - k]) for k <= h = n / 2.
//
// @bind  0 in_real  read  f32[ROWS * HALF * COLUMNS]
// @bind  1 in_imag  read  f32[ROWS * HALF * COLUMNS]
// @bind  2 table    read  vec4<f32>; roots of unity
// @bind  3 out_real write f32[ROWS * (HALF + 1) * COLUMNS]
// @bind  4 out_imag write f32[ROWS * (HALF + 1) * COLUMNS]
// @grid  one thread per entry of the result, folded into x and y
// @needs nothing
// @twin  numpy.fft.rfft

// @import fft_butterflies
// @import fft_roots

@group(0) @binding(0) var<storage, read> in_real: array<f32>;
@group(0) @binding(1) var<storage, read> in_imag: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out_real: array<f32>;
@group(0) @binding(4) var<storage, read_write> out_imag: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let column = entry % ${COLUMNS}u;
    let k = entry / ${COLUMNS}u % ${STORED}u;
    let row = entry / ${COLUMNS}u / ${STORED}u * ${HALF}u;
    let here = (row + k % ${HALF}u) * ${COLUMNS}u + column;
    let mirror = (row + (${HALF}u - k) % ${HALF}u) * ${COLUMNS}u + column;
    let a = vec2<f32>(in_real[here], in_imag[here]);
    let b = vec2<f32>(in_real[mirror], in_imag[mirror]);
    let value = 0.5 * ${SCALE} * unpacked_spectrum(a, b, unit_root(k));
    out_real[entry] = value.x;
    out_imag[entry] = value.y;
}
