// rank_lane: the K wanted entries of each row, in order, by one lane a row.
//
// The lane finds the first and the last wanted key digit by digit (radix select), lists what lies between them in the
// order of the columns, and puts the list in order where it stands (heapsort). Nothing here waits for another lane: for
// devices that run lanes on CPU cores, where a barrier costs as much as hundreds of comparisons.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @grid  ceil(ROWS / WG) workgroups, folded into x and y
// @tune  WG
// @needs 1 KiB of private memory
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;

const DIGITS = 256u; // values of a digit of eight bits
var<private> counts: array<u32, 256>;

struct Cut {
    key: u32,
    before: u32, // keys before it
}

fn key_at(row: u32, column: u32) -> u32 {
    let key = order_key(values[row * ${COLS}u + min(column, ${COLS}u - 1u)]);
    return select(NO_KEY, key, column < ${COLS}u);
}

fn count_numbers(row: u32) -> u32 {
    var count = 0u;
    for (var column = 0u; column < ${COLS}u; column += 4u) {
        // #for I < 4
        count += select(0u, 1u, key_at(row, column + ${I}u) <= LAST_KEY);
        // #end
    }
    return count;
}

/// The key with a rank that is less than the number of keys which are not NaN.
fn cut_at(row: u32, rank: u32) -> Cut {
    var cut = Cut(0u, 0u);
    var shift = 32u;
    while (shift > 0u) {
        shift -= 8u;
        for (var digit = 0u; digit < DIGITS; digit += 4u) {
            // #for I < 4
            counts[digit + ${I}u] = 0u;
            // #end
        }
        for (var column = 0u; column < ${COLS}u; column += 4u) {
            // #for I < 4
            let key_${I} = key_at(row, column + ${I}u);
            if (((key_${I} ^ cut.key) >> shift) < DIGITS) { counts[(key_${I} >> shift) & (DIGITS - 1u)] += 1u; }
            // #end
        }
        var digit = 0u;
        while ((digit < DIGITS - 1u) & (cut.before + counts[digit] <= rank)) {
            cut.before += counts[digit];
            digit += 1u;
        }
        cut.key |= digit << shift;
    }
    return cut;
}

fn comes_later(key: u32, column: u32, other_key: u32, other_column: u32) -> bool {
    return (key > other_key) | ((key == other_key) & (column > other_column));
}

/// Lets an entry sink from a place of the heap of `count` entries at `base` until none below it comes later.
fn sink(base: u32, place: u32, count: u32, key: u32, column: u32) {
    var hole = place;
    var below = 2u * hole + 1u;
    while (below < count) {
        var below_key = out_values[base + below];
        var below_column = out_columns[base + below];
        let other = min(below + 1u, count - 1u);
        let other_key = out_values[base + other];
        let other_column = out_columns[base + other];
        if (comes_later(other_key, other_column, below_key, below_column)) {
            below = other;
            below_key = other_key;
            below_column = other_column;
        }
        if (!comes_later(below_key, below_column, key, column)) { break; }
        out_values[base + hole] = below_key;
        out_columns[base + hole] = below_column;
        hole = below;
        below = 2u * hole + 1u;
    }
    out_values[base + hole] = key;
    out_columns[base + hole] = column;
}

fn sort_list(base: u32, count: u32) {
    for (var left = count / 2u; left > 0u; left--) {
        sink(base, left - 1u, count, out_values[base + left - 1u], out_columns[base + left - 1u]);
    }
    for (var end = count; end > 1u; end--) {
        let key = out_values[base + end - 1u];
        let column = out_columns[base + end - 1u];
        out_values[base + end - 1u] = out_values[base];
        out_columns[base + end - 1u] = out_columns[base];
        sink(base, 0u, end - 1u, key, column);
    }
}

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let row = (group.y * ${GRID_X}u + group.x) * ${WG}u + index;
    if (row >= ${ROWS}u) { return; }
    let valid = count_numbers(row);
    var start = 0u;
    // #if MIDDLE
    start = (valid - min(valid, ${K}u)) / 2u;
    // #end
    let stop = min(start + ${K}u, valid);
    let base = row * ${K}u;
    var listed = 0u;
    if (stop > 0u) {
        let last = cut_at(row, stop - 1u);
        let last_ties = stop - last.before; // of the entries with its key, in order of the columns
        var ties = 0u;
        // #if MIDDLE
        let first = cut_at(row, start);
        let first_ties = start - first.before; // come before those that are wanted
        var early_ties = 0u;
        // #end
        for (var column = 0u; column < ${COLS}u; column += 4u) {
            // #for I < 4
            let key_${I} = key_at(row, column + ${I}u);
            let tied_${I} = key_${I} == last.key;
            var wanted_${I} = (key_${I} < last.key) | (tied_${I} & (ties < last_ties));
            ties += select(0u, 1u, tied_${I});
            // #if MIDDLE
            let early_${I} = key_${I} == first.key;
            wanted_${I} = wanted_${I} & ((key_${I} > first.key) | (early_${I} & (early_ties >= first_ties)));
            early_ties += select(0u, 1u, early_${I});
            // #end
            if (wanted_${I}) {
                out_values[base + listed] = key_${I};
                out_columns[base + listed] = column + ${I}u;
                listed += 1u;
            }
            // #end
        }
        sort_list(base, listed);
    }
    for (var place = 0u; place < ${K}u; place++) {
        if (place < listed) {
            let key = out_values[base + place];
            var bits = bits_of_key(key);
            if (key == ZERO_KEY) { bits = values[row * ${COLS}u + out_columns[base + place]]; }
            out_values[base + place] = bits;
        } else {
            out_values[base + place] = 0x7fc00000u;
            out_columns[base + place] = 0xffffffffu;
        }
    }
}
