// rank_warp: the K wanted entries of short rows, in order, one subgroup per row.
//
// Every lane keeps KEYS_PER_LANE keys. With COUNTED a few guesses find cuts with K keys or some more between them; those
// are listed in workgroup memory, and each finds its rank by counting the ones before it. Where they are too many for
// the list (and always without COUNTED) the subgroup takes out the first key left, one after the other. All lanes stay
// in step: nothing here branches on a row's data around a subgroup operation.
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
var<private> lane: u32;

var<workgroup> most_rounds: atomic<u32>;
var<workgroup> rounds: u32;
// #if COUNTED
var<workgroup> listed_key: array<u32, ${LIST_SLOTS}>;
var<workgroup> listed_column: array<u32, ${LIST_SLOTS}>;
// #end

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
    let raise = open && count <= wanted;
    let lower = open && count > wanted;
    return Bracket(
        select(bracket.low, key, raise),
        select(bracket.low_count, count, raise),
        select(bracket.high, key, lower),
        select(bracket.high_count, count, lower),
    );
}

// #if MIDDLE
/// Takes out all keys before the wanted ones but for some equal ones; returns how many of those are left.
fn skip_to(start: u32, valid: u32) -> u32 {
    var bracket = whole_range(valid);
    for (var step = 0u; step < 34u; step++) {
        let middle = bracket.low + (bracket.high - bracket.low) / 2u;
        let count = count_before(middle);
        let open = bracket.low_count < start && bracket.high - bracket.low > 1u;
        bracket = narrowed(bracket, middle, count, start, open);
    }
    // #for I < KEYS_PER_LANE
    own_${I} = select(own_${I}, NO_KEY, own_${I} < bracket.low);
    // #end
    return start - bracket.low_count;
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
/// Lists the keys between two cuts and writes the wanted ones; false where they are more than the list holds.
fn write_by_counting(row: u32, known: bool, start: u32, valid: u32) -> bool {
    let stop = min(start + ${K}u, valid);
    var end = whole_range(valid);
    // #if MIDDLE
    var first = end;
    // #end
    for (var step = 0u; step < ${GUESSES}u; step++) {
        let end_guess = guess(end, min(stop + ${SPARE}u, valid));
        let end_count = count_before(end_guess);
        end = narrowed(end, end_guess, end_count, max(stop, 1u) - 1u, end.high_count > stop + 2u * ${SPARE}u);
        // #if MIDDLE
        let first_guess = guess(first, start - min(start, ${SPARE}u));
        let first_count = count_before(first_guess);
        first = narrowed(first, first_guess, first_count, start, first.low_count + 2u * ${SPARE}u < start);
        // #end
    }
    // #if MIDDLE
    let low = first.low;
    let before = first.low_count;
    // #else
    let low = 0u;
    let before = 0u;
    // #end
    let base = thread / ${LANES}u * ${LIST}u;
    var count = 0u;
    // #for I < KEYS_PER_LANE
    let inside_${I} = own_${I} >= low && own_${I} < end.high && own_${I} <= LAST_KEY;
    let votes_${I} = subgroupBallot(inside_${I}).x;
    let slot_${I} = count + countOneBits(votes_${I} & ((1u << lane) - 1u));
    if (inside_${I} && slot_${I} < ${LIST}u) {
        listed_key[base + slot_${I}] = own_${I};
        listed_column[base + slot_${I}] = ${I}u * ${LANES}u + lane;
    }
    count += countOneBits(votes_${I});
    // #end
    workgroupBarrier();
    // the lists are complete
    let complete = count <= ${LIST}u;
    if (complete && known) {
        for (var slot = lane; slot < count; slot += ${LANES}u) {
            let key = listed_key[base + slot];
            let column = listed_column[base + slot];
            var rank = before;
            for (var other = 0u; other < count; other++) {
                let other_key = listed_key[base + other];
                let earlier = other_key < key || (other_key == key && listed_column[base + other] < column);
                rank += select(0u, 1u, earlier);
            }
            if (rank >= start && rank < stop) { write(row, rank - start, key, column); }
        }
        for (var place = stop - min(start, stop) + lane; place < ${K}u; place += ${LANES}u) {
            write(row, place, NO_KEY, 0u);
        }
    }
    return complete;
}
// #end

/// Takes out the first key left, `steps` times for the row that needs it most, and writes the wanted ones.
fn write_by_taking_out(row: u32, known: bool, skipped: u32, steps: u32) {
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
        if (step >= skipped && full && own_place <= place && place < ${K}u && known) {
            write(row, own_place, kept_key, kept_column);
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
    if (thread == 0u) { atomicStore(&most_rounds, 0u); }
    workgroupBarrier();
    // the maximum is clear
    let valid = count_before(LAST_KEY + 1u);
    // #if MIDDLE
    let start = (valid - min(valid, ${K}u)) / 2u;
    // #else
    let start = 0u;
    // #end
    // #if COUNTED
    if (!write_by_counting(row, known, start, valid)) { atomicMax(&most_rounds, 1u); }
    workgroupBarrier();
    // every subgroup has said whether it is done
    if (thread == 0u) { rounds = atomicLoad(&most_rounds); }
    if (workgroupUniformLoad(&rounds) == 0u) { return; }
    // #end
    // #if MIDDLE
    let skipped = skip_to(start, valid);
    // #else
    let skipped = 0u;
    // #end
    if (lane == 0u) { atomicMax(&most_rounds, skipped + ${K}u); }
    workgroupBarrier();
    // the maximum is complete
    if (thread == 0u) { rounds = atomicLoad(&most_rounds); }
    write_by_taking_out(row, known, skipped, workgroupUniformLoad(&rounds));
}
