// matmul_direct: blocks of a product in registers, operands straight from memory, K shared out among threads.
//
// Each thread owns a (4 ROW_BLOCKS) x (4 COLUMN_BLOCKS) block and every SLICES-th quad of K; with SLICES > 1 the
// slices are added in workgroup memory. It suits small products with a long K, where blocks of a staged tile would
// leave most of a GPU idle, and, with SLICES = 1, adapters that run on CPU cores, where barriers cost most.
//
// @bind  none: the compiler writes bindings and hooks (see @hooks in matmul_blocks)
// @grid  ceil(M / rows of a workgroup) * ceil(N / its columns) * batch workgroups, folded into x and y
// @tune  ROW_BLOCKS, COLUMN_BLOCKS = 1, 2 or 4; THREAD_ROWS, THREAD_COLUMNS, SLICES: threads
// @needs THREADS * ROW_BLOCKS * COLUMN_BLOCKS * 64 bytes of workgroup memory with SLICES > 1, else none
// @twin  numpy.matmul
//
// @import matmul_blocks

// #if SLICED
var<workgroup> sh_sum: array<array<vec4<f32>, ${OUTPUTS}>, ${SLICES}>;
// #end

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let group_ix = group.y * ${GRID_X}u + group.x;
    if (group_ix >= ${GROUPS}u) { return; }
    let batch = group_ix / ${GROUPS_PER_MATRIX}u;
    let row_ix = (group_ix % ${GROUPS_PER_MATRIX}u) / ${GROUPS_N}u;
    let column_ix = group_ix % ${GROUPS_N}u;
    let block = thread % ${BLOCKS}u;
    let slice = thread / ${BLOCKS}u;
    let m = (row_ix * ${THREAD_ROWS}u + block / ${THREAD_COLUMNS}u) * ${ROWS}u;
    let n = (column_ix * ${THREAD_COLUMNS}u + block % ${THREAD_COLUMNS}u) * ${COLUMNS}u;
    // #if not SLICED
    if (m >= ${M}u || n >= ${N}u) { return; }
    // #end

    // #for I < ROW_BLOCKS
    // #for R < 4
    // #for J < COLUMN_BLOCKS
    var sum_${I}_${R}_${J} = vec4<f32>();
    // #end
    // #end
    // #end
    for (var step = 0u; step < ${STEPS}u; step++) {
        let first = step * ${STEP_DEPTH}u + slice * 4u;
        // #for I < ROW_BLOCKS
        let a_${I} = block_a(batch, m + ${I}u * 4u, first);
        // #end
        // #for J < COLUMN_BLOCKS
        let b_${J} = block_b(batch, first, n + ${J}u * 4u);
        // #end
        // #for C < 4
        // #for I < ROW_BLOCKS
        // #for R < 4
        // #for J < COLUMN_BLOCKS
        sum_${I}_${R}_${J} += a_${I}[${C}][${R}] * b_${J}[${C}];
        // #end
        // #end
        // #end
        // #end
    }
    // #if SLICED
    // #for I < ROW_BLOCKS
    // #for R < 4
    // #for J < COLUMN_BLOCKS
    sh_sum[slice][((${I}u * 4u + ${R}u) * ${COLUMN_BLOCKS}u + ${J}u) * ${BLOCKS}u + block] = sum_${I}_${R}_${J};
    // #end
    // #end
    // #end
    workgroupBarrier();
    // every slice's part of the workgroup's outputs is in sh_sum
    for (var round = 0u; round < ${OUTPUT_ROUNDS}u; round++) {
        let output = round * ${THREADS}u + thread;
        if (output < ${OUTPUTS}u) {
            var total = sh_sum[0][output];
            // #for S < LATER_SLICES
            total += sh_sum[${S}u + 1u][output];
            // #end
            let owner = output % ${BLOCKS}u;
            let part = output / ${BLOCKS}u;
            let row = (row_ix * ${THREAD_ROWS}u + owner / ${THREAD_COLUMNS}u) * ${ROWS}u + part / ${COLUMN_BLOCKS}u;
            let column = (column_ix * ${THREAD_COLUMNS}u + owner % ${THREAD_COLUMNS}u) * ${COLUMNS}u
                + (part % ${COLUMN_BLOCKS}u) * 4u;
            store_run(batch, row, column, total);
        }
    }
    // #else
    // The epilogue in a loop: written out for every run it took most of the time to compile. One array per row of
    // blocks, as LLVM (lavapipe) takes seconds over an array of all of them.
    // #for I < ROW_BLOCKS
    var sums_${I} = array<vec4<f32>, ${RUNS}>(
        // #for R < 4
        // #for J < COLUMN_BLOCKS
        sum_${I}_${R}_${J},
        // #end
        // #end
    );
    for (var run = 0u; run < ${RUNS}u; run++) {
        let row = m + ${I}u * 4u + run / ${COLUMN_BLOCKS}u;
        store_run(batch, row, n + run % ${COLUMN_BLOCKS}u * 4u, sums_${I}[run]);
    }
    // #end
    // #end
}
