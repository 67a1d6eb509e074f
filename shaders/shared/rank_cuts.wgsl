// rank_cuts: find keys that cut off about a wanted number of the workgroup's own keys.
//
// Every lane holds KEYS_PER_LANE keys in own_0, own_1, ...; absent ones are NO_KEY. All lanes follow the same steps
// from the same sums, so they agree on the result.

// #for I < KEYS_PER_LANE
var<private> own_${I}: u32;
// #end
var<private> own_least: u32;

var<workgroup> sums: array<atomic<u32>, 128>;
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
    for (var place = thread; place < 128u; place += ${WG}u) { atomicStore(&sums[place], 0u); }
    if (thread == 0u) {
        atomicStore(&extremes[0], NO_KEY);
        atomicStore(&extremes[1], 0u);
        searching = 1u;
    }
}

/// Leaves the number of keys that are not NaN in sums[80] and the smallest and largest such key in extremes.
fn survey() {
    own_least = NO_KEY;
    var most = 0u;
    // #for I < KEYS_PER_LANE
    own_least = min(own_least, own_${I});
    most = max(most, select(0u, own_${I}, own_${I} <= LAST_KEY));
    // #end
    add_to_sum(80u, count_before(LAST_KEY + 1u));
    atomicMin(&extremes[0], own_least);
    atomicMax(&extremes[1], most);
}

const ROUNDS = 5u; // of 8 steps: 32 halvings of the whole range, and some to spare

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
            let place = 84u + round * 8u + step;
            let middle = low + (high - low) / 2u;
            if (own_least < middle) { atomicAdd(&sums[place], 1u); }
            workgroupBarrier();
            // all lanes have counted themselves
            if (high - low > 1u && lanes > wanted + wanted / 8u) {
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

/// Cuts with at most `start` keys before `first` (at least start - slack), and `stop` to stop + slack before `end`.
///
/// Where many keys are equal there may be no such cut; then the cut excludes the equal keys and lies next to them.
fn find_cuts(start: u32, stop: u32, slack: u32) -> Cuts {
    let valid = atomicLoad(&sums[80]);
    let least = min(atomicLoad(&extremes[0]), LAST_KEY);
    let beyond = atomicLoad(&extremes[1]) + 1u;
    var end_low = least;
    var end_high = beyond;
    var end_count = valid;
    // #if MIDDLE
    var first_low = least;
    var first_high = beyond;
    var first_count = 0u;
    // The search starts between the edges of the buckets that hold the wanted ranks.
    clear_buckets();
    workgroupBarrier();
    // the buckets are clear
    let shift = bucket_shift(beyond - least);
    // #for I < KEYS_PER_LANE
    if (own_${I} < beyond) { count_in_bucket((own_${I} - least) >> shift); }
    // #end
    workgroupBarrier();
    // the buckets are counted
    start_buckets();
    workgroupBarrier();
    // the starts are stored
    let end_bucket = bucket_with_rank(max(stop, 1u) - 1u);
    if (stop > 0u && stop <= valid) {
        end_low = least + (end_bucket << shift);
        end_count = bucket_end(end_bucket, valid);
        end_high = min(end_low + (1u << shift), beyond);
    }
    let first_bucket = bucket_with_rank(start);
    if (start < valid) {
        first_low = least + (first_bucket << shift);
        first_high = min(first_low + (1u << shift), beyond);
        first_count = bucket_start(first_bucket);
    }
    if (thread == 0u) { searching = select(0u, 1u, end_count > stop + slack || first_count + slack < start); }
    // #end
    // #if BY_LANES
    let limit = limit_by_lanes(stop, least, beyond);
    add_to_sum(81u, count_before(limit));
    workgroupBarrier();
    // the keys before the limit are counted
    let before_limit = atomicLoad(&sums[81]);
    if (before_limit >= stop) {
        end_high = limit;
        end_count = before_limit;
    }
    if (thread == 0u) { searching = select(0u, 1u, end_count > stop + slack); }
    // #end
    for (var round = 0u; round < ROUNDS; round++) {
        if (workgroupUniformLoad(&searching) == 0u) { break; }
        for (var step = 0u; step < 8u; step++) {
            let place = (round * 8u + step) * 2u;
            let end_middle = end_low + (end_high - end_low) / 2u;
            add_to_sum(place, count_before(end_middle));
            // #if MIDDLE
            let first_middle = first_low + (first_high - first_low) / 2u;
            add_to_sum(place + 1u, count_before(first_middle));
            // #end
            workgroupBarrier();
            // all lanes' counts are in the sums
            if (end_high - end_low > 1u && end_count > stop + slack) {
                let count = atomicLoad(&sums[place]);
                if (count >= stop) {
                    end_high = end_middle;
                    end_count = count;
                } else {
                    end_low = end_middle;
                }
            }
            // #if MIDDLE
            if (first_high - first_low > 1u && first_count + slack < start) {
                let count = atomicLoad(&sums[place + 1u]);
                if (count <= start) {
                    first_low = first_middle;
                    first_count = count;
                } else {
                    first_high = first_middle;
                }
            }
            // #end
        }
        var open = end_high - end_low > 1u && end_count > stop + slack;
        // #if MIDDLE
        open = open || (first_high - first_low > 1u && first_count + slack < start);
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
