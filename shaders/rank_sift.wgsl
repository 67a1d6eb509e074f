// rank_sift: of the entries that rank_gather has listed, those in the buckets that hold wanted ranks.
//
// For the middle of few long rows, whose lists are too long for one workgroup. Every workgroup finds the buckets with the
// wanted ranks from their counts, then looks through one of CHUNKS stretches of the list.
//
// @bind  0 state  read  u32[ROWS * 8]; of rank_cut and rank_gather
// @bind  1 found  read  vec2<u32>[ROWS * FOUND]; keys and columns
// @bind  2 aside  write u32[ROWS * ASIDE]; entries in each bucket, scale and least
//        key of the buckets; entries sifted, least and largest key, the
//        entries in all buckets before, how many entries the counts promise
// @bind  3 sifted write vec2<u32>[ROWS * SIFTED_ROOM]; keys and columns in any order
// @grid  ROWS * CHUNKS workgroups, folded into x and y
// @tune  WG, CHUNKS, READS
// @needs 4 * STRETCH bytes of workgroup memory, and 8 * WG for buckets
// @twin  none: a set in any order

// @import rank_keys
// @import rank_buckets

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(1) var<storage, read> found: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> aside: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> sifted: array<vec2<u32>>;

var<workgroup> extremes: array<atomic<u32>, 2>;
var<workgroup> kept: array<u32, ${STRETCH}>; // places in the list of what goes on
var<workgroup> kept_count: atomic<u32>;
var<workgroup> place: u32;

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
    if (task >= ${ROWS}u * ${CHUNKS}u) { return; }
    thread = index;
    // #if SUBGROUPS
    lane = subgroup_lane;
    lanes = subgroup_lanes;
    // #end
    let row = task / ${CHUNKS}u;
    let chunk = task % ${CHUNKS}u;
    // Read before it is known how many there are, so that nothing waits for it.
    // #for I < READS
    let slot_${I} = chunk * ${STRETCH}u + ${I}u * ${WG}u + thread;
    let key_${I} = found[row * ${FOUND}u + min(slot_${I}, ${FOUND}u - 1u)].x;
    // #end
    let taken = min(state[row * 8u + 2u], ${FOUND}u);
    let before = state[row * 8u + 3u];
    let valid = ${COLS}u - state[row * 8u + 6u];
    let start = (valid - min(valid, ${K}u)) / 2u;
    let stop = min(start + ${K}u, valid);
    let own = row * ${ASIDE}u;
    let deal = deal_by_value(atomicLoad(&aside[own + ${SCALE}u + 1u]), atomicLoad(&aside[own + ${SCALE}u]));
    for (var word = thread; word < BUCKETS; word += ${WG}u) { atomicStore(&buckets[word], atomicLoad(&aside[own + word])); }
    if (thread == 0u) {
        atomicStore(&extremes[0], NO_KEY);
        atomicStore(&extremes[1], 0u);
        atomicStore(&kept_count, 0u);
    }
    clear_ranked();
    workgroupBarrier();
    // the counts are there
    start_buckets(vec2<u32>(max(start, before), max(max(stop, 1u) - 1u, before)) - vec2<u32>(before));
    workgroupBarrier();
    // the starts are stored
    let first_bucket = ranked[0];
    let last_bucket = ranked[1];
    let offset = bucket_start(first_bucket);
    var least = NO_KEY;
    var most = 0u;
    // #for I < READS
    let bucket_${I} = bucket_of(key_${I}, deal);
    if ((bucket_${I} >= first_bucket) & (bucket_${I} <= last_bucket) & (slot_${I} < taken)) {
        kept[atomicAdd(&kept_count, 1u)] = slot_${I};
        least = min(least, key_${I});
        most = max(most, key_${I});
    }
    // #end
    if (least != NO_KEY) {
        atomicMin(&extremes[0], least);
        atomicMax(&extremes[1], most);
    }
    workgroupBarrier();
    // the extremes are complete
    let count = atomicLoad(&kept_count);
    if ((thread == 0u) & (count > 0u)) {
        place = atomicAdd(&aside[own + ${SIFTED_COUNT}u], count);
        // The least key is kept as its complement, so that zero is where to begin.
        atomicMax(&aside[own + ${SIFTED_COUNT}u + 1u], ~atomicLoad(&extremes[0]));
        atomicMax(&aside[own + ${SIFTED_COUNT}u + 2u], atomicLoad(&extremes[1]));
    }
    if ((thread == 0u) & (chunk == 0u)) {
        atomicStore(&aside[own + ${SIFTED_COUNT}u + 3u], before + offset);
        atomicStore(&aside[own + ${SIFTED_COUNT}u + 4u], bucket_end(last_bucket, taken) - offset);
    }
    workgroupBarrier();
    // what goes on has its place
    for (var each = thread; each < count; each += ${WG}u) {
        if (place + each < ${SIFTED_ROOM}u) { sifted[row * ${SIFTED_ROOM}u + place + each] = found[row * ${FOUND}u + kept[each]]; }
    }
}
