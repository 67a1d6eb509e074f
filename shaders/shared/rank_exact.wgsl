// rank_exact: exact cuts around the wanted ranks, digit by digit of the keys.
//
// For entries that no other way settles. Define key_at(row, slot).

/// Where a rank lies: the key, how many keys are smaller, and how many are equal.
struct Place {
    key: u32,
    before: u32,
    tied: u32,
}

var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> digit_found: vec3<u32>;

/// Where the entry with `rank` entries before it lies among `count` ones with keys from `base` on, from the highest digit
/// of their distance from it down.
fn exact_place(row: u32, rank: u32, count: u32, base: u32, spread: u32) -> Place {
    var prefix = 0u;
    var rest = rank;
    var tied = 0u;
    let digits = (32u - countLeadingZeros(spread | 1u) + 7u) / 8u;
    for (var digit = digits; digit > 0u; digit--) {
        let shift = 8u * digit - 8u;
        for (var bin = thread; bin < 256u; bin += ${WG}u) { atomicStore(&histogram[bin], 0u); }
        workgroupBarrier();
        // the histogram is clear
        for (var slot = thread; slot < count; slot += 4u * ${WG}u) {
            // #for I < 4
            let key_${I} = max(key_at(row, min(slot + ${I}u * ${WG}u, count - 1u)), base) - base;
            // #end
            // #for I < 4
            let counts_${I} = (digit == digits) | ((key_${I} >> shift) >> 8u == prefix);
            if (counts_${I} & (slot + ${I}u * ${WG}u < count)) { atomicAdd(&histogram[(key_${I} >> shift) & 255u], 1u); }
            // #end
        }
        workgroupBarrier();
        // the histogram is complete
        if (thread == 0u) {
            var bin = 0u;
            var left = rest;
            while (bin < 255u && left >= atomicLoad(&histogram[bin])) {
                left -= atomicLoad(&histogram[bin]);
                bin++;
            }
            digit_found = vec3<u32>(bin, left, atomicLoad(&histogram[bin]));
        }
        let outcome = workgroupUniformLoad(&digit_found);
        prefix = (prefix << 8u) | outcome.x;
        rest = outcome.y;
        tied = outcome.z;
    }
    return Place(base + prefix, rank - min(rest, rank), tied);
}

/// The candidates among `count` entries, of the list or the row itself, with `ahead` entries before them: from the exact
/// key of the first wanted rank to that of the last, or without those that equal one of them where they are too many.
fn exact_outcome(row: u32, start: u32, stop: u32, count: u32, base: u32, spread: u32, ahead: u32) -> Outcome {
    var first = Place(base, 0u, 0u);
    var last = first;
    for (var end = ${FIRST_END}u; end < 2u; end++) {
        let rank = select(start, max(stop, 1u) - 1u, end == 1u);
        last = exact_place(row, rank - ahead, count, base, spread);
        if (end == 0u) { first = last; }
    }
    let whole = last.key > LAST_KEY || last.before + last.tied - first.before <= ${CAPACITY}u;
    var outcome = Outcome(Cuts(first.key, min(last.key, LAST_KEY) + 1u), ahead + first.before, 0u, 0u, start);
    if (!whole) {
        // #if MIDDLE
        outcome.cuts = Cuts(first.key + 1u, last.key);
        outcome.before += first.tied;
        outcome.tied_low = first.tied;
        outcome.tied_high = select(last.tied, 0u, last.key == first.key);
        // #else
        outcome.cuts.end = last.key;
        outcome.tied_high = last.tied;
        // #end
    }
    return outcome;
}
