// matmul_single: one entry of a product per thread.
//
// It suits tiny products on adapters that run on CPU cores: there the text of blocks in registers takes longer to compile
// than such products take in a whole training.
//
// @bind  none: the compiler writes bindings and hooks, load_a(batch, m, k), load_b(batch, k, n), store(batch, m, n, value)
// @grid  ceil(batch * M * N / THREADS) workgroups, folded into x and y
// @tune  THREADS
// @needs no workgroup memory
// @twin  numpy.matmul

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * ${THREADS}u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let batch = entry / ${ENTRIES_PER_MATRIX}u;
    let m = entry % ${ENTRIES_PER_MATRIX}u / ${N}u;
    let n = entry % ${N}u;
    var sum = 0.0;
    for (var k = 0u; k < ${K}u; k++) { sum += load_a(batch, m, k) * load_b(batch, k, n); }
    store(batch, m, n, sum);
}
