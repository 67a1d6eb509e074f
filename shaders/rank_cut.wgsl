// rank_cut: cuts of the key range of each row that should hold the K wanted entries, from a sample of the row.
//
// The sample is WG * KEYS_PER_LANE entries in pieces of 32 neighbours, one piece at a scattered place in each of as many
// equal stretches. The cuts lie MARGIN sampled entries outside the wanted ones, so that they rarely miss; whoever uses
// them counts and notices. With JOINED a row has PARTS samples, of a workgroup each, whose outermost cuts rank_gather
// takes.
//
// @bind  0 values read  u32[ROWS * COLS]; the bits of float32
// @bind  1 state  write u32[ROWS * 8]; first, end, five zeros for rank_gather to count in, the largest key for its least
// @bind  2 parted write vec2<u32>[ROWS * PARTS]; with JOINED: the cuts, which rank_gather puts into the state
// @bind  3 aside  write u32[ROWS * ASIDE]; with SIFTED: zeros for rank_gather and rank_sift to count in
// @grid  ROWS * PARTS workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE
// @needs 12 * WG bytes of workgroup memory for buckets, and 1 KiB
// @twin  none: an estimate

// @import rank_keys
// @import rank_buckets
// @import rank_cuts
// @import rank_sample

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> state: array<u32>;
// #if JOINED
@group(0) @binding(2) var<storage, read_write> parted: array<vec2<u32>>;
// #end
// #if SIFTED
@group(0) @binding(3) var<storage, read_write> aside: array<u32>;
// #end

@compute @workgroup_size(${WG})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
    // #if SUBGROUPS
    @builtin(subgroup_invocation_id) subgroup_lane: u32,
    @builtin(subgroup_size) subgroup_lanes: u32,
    // #end
) {
    let task = group.y * ${GRID_X}u + group.x;
    if (task >= ${ROWS}u * ${PARTS}u) { return; }
    thread = index;
    // #if SUBGROUPS
    lane = subgroup_lane;
    lanes = subgroup_lanes;
    // #end
    let row = task / ${PARTS}u;
    let part = task % ${PARTS}u;
    prepare_search();
    // #if not BY_LANES
    clear_buckets();
    // #end
    // #if SIFTED
    for (var word = thread; word < select(0u, ${ASIDE}u, part == 0u); word += ${WG}u) { aside[row * ${ASIDE}u + word] = 0u; }
    // #end
    take_sample(row, part);
    workgroupBarrier();
    // the sums are clear
    survey();
    workgroupBarrier();
    // the survey is complete
    let cuts = sampled_cuts(${MARGIN}u);
    if (thread < 8u && part == 0u) {
        let counter = select(0u, NO_KEY, thread == 7u);
        state[row * 8u + thread] = select(select(counter, cuts.end, thread == 1u), cuts.first, thread == 0u);
    }
    // #if JOINED
    if (thread == 0u) { parted[task] = vec2<u32>(cuts.first, cuts.end); }
    // #end
}
