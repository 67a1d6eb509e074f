// fft_roots: roots of unity from two short tables, and how real signals hide in complex ones of half their length.

// #if ROOTS

/// e^(−2πi·e/N).
fn unit_root(e: u32) -> vec2<f32> {
    return product(table[${HIGH}u + (e >> ${BITS}u)].xy, table[${LOW}u + (e & ${BELOW}u)].xy);
}

/// The square of it.
fn squared_root(e: u32) -> vec2<f32> {
    return product(table[${HIGH}u + (e >> ${BITS}u)].zw, table[${LOW}u + (e & ${BELOW}u)].zw);
}
// #end
// #if HALVES

/// From entries k and h − k of a real signal's spectrum to twice entry k of that of its packed entries.
fn packed_spectrum(a: vec2<f32>, b: vec2<f32>, root: vec2<f32>) -> vec2<f32> {
    let sum = vec2<f32>(a.x + b.x, a.y - b.y);
    let gap = vec2<f32>(a.x - b.x, a.y + b.y);
    let odd = product(gap, vec2<f32>(root.x, -root.y));
    return vec2<f32>(sum.x - odd.y, sum.y + odd.x);
}
// #end
// #if TAIL

/// From entries k and h − k of the spectrum of packed entries to twice entry k of the real signal's.
fn unpacked_spectrum(a: vec2<f32>, b: vec2<f32>, root: vec2<f32>) -> vec2<f32> {
    let sum = vec2<f32>(a.x + b.x, a.y - b.y);
    let gap = vec2<f32>(a.x - b.x, a.y + b.y);
    let odd = product(gap, root);
    return vec2<f32>(sum.x + odd.y, sum.y - odd.x);
}
// #end
