// rank_warp: the K wanted entries of short rows, in order, one subgroup per row.
//
// Every lane keeps KEYS_PER_LANE keys; the subgroup takes out the first one left, K times. For the middle, bisection
// over the keys finds where the wanted ones start; keys equal there are taken out in column order before the first
// wanted one. All lanes stay in step: nothing here branches on data around a subgroup operation.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @grid  ceil(ROWS / (WG / LANES)) workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE
// @needs subgroups of LANES consecutive invocations
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;

// #for I < KEYS_PER_LANE
var<private> own_${I}: u32;
// #end
var<private> lane: u32;

// #if MIDDLE
var<workgroup> most_skipped: atomic<u32>;
var<workgroup> rounds: u32;

fn count_before(limit: u32) -> u32 {
    var count = 0u;
    // #for I < KEYS_PER_LANE
    count += select(0u, 1u, own_${I} < limit);
    // #end
    return subgroupAdd(count);
}

/// Takes out all keys before the wanted ones but for some equal ones; returns how many of those are left.
fn skip_to_middle() -> u32 {
    let valid = count_before(LAST_KEY + 1u);
    let start = (valid - min(valid, ${K}u)) / 2u;
    var least = NO_KEY;
    var most = 0u;
    // #for I < KEYS_PER_LANE
    least = min(least, own_${I});
    most = max(most, select(0u, own_${I}, own_${I} <= LAST_KEY));
    // #end
    var low = min(subgroupMin(least), LAST_KEY);
    var high = max(subgroupMax(most), low) + 1u;
    var count = 0u;
    for (var step = 0u; step < 32u; step++) {
        let middle = low + (high - low) / 2u;
        let before = count_before(middle);
        let ahead = before <= start && count < start;
        count = select(count, before, ahead);
        low = select(low, middle, ahead);
        high = select(middle, high, ahead || count == start);
    }
    // #for I < KEYS_PER_LANE
    own_${I} = select(own_${I}, NO_KEY, own_${I} < low);
    // #end
    return start - count;
}
// #end

@compute @workgroup_size(${WG})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
    thread = index;
    lane = subgroup_lane;
    let task = (group.y * ${GRID_X}u + group.x) * ${ROWS_PER_GROUP}u + thread / ${LANES}u;
    let row = min(task, ${ROWS}u - 1u);
    // #for I < KEYS_PER_LANE
    let bits_${I} = values[row * ${COLS}u + min(${I}u * ${LANES}u + lane, ${COLS}u - 1u)];
    own_${I} = select(NO_KEY, order_key(bits_${I}), ${I}u * ${LANES}u + lane < ${COLS}u);
    // #end
    // #if MIDDLE
    if (thread == 0u) { atomicStore(&most_skipped, 0u); }
    workgroupBarrier();
    // the maximum is clear
    let skipped = skip_to_middle();
    if (lane == 0u) { atomicMax(&most_skipped, skipped); }
    workgroupBarrier();
    // the maximum is complete
    if (thread == 0u) { rounds = atomicLoad(&most_skipped) + ${K}u; }
    let steps = workgroupUniformLoad(&rounds);
    // #else
    let steps = ${K}u;
    let skipped = 0u;
    // #end
    var first = NO_KEY;
    var first_column = 0u;
    // #for I < KEYS_PER_LANE
    first_column = select(first_column, ${I}u * ${LANES}u + lane, own_${I} < first);
    first = min(first, own_${I});
    // #end
    var kept_key = NO_KEY;
    var kept_column = 0u;
    for (var step = 0u; step < steps; step++) {
        let key = subgroupMin(first);
        let column = subgroupMin(select(NO_KEY, first_column, first == key));
        let place = step - skipped;
        let mine = step >= skipped && place % ${LANES}u == lane;
        kept_key = select(kept_key, key, mine);
        kept_column = select(kept_column, column, mine);
        // Every lane holds one entry of the last LANES places: they are written together.
        let own_place = place / ${LANES}u * ${LANES}u + lane;
        let full = place % ${LANES}u == ${LANES}u - 1u || place == ${K}u - 1u;
        if (step >= skipped && full && own_place <= place && place < ${K}u && task < ${ROWS}u) {
            out_columns[row * ${K}u + own_place] = select(kept_column, 0xffffffffu, kept_key > LAST_KEY);
            out_values[row * ${K}u + own_place] = select(
                values[row * ${COLS}u + min(kept_column, ${COLS}u - 1u)], 0x7fc00000u, kept_key > LAST_KEY);
        }
        first = NO_KEY;
        first_column = 0u;
        // #for I < KEYS_PER_LANE
        own_${I} = select(own_${I}, NO_KEY, ${I}u * ${LANES}u + lane == column);
        first_column = select(first_column, ${I}u * ${LANES}u + lane, own_${I} < first);
        first = min(first, own_${I});
        // #end
    }
}
