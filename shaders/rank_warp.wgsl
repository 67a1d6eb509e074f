// rank_warp: the first K entries of short rows, in order, one subgroup per row.
//
// Every lane keeps KEYS_PER_LANE keys. With COUNTED a few guesses find a cut with K keys or some more before it; those
// are listed in workgroup memory, and each finds its rank by counting the ones before it. Where they are too many for
// the list (and always without COUNTED) the subgroup takes out the first key left, K times. All lanes stay in step:
// nothing here branches on a row's data around a subgroup operation. The middle of a row is not for this kernel: with
// seven or more keys per lane one driver (NVIDIA 580.159.04) sums such counts wrong.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @grid  ceil(ROWS / (WG / LANES)) workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE, COUNTED
// @needs subgroups of LANES consecutive invocations, at most 32
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;

// #for I < KEYS_PER_LANE
var<private> own_${I}: u32;
// #end

// #if COUNTED
var<workgroup> overflows: atomic<u32>;
var<workgroup> unfinished: u32;
var<workgroup> listed_key: array<u32, ${LIST_SLOTS}>;
var<workgroup> listed_column: array<u32, ${LIST_SLOTS}>;
// #end

// #if COUNTED
struct Bracket {
    low: u32,
    low_count: u32, // keys before low
    high: u32,
    high_count: u32,
}

fn count_before(limit: u32) -> u32 {
    var count = 0u;
    // #for I < KEYS_PER_LANE
    count += select(0u, 1u, own_${I} < limit);
    // #end
    return subgroupAdd(count);
}

fn whole_range(valid: u32) -> Bracket {
    var least = NO_KEY;
    var most = 0u;
    // #for I < KEYS_PER_LANE
    least = min(least, own_${I});
    most = max(most, select(0u, own_${I}, own_${I} <= LAST_KEY));
    // #end
    let low = min(subgroupMin(least), LAST_KEY);
    return Bracket(low, 0u, max(subgroupMax(most), low) + 1u, valid);
}

/// A key inside the bracket: where `wanted` keys would lie before it on a straight line of values.
fn guess(bracket: Bracket, wanted: u32) -> u32 {
    let part = f32(wanted - min(wanted, bracket.low_count)) / f32(max(bracket.high_count - bracket.low_count, 1u));
    let low_value = order_value(bracket.low);
    let high_value = order_value(min(bracket.high, LAST_KEY));
    let key = key_of_value(low_value + clamp(part, 0.0, 1.0) * (high_value - low_value));
    return clamp(key, bracket.low, bracket.high);
}

/// The bracket with `count` keys before `key`, which lies inside: at most `wanted` before its low end. As it was unless
/// `open`; without a branch, as a driver was seen to get the subgroup's next sum wrong behind one.
fn narrowed(bracket: Bracket, key: u32, count: u32, wanted: u32, open: bool) -> Bracket {
    let raise = open & (count <= wanted);
    let lower = open & (count > wanted);
    return Bracket(
        select(bracket.low, key, raise),
        select(bracket.low_count, count, raise),
        select(bracket.high, key, lower),
        select(bracket.high_count, count, lower),
    );
}
// #end

fn write(row: u32, place: u32, key: u32, column: u32) {
    let missing = key > LAST_KEY;
    var bits = select(bits_of_key(key), 0x7fc00000u, missing);
    if (key == ZERO_KEY) { bits = values[row * ${COLS}u + column]; }
    out_values[row * ${K}u + place] = bits;
    out_columns[row * ${K}u + place] = select(column, 0xffffffffu, missing);
}

// #if COUNTED
/// Lists the keys before a cut and writes the wanted ones; false where they are more than the list holds.
fn write_by_counting(row: u32, known: bool) -> bool {
    let valid = count_before(LAST_KEY + 1u);
    let wanted = min(${K}u, valid);
    var bracket = whole_range(valid);
    for (var step = 0u; step < ${GUESSES}u; step++) {
        let key = guess(bracket, min(wanted + ${SPARE}u, valid));
        let count = count_before(key);
        bracket = narrowed(bracket, key, count, max(wanted, 1u) - 1u, bracket.high_count > wanted + 2u * ${SPARE}u);
    }
    let base = thread / ${LANES}u * ${LIST}u;
    var count = 0u;
    // #for I < KEYS_PER_LANE
    let inside_${I} = (own_${I} < bracket.high) & (own_${I} <= LAST_KEY);
    let votes_${I} = subgroupBallot(inside_${I}).x;
    let slot_${I} = count + countOneBits(votes_${I} & ((1u << lane) - 1u));
    if (inside_${I} & (slot_${I} < ${LIST}u)) {
        listed_key[base + slot_${I}] = own_${I};
        listed_column[base + slot_${I}] = ${I}u * ${LANES}u + lane;
    }
    count += countOneBits(votes_${I});
    // #end
    workgroupBarrier();
    // the lists are complete
    let complete = (count <= ${LIST}u) & (count >= wanted);
    if (complete && known) {
        for (var slot = lane; slot < count; slot += ${LANES}u) {
            let key = listed_key[base + slot];
            let column = listed_column[base + slot];
            var rank = 0u;
            for (var other = 0u; other < count; other++) {
                let other_key = listed_key[base + other];
                let earlier = (other_key < key) | ((other_key == key) & (listed_column[base + other] < column));
                rank += select(0u, 1u, earlier);
            }
            if (rank < ${K}u) { write(row, rank, key, column); }
        }
        for (var place = wanted + lane; place < ${K}u; place += ${LANES}u) { write(row, place, NO_KEY, 0u); }
    }
    return complete;
}
// #end

/// Takes out the first key left, K times. Every lane holds one of the last LANES entries; they are written together.
fn write_by_taking_out(row: u32, known: bool) {
    var first = NO_KEY;
    var first_column = 0u;
    // #for I < KEYS_PER_LANE
    first_column = select(first_column, ${I}u * ${LANES}u + lane, own_${I} < first);
    first = min(first, own_${I});
    // #end
    var kept_key = NO_KEY;
    var kept_column = 0u;
    for (var place = 0u; place < ${K}u; place++) {
        let key = subgroupMin(first);
        let column = subgroupMin(select(NO_KEY, first_column, first == key));
        let mine = place % ${LANES}u == lane;
        kept_key = select(kept_key, key, mine);
        kept_column = select(kept_column, column, mine);
        let own_place = place / ${LANES}u * ${LANES}u + lane;
        let full = (place % ${LANES}u == ${LANES}u - 1u) | (place == ${K}u - 1u);
        if (full & (own_place <= place) & known) { write(row, own_place, kept_key, kept_column); }
        first = NO_KEY;
        first_column = 0u;
        // #for I < KEYS_PER_LANE
        own_${I} = select(own_${I}, NO_KEY, ${I}u * ${LANES}u + lane == column);
        first_column = select(first_column, ${I}u * ${LANES}u + lane, own_${I} < first);
        first = min(first, own_${I});
        // #end
    }
}

@compute @workgroup_size(${WG})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
    thread = index;
    lane = subgroup_lane;
    let task = (group.y * ${GRID_X}u + group.x) * ${ROWS_PER_GROUP}u + thread / ${LANES}u;
    let known = task < ${ROWS}u;
    let row = min(task, ${ROWS}u - 1u);
    // #for I < KEYS_PER_LANE
    let bits_${I} = values[row * ${COLS}u + min(${I}u * ${LANES}u + lane, ${COLS}u - 1u)];
    own_${I} = select(NO_KEY, order_key(bits_${I}), ${I}u * ${LANES}u + lane < ${COLS}u);
    // #end
    // #if COUNTED
    if (thread == 0u) { atomicStore(&overflows, 0u); }
    workgroupBarrier();
    // the counter is clear
    if (!write_by_counting(row, known)) { atomicAdd(&overflows, 1u); }
    workgroupBarrier();
    // every subgroup has said whether it is done
    if (thread == 0u) { unfinished = atomicLoad(&overflows); }
    if (workgroupUniformLoad(&unfinished) == 0u) { return; }
    // #end
    write_by_taking_out(row, known);
}
