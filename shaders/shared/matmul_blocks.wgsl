// matmul_blocks: 4x4 blocks of the operands, and guarded stores, over the hooks that the compiler generates.
//
// @hooks load_a, load_b (f32), load_a4, load_b4 (vec4<f32> along the contiguous axis), store, store4
// @tune  M, N, K, K_GUARD, K_RAGGED, A_ALONG_K, A_VECTOR, B_ALONG_K, B_VECTOR, STORE_VECTOR
// @note  Rows and columns outside the matrix repeat the last ones: their products are never stored.
//        Depths outside are zero, in both operands, so that an infinity next to them cannot make a NaN.

// #if A_VECTOR
fn a_run(batch: u32, m: u32, k: u32) -> vec4<f32> {
    return load_a4(batch, m, k);
}
// #else
fn a_element(batch: u32, m: u32, k: u32) -> f32 {
    // #if K_RAGGED
    if (k >= ${K}u) { return 0.0; }
    // #end
    return load_a(batch, min(m, ${M}u - 1u), k);
}

fn a_run(batch: u32, m: u32, k: u32) -> vec4<f32> {
    // #if A_ALONG_K
    return vec4<f32>(a_element(batch, m, k), a_element(batch, m, k + 1u),
                     a_element(batch, m, k + 2u), a_element(batch, m, k + 3u));
    // #else
    return vec4<f32>(a_element(batch, m, k), a_element(batch, m + 1u, k),
                     a_element(batch, m + 2u, k), a_element(batch, m + 3u, k));
    // #end
}
// #end

// #if B_VECTOR
fn b_run(batch: u32, k: u32, n: u32) -> vec4<f32> {
    return load_b4(batch, k, n);
}
// #else
fn b_element(batch: u32, k: u32, n: u32) -> f32 {
    // #if K_RAGGED
    if (k >= ${K}u) { return 0.0; }
    // #end
    return load_b(batch, k, min(n, ${N}u - 1u));
}

fn b_run(batch: u32, k: u32, n: u32) -> vec4<f32> {
    // #if B_ALONG_K
    return vec4<f32>(b_element(batch, k, n), b_element(batch, k + 1u, n),
                     b_element(batch, k + 2u, n), b_element(batch, k + 3u, n));
    // #else
    return vec4<f32>(b_element(batch, k, n), b_element(batch, k, n + 1u),
                     b_element(batch, k, n + 2u), b_element(batch, k, n + 3u));
    // #end
}
// #end

// #if K_RAGGED
fn a_inside(batch: u32, m: u32, k: u32) -> vec4<f32> {
    if (k >= ${K}u) { return vec4<f32>(); }
    return a_run(batch, m, k);
}

fn b_inside(batch: u32, k: u32, n: u32) -> vec4<f32> {
    if (k >= ${K}u) { return vec4<f32>(); }
    return b_run(batch, k, n);
}
// #else
fn a_inside(batch: u32, m: u32, k: u32) -> vec4<f32> {
    return a_run(batch, m, k);
}

fn b_inside(batch: u32, k: u32, n: u32) -> vec4<f32> {
    return b_run(batch, k, n);
}
// #end

// Column c of the result is A[m .. m + 3, k + c].
fn block_a(batch: u32, m: u32, k: u32) -> mat4x4<f32> {
    // #if K_GUARD
    if (k >= ${K}u) { return mat4x4<f32>(); }
    // #end
    // #if A_ALONG_K
    let last = ${M}u - 1u;
    return transpose(mat4x4<f32>(a_run(batch, min(m, last), k), a_run(batch, min(m + 1u, last), k),
                                 a_run(batch, min(m + 2u, last), k), a_run(batch, min(m + 3u, last), k)));
    // #else
    // #if A_VECTOR
    let row = min(m, ${M}u - 4u);
    // #else
    let row = m;
    // #end
    return mat4x4<f32>(a_run(batch, row, k), a_inside(batch, row, k + 1u),
                       a_inside(batch, row, k + 2u), a_inside(batch, row, k + 3u));
    // #end
}

// Column c of the result is B[k + c, n .. n + 3].
fn block_b(batch: u32, k: u32, n: u32) -> mat4x4<f32> {
    // #if K_GUARD
    if (k >= ${K}u) { return mat4x4<f32>(); }
    // #end
    // #if B_ALONG_K
    let last = ${N}u - 1u;
    return transpose(mat4x4<f32>(b_run(batch, k, min(n, last)), b_run(batch, k, min(n + 1u, last)),
                                 b_run(batch, k, min(n + 2u, last)), b_run(batch, k, min(n + 3u, last))));
    // #else
    // #if B_VECTOR
    let column = min(n, ${N}u - 4u);
    // #else
    let column = n;
    // #end
    return mat4x4<f32>(b_run(batch, k, column), b_inside(batch, k + 1u, column),
                       b_inside(batch, k + 2u, column), b_inside(batch, k + 3u, column));
    // #end
}

// Write out[m, n .. n + 3], leaving out what lies outside the matrix.
fn store_run(batch: u32, m: u32, n: u32, value: vec4<f32>) {
    if (m >= ${M}u) { return; }
    // #if STORE_VECTOR
    if (n < ${N}u) { store4(batch, m, n, value); }
    // #else
    // #for C < 4
    if (n + ${C}u < ${N}u) { store(batch, m, n + ${C}u, value[${C}]); }
    // #end
    // #end
}
