// matmul_tile: a tile of the product per workgroup, operand tiles staged in workgroup memory.
//
// Threads copy 4x4 blocks of both operands into workgroup memory, with K as the slow axis whatever the operands'
// layouts, while the blocks of the next K-tile are already on their way to registers. Each thread then multiplies
// ROW_BLOCKS x COLUMN_BLOCKS blocks of 4x4; its blocks lie THREAD_ROWS (THREAD_COLUMNS) blocks apart and the lanes
// of 32 neighbours form 4 rows of 8, which keeps the reads free of bank conflicts. Sizes are constants and the
// slow index of workgroup memory is a literal, so that one clamp serves all of a thread's reads.
//
// @bind  none: the compiler writes bindings and hooks (see @hooks in matmul_blocks)
// @grid  ceil(M / TILE_M) * ceil(N / TILE_N) * batch workgroups, folded into x and y
// @tune  TILE_M, TILE_N, DEPTH: the tile; ROW_BLOCKS, COLUMN_BLOCKS = 1 or 2
// @needs DEPTH * (TILE_M + TILE_N) * 4 bytes of workgroup memory
// @twin  numpy.matmul
//
// @import matmul_blocks

var<workgroup> sh_a: array<array<vec4<f32>, ${A_WIDTH}>, ${DEPTH}>;
var<workgroup> sh_b: array<array<vec4<f32>, ${B_WIDTH}>, ${DEPTH}>;

// Where a staged block lies: x its block along M or N, y its first depth. Eight neighbours share a depth.
fn block_place(block: u32) -> vec2<u32> {
    return vec2<u32>(block % 8u + block / (8u * ${DEPTH_BLOCKS}u) * 8u, block / 8u % ${DEPTH_BLOCKS}u * 4u);
}

// The operands' blocks, A's first, are numbered through; one number per thread and round.
fn fetch(batch: u32, m: u32, n: u32, k: u32, block: u32) -> mat4x4<f32> {
    if (block < ${A_BLOCKS}u) {
        let place = block_place(block);
        return block_a(batch, m + place.x * 4u, k + place.y);
    }
    if (block < ${ALL_BLOCKS}u) {
        let place = block_place(block - ${A_BLOCKS}u);
        return block_b(batch, k + place.y, n + place.x * 4u);
    }
    return mat4x4<f32>();
}

fn stash(block: u32, value: mat4x4<f32>) {
    if (block < ${A_BLOCKS}u) {
        let place = block_place(block);
        // #for C < 4
        sh_a[place.y + ${C}u][place.x] = value[${C}];
        // #end
    } else if (block < ${ALL_BLOCKS}u) {
        let place = block_place(block - ${A_BLOCKS}u);
        // #for C < 4
        sh_b[place.y + ${C}u][place.x] = value[${C}];
        // #end
    }
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let group_ix = group.y * ${GRID_X}u + group.x;
    if (group_ix >= ${GROUPS}u) { return; }
    let batch = group_ix / ${GROUPS_PER_MATRIX}u;
    let m = (group_ix % ${GROUPS_PER_MATRIX}u) / ${GROUPS_N}u * ${TILE_M}u;
    let n = group_ix % ${GROUPS_N}u * ${TILE_N}u;
    let cell = thread / 32u;
    let row_ix = cell / ${CELLS_N}u * 4u + thread % 32u / 8u;
    let column_ix = cell % ${CELLS_N}u * 8u + thread % 8u;

    // #for I < ROW_BLOCKS
    // #for R < 4
    // #for J < COLUMN_BLOCKS
    var sum_${I}_${R}_${J} = vec4<f32>();
    // #end
    // #end
    // #end
    // #for F < ROUNDS
    var next_${F} = fetch(batch, m, n, 0u, thread + ${F}u * ${THREADS}u);
    // #end
    for (var step = 0u; step < ${STEPS}u; step++) {
        workgroupBarrier();
        // every thread has finished with the previous tile
        // #for F < ROUNDS
        stash(thread + ${F}u * ${THREADS}u, next_${F});
        // #end
        workgroupBarrier();
        // this step's tiles are in sh_a and sh_b
        if (step + 1u < ${STEPS}u) {
            // #for F < ROUNDS
            next_${F} = fetch(batch, m, n, (step + 1u) * ${DEPTH}u, thread + ${F}u * ${THREADS}u);
            // #end
        }
        // #for D < DEPTH
        {
            // #for I < ROW_BLOCKS
            let a_${I} = sh_a[${D}][row_ix + ${I}u * ${THREAD_ROWS}u];
            // #end
            // #for J < COLUMN_BLOCKS
            let b_${J} = sh_b[${D}][column_ix + ${J}u * ${THREAD_COLUMNS}u];
            // #end
            // #for I < ROW_BLOCKS
            // #for R < 4
            // #for J < COLUMN_BLOCKS
            sum_${I}_${R}_${J} += a_${I}[${R}] * b_${J};
            // #end
            // #end
            // #end
        }
        // #end
    }
    // #for I < ROW_BLOCKS
    // #for R < 4
    // #for J < COLUMN_BLOCKS
    store_run(batch, m + (row_ix + ${I}u * ${THREAD_ROWS}u) * 4u + ${R}u,
              n + (column_ix + ${J}u * ${THREAD_COLUMNS}u) * 4u, sum_${I}_${R}_${J});
    // #end
    // #end
    // #end
}
