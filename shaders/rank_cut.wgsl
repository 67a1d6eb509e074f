// rank_cut: cuts of the key range of each row that should hold the K wanted entries, from a sample of the row.
//
// The sample is WG * KEYS_PER_LANE entries in pieces of 32 neighbours, one piece at a scattered place in each of as many
// equal stretches. The cuts lie MARGIN sampled entries outside the wanted ones, so that they rarely miss; whoever uses
// them counts and notices.
//
// @bind  0 values read  u32[ROWS * COLS]; the bits of float32
// @bind  1 state  write u32[ROWS * 8]; first, end, five zeros for rank_gather to count in, least key
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE
// @needs 1 KiB of workgroup memory
// @twin  none: an estimate

// @import rank_keys
// @import rank_cuts

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let row = group.y * ${GRID_X}u + group.x;
    if (row >= ${ROWS}u) { return; }
    thread = index;
    prepare_search();
    // #for I < KEYS_PER_LANE
    let piece_${I} = ${I}u * ${PIECES}u + thread / 32u;
    let shift_${I} = ((piece_${I} * 0x9e3779b1u) >> 8u) % (${STRETCH}u - 31u);
    own_${I} = order_key(values[row * ${COLS}u + piece_${I} * ${STRETCH}u + shift_${I} + thread % 32u]);
    // #end
    workgroupBarrier();
    // the sums are clear
    survey();
    workgroupBarrier();
    // the survey is complete
    // #if MIDDLE
    let half = atomicLoad(&sums[VALID]) / 2u;
    let cuts = find_cuts(half - min(half, ${MARGIN}u), half + ${MARGIN}u, ${SLACK}u);
    // #else
    let cuts = find_cuts(0u, ${MARGIN}u, ${SLACK}u);
    // #end
    if (thread < 7u) { state[row * 8u + thread] = select(select(0u, cuts.end, thread == 1u), cuts.first, thread == 0u); }
    if (thread == 7u) { state[row * 8u + 7u] = atomicLoad(&extremes[0]); }
}
