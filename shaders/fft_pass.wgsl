// fft_pass: discrete Fourier transforms of lines of a power of two points, as one pass of a longer one or alone.
//
// A thread keeps a few points of its line in registers, does butterflies on them, and exchanges them with the others
// through workgroup memory in Stockham's order. Factors come from `table` or are short products of its entries. The
// statements of a pass are written out by spiraltorch_web.kernels.fft.text, so that registers are never indexed.
//
// @bind  0 in_real  read  f32, or vec2<f32> for neighbours of a real signal
// @bind  1 in_imag  read  f32; anything where the input is real
// @bind  2 table    read  vec4<f32>; factors of the stages, then roots of unity
// @bind  3 extra_a  read  chirp (vec2<f32>), or real part of a second spectrum (f32); else anything
// @bind  4 extra_b  read  imaginary part of a second spectrum (f32), or both (vec2<f32>); else anything
// @bind  5 out_real write f32, or vec2<f32> for neighbours of a real signal
// @bind  6 out_imag write f32; left out where the result is real
// @grid  lines / segments workgroups, folded into x and y
// @tune  radix, tile_cols, segments
// @needs 4 or 8 bytes of workgroup memory per point and segment
// @twin  numpy.fft.fft

// @import fft_butterflies
// @import fft_roots

@group(0) @binding(0) var<storage, read> in_real: array<${IN}>;
@group(0) @binding(1) var<storage, read> in_imag: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> extra_a: array<${EXTRA_A}>;
@group(0) @binding(4) var<storage, read> extra_b: array<${EXTRA_B}>;
@group(0) @binding(5) var<storage, read_write> out_real: array<${OUT}>;
// #if BOTH
@group(0) @binding(6) var<storage, read_write> out_imag: array<f32>;
// #end
// #if EXCHANGING

var<workgroup> held: array<f32, ${HELD}>;

/// Where address `a` lies: xor with higher bits keeps the threads of a step in different banks.
fn spread(a: u32) -> u32 {
    return ${SPREAD};
}
// #end
// #if CHIRPED

/// Point `at` of the signal times the chirp, 0 past its end.
fn chirped(value: vec2<f32>, at: u32) -> vec2<f32> {
    return select(vec2<f32>(0.0), product(value, extra_a[min(at, ${LAST}u)]), at < ${POINTS}u);
}
// #end
// #if FILTER

/// Point `at` of the conjugate chirp, wrapped around PADDED points.
fn wrapped_chirp(at: u32) -> vec2<f32> {
    let distance = min(at, ${PADDED}u - at);
    let value = extra_a[min(distance, ${LAST}u)];
    return select(vec2<f32>(0.0), vec2<f32>(value.x, -value.y), distance <= ${LAST}u);
}
// #end
// #if HERMITIAN

/// Point `at` of the spectrum of a real signal of POINTS entries, of which the first half is stored from `row` on.
fn completed(row: u32, at: u32, column: u32) -> vec2<f32> {
    let known = min(at, ${LAST}u);
    let nearest = min(known, ${POINTS}u - known);
    let place = (row + nearest) * ${COLUMNS}u + column;
    let imag = select(in_imag[place], 0.0, nearest == 0u || 2u * nearest == ${POINTS}u);
    return vec2<f32>(in_real[place], select(imag, -imag, known != nearest));
}
// #end

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let group_ix = group.y * ${GRID_X}u + group.x;
    ${BODY}
}
