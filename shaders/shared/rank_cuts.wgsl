// rank_cuts: find keys that cut off about a wanted number of the workgroup's own keys.
//
// Every lane holds KEYS_PER_LANE keys in own_0, own_1, ...; absent ones are NO_KEY. All lanes follow the same steps
// from the same sums, so they agree on the result.

// #for I < KEYS_PER_LANE
var<private> own_${I}: u32;
// #end
var<private> own_least: u32;

var<workgroup> sums: array<atomic<u32>, 152>;
var<workgroup> extremes: array<atomic<u32>, 2>;
var<workgroup> searching: u32;

fn count_before(limit: u32) -> u32 {
    var count = 0u;
    // #for I < KEYS_PER_LANE
    count += select(0u, 1u, own_${I} < limit);
    // #end
    return count;
}

fn add_to_sum(place: u32, count: u32) {
    if (count > 0u) { atomicAdd(&sums[place], count); }
}

/// Clears what the search uses; a barrier must follow before it.
fn prepare_search() {
    for (var place = thread; place < 152u; place += ${WG}u) { atomicStore(&sums[place], 0u); }
    if (thread == 0u) {
        atomicStore(&extremes[0], NO_KEY);
        atomicStore(&extremes[1], 0u);
        searching = 1u;
    }
}

/// Leaves the number of keys that are not NaN in sums[VALID] and the smallest and largest such key in extremes.
fn survey() {
    own_least = NO_KEY;
    var most = 0u;
    // #for I < KEYS_PER_LANE
    own_least = min(own_least, own_${I});
    most = max(most, select(0u, own_${I}, own_${I} <= LAST_KEY));
    // #end
    add_to_sum(VALID, count_before(LAST_KEY + 1u));
    atomicMin(&extremes[0], own_least);
    atomicMax(&extremes[1], most);
}

const ROUNDS = 14u; // of 4 steps: three guesses and a halving in each of the first, then 40 halvings
const VALID = 112u; // place of the number of keys that are not NaN; then of those before the lanes' limit

// #if BY_LANES
/// A limit with `wanted` lanes or a few more whose least key lies before it: then at least as many keys do, and where
/// keys are scattered not many more. Nearly free, as every lane compares one key.
fn limit_by_lanes(wanted: u32, least: u32, beyond: u32) -> u32 {
    var low = least;
    var high = beyond;
    var lanes = ${WG}u;
    for (var round = 0u; round < 4u; round++) {
        if (workgroupUniformLoad(&searching) == 0u) { break; }
        for (var step = 0u; step < 8u; step++) {
            let place = 120u + round * 8u + step;
            let middle = low + (high - low) / 2u;
            if (own_least < middle) { atomicAdd(&sums[place], 1u); }
            workgroupBarrier();
            // all lanes have counted themselves
            if ((high - low > 1u) & (lanes > wanted + wanted / 8u)) {
                let count = atomicLoad(&sums[place]);
                if (count >= wanted) {
                    high = middle;
                    lanes = count;
                } else {
                    low = middle;
                }
            }
        }
        if (thread == 0u && (high - low <= 1u || lanes <= wanted + wanted / 8u)) { searching = 0u; }
    }
    return high;
}
// #end

/// A key between two others: where the wanted count would lie on a straight line of values, or halfway of the keys.
fn between(low: u32, high: u32, low_count: u32, high_count: u32, wanted: u32, halfway: bool) -> u32 {
    let part = f32(wanted - min(wanted, low_count)) / f32(max(high_count - low_count, 1u));
    let low_value = order_value(low);
    let guess = key_of_value(low_value + clamp(part, 0.0, 1.0) * (order_value(min(high, LAST_KEY)) - low_value));
    let middle = low + (high - low) / 2u;
    return clamp(select(guess, middle, halfway), min(low + 1u, middle), max(high - 1u, middle));
}

/// Cuts with at most `start` keys before `first` (at least start - slack), and `stop` to stop + slack before `end`.
///
/// Where many keys are equal there may be no such cut; then the cut excludes the equal keys and lies next to them.
fn find_cuts(start: u32, stop: u32, slack: u32) -> Cuts {
    let valid = atomicLoad(&sums[VALID]);
    let least = min(atomicLoad(&extremes[0]), LAST_KEY);
    let beyond = max(atomicLoad(&extremes[1]), least) + 1u;
    var end_low = least;
    var end_low_count = 0u;
    var end_high = beyond;
    var end_count = valid;
    // #if MIDDLE
    var first_low = least;
    var first_count = 0u;
    var first_high = beyond;
    var first_high_count = valid;
    // #end
    // #if BY_LANES
    let limit = limit_by_lanes(stop, least, beyond);
    add_to_sum(VALID + 1u, count_before(limit));
    workgroupBarrier();
    // the keys before the limit are counted
    let before_limit = atomicLoad(&sums[VALID + 1u]);
    if (before_limit >= stop) {
        end_high = limit;
        end_count = before_limit;
    }
    if (thread == 0u) { searching = select(0u, 1u, end_count > stop + slack); }
    // #end
    for (var round = 0u; round < ROUNDS; round++) {
        if (workgroupUniformLoad(&searching) == 0u) { break; }
        for (var step = 0u; step < 4u; step++) {
            let place = (round * 4u + step) * 2u;
            let halfway = (step % 4u == 3u) | (round >= 4u);
            let end_middle = between(end_low, end_high, end_low_count, end_count, stop + slack / 2u, halfway);
            add_to_sum(place, count_before(end_middle));
            // #if MIDDLE
            let first_wanted = start - min(start, slack / 2u);
            let first_middle = between(first_low, first_high, first_count, first_high_count, first_wanted, halfway);
            add_to_sum(place + 1u, count_before(first_middle));
            // #end
            workgroupBarrier();
            // all lanes' counts are in the sums
            if ((end_high - end_low > 1u) & (end_count > stop + slack)) {
                let count = atomicLoad(&sums[place]);
                if (count >= stop) {
                    end_high = end_middle;
                    end_count = count;
                } else {
                    end_low = end_middle;
                    end_low_count = count;
                }
            }
            // #if MIDDLE
            if ((first_high - first_low > 1u) & (first_count + slack < start)) {
                let count = atomicLoad(&sums[place + 1u]);
                if (count <= start) {
                    first_low = first_middle;
                    first_count = count;
                } else {
                    first_high = first_middle;
                    first_high_count = count;
                }
            }
            // #end
        }
        var open = (end_high - end_low > 1u) & (end_count > stop + slack);
        // #if MIDDLE
        open = open | ((first_high - first_low > 1u) & (first_count + slack < start));
        // #end
        if (thread == 0u && !open) { searching = 0u; }
    }
    var cuts = Cuts(0u, end_high);
    if (valid <= stop) {
        cuts.end = LAST_KEY + 1u;
    } else if (end_count > stop + slack) {
        cuts.end = end_low;
    }
    // #if MIDDLE
    if (start > 0u) { cuts.first = first_low; }
    if (first_count + slack < start) { cuts.first = first_low + 1u; }
    // #end
    return cuts;
}
