// rank_settle: order a row's candidates, add the entries tied with a cut, and write the K wanted ones.
//
// Ranks count from 0 in the row's order. Candidates have the ranks from `before` on; entries equal to the key just
// below the first cut come before them, entries equal to the end cut after them. Among equal keys the lower column
// comes first.

var<workgroup> candidate_key: array<u32, ${CAPACITY}>;
var<workgroup> candidate_column: array<u32, ${CAPACITY}>;
var<workgroup> totals: array<atomic<u32>, 4>; // candidates, keys before the first cut, ties below it, ties with the end
var<workgroup> amount: u32;
var<workgroup> looking: u32;
var<workgroup> marks: array<atomic<u32>, 32>;
var<workgroup> ties: atomic<u32>;

struct Outcome {
    cuts: Cuts,
    before: u32,
    tied_low: u32,
    tied_high: u32,
    start: u32, // the wanted ranks are start ... start + K - 1
}

fn offer(key: u32, column: u32, cuts: Cuts) {
    if ((key >= cuts.first) & (key < cuts.end)) {
        let slot = atomicAdd(&totals[0], 1u);
        if (slot < ${CAPACITY}u) {
            candidate_key[slot] = key;
            candidate_column[slot] = column;
        }
    }
}

fn comes_later(key: u32, column: u32, other_key: u32, other_column: u32) -> bool {
    return (key > other_key) | ((key == other_key) & (column > other_column));
}

fn emit(row: u32, place: u32, column: u32, key: u32) {
    var bits = bits_of_key(key);
    if (key == ZERO_KEY) { bits = values[row * ${COLS}u + column]; }
    out_values[row * ${K}u + place] = bits;
    out_columns[row * ${K}u + place] = column;
}

// #if MERGED
fn sort_run(first: u32, end: u32) {
    for (var next = first + 1u; next < end; next++) {
        let key = candidate_key[next];
        let column = candidate_column[next];
        var slot = next;
        while (slot > first && comes_later(candidate_key[slot - 1u], candidate_column[slot - 1u], key, column)) {
            candidate_key[slot] = candidate_key[slot - 1u];
            candidate_column[slot] = candidate_column[slot - 1u];
            slot--;
        }
        candidate_key[slot] = key;
        candidate_column[slot] = column;
    }
}

/// Runs of RUN entries are sorted by one thread each, then merged pairwise; each thread writes RUN merged entries.
fn sort_candidates(count: u32) {
    let first = thread * ${RUN}u;
    sort_run(first, min(first + ${RUN}u, count));
    workgroupBarrier();
    // all runs are in order
    for (var width = ${RUN}u; width < count; width *= 2u) {
        let base = first / (2u * width) * (2u * width);
        let middle = min(base + width, count);
        let end = min(base + 2u * width, count);
        let ahead = min(first, end) - min(base, end);
        var low = ahead - min(ahead, end - middle);
        var high = min(ahead, middle - min(base, middle));
        while (low < high) {
            let half = (low + high) / 2u;
            let a = base + half;
            let b = middle + ahead - 1u - half;
            if (comes_later(candidate_key[a], candidate_column[a], candidate_key[b], candidate_column[b])) {
                high = half;
            } else {
                low = half + 1u;
            }
        }
        var left = base + low;
        var right = middle + ahead - low;
        // #for I < RUN
        let a_${I} = min(left, ${CAPACITY}u - 1u);
        let b_${I} = min(right, ${CAPACITY}u - 1u);
        let a_key_${I} = candidate_key[a_${I}];
        let b_key_${I} = candidate_key[b_${I}];
        let a_column_${I} = candidate_column[a_${I}];
        let b_column_${I} = candidate_column[b_${I}];
        let take_right_${I} = (right < end)
            & ((left >= middle) | comes_later(a_key_${I}, a_column_${I}, b_key_${I}, b_column_${I}));
        let key_${I} = select(a_key_${I}, b_key_${I}, take_right_${I});
        let column_${I} = select(a_column_${I}, b_column_${I}, take_right_${I});
        right += select(0u, 1u, take_right_${I});
        left += select(1u, 0u, take_right_${I});
        // #end
        workgroupBarrier();
        // everyone has read what it merges
        // #for I < RUN
        if (first + ${I}u < count) {
            candidate_key[first + ${I}u] = key_${I};
            candidate_column[first + ${I}u] = column_${I};
        }
        // #end
        workgroupBarrier();
        // this width is merged
    }
}
// #end

// #if DEALT
var<workgroup> fullest: atomic<u32>;
var<workgroup> crowded: u32;

/// Deals the candidates into buckets by key, in order of the buckets, and emits those of each by counting; false,
/// with the candidates in place, where most share a bucket.
fn deal_candidates(row: u32, count: u32, outcome: Outcome, stop: u32) -> bool {
    clear_buckets();
    if (thread == 0u) { atomicStore(&fullest, 0u); }
    workgroupBarrier();
    // the counters are clear
    let base = max(atomicLoad(&extremes[0]), outcome.cuts.first);
    let shift = bucket_shift(max(outcome.cuts.end, base) - base);
    // #for I < RUN
    let slot_${I} = ${I}u * ${WG}u + thread;
    let key_${I} = candidate_key[min(slot_${I}, ${CAPACITY}u - 1u)];
    let column_${I} = candidate_column[min(slot_${I}, ${CAPACITY}u - 1u)];
    let bucket_${I} = min((key_${I} - base) >> shift, BUCKETS - 1u);
    var nth_${I} = 0u;
    if (slot_${I} < count) {
        nth_${I} = count_in_bucket(bucket_${I});
        if (nth_${I} >= ${CROWD}u) { atomicMax(&fullest, nth_${I}); }
    }
    // #end
    workgroupBarrier();
    // the buckets are counted
    if (thread == 0u) { crowded = atomicLoad(&fullest); }
    if (workgroupUniformLoad(&crowded) > 0u) { return false; }
    start_buckets(vec2<u32>(NO_KEY));
    workgroupBarrier();
    // the starts are stored
    // #for I < RUN
    let from_${I} = bucket_start(bucket_${I});
    if (slot_${I} < count) {
        candidate_key[from_${I} + nth_${I}] = key_${I};
        candidate_column[from_${I} + nth_${I}] = column_${I};
    }
    // #end
    workgroupBarrier();
    // the candidates are in order of their buckets
    // #for I < RUN
    if (slot_${I} < count) {
        let to_${I} = bucket_end(bucket_${I}, count);
        var rank = outcome.before + from_${I};
        for (var other = from_${I}; other < to_${I}; other++) {
            rank += select(0u, 1u, comes_later(key_${I}, column_${I}, candidate_key[other], candidate_column[other]));
        }
        if ((rank >= outcome.start) & (rank < stop)) { emit(row, rank - outcome.start, column_${I}, key_${I}); }
    }
    // #end
    return true;
}
// #end

fn emit_candidates(row: u32, count: u32, outcome: Outcome, stop: u32) {
    // #if DEALT
    if (deal_candidates(row, count, outcome, stop)) { return; }
    // #end
    // #if MERGED
    sort_candidates(count);
    // #end
    for (var i = thread; i < count; i += ${WG}u) {
        // #if MERGED
        let rank = outcome.before + i;
        // #else
        let key = candidate_key[i];
        let column = candidate_column[i];
        var rank = outcome.before;
        for (var other = 0u; other < count; other++) {
            rank += select(0u, 1u, comes_later(key, column, candidate_key[other], candidate_column[other]));
        }
        // #end
        if ((rank >= outcome.start) & (rank < stop)) { emit(row, rank - outcome.start, candidate_column[i], candidate_key[i]); }
    }
}

fn emit_missing(row: u32, place: u32) {
    out_values[row * ${K}u + place] = 0x7fc00000u;
    out_columns[row * ${K}u + place] = 0xffffffffu;
}

/// Writes the wanted ones of the candidates that lie in order of their buckets, from `dealt` = (first bucket, entries
/// before it, candidates) on, while the counters hold the buckets' ends.
fn emit_dealt(row: u32, outcome: Outcome, deal: Deal, dealt: vec3<u32>, stop: u32) {
    for (var slot = thread; slot < dealt.z; slot += ${WG}u) {
        let key = candidate_key[slot];
        let column = candidate_column[slot];
        let bucket = bucket_of(key, deal);
        let from_slot = select(bucket_start(max(bucket, 1u) - 1u), dealt.y, bucket == dealt.x) - dealt.y;
        let to_slot = bucket_start(bucket) - dealt.y;
        var rank = outcome.before + dealt.y + from_slot;
        for (var other = from_slot; other < to_slot; other++) {
            rank += select(0u, 1u, comes_later(key, column, candidate_key[other], candidate_column[other]));
        }
        if ((rank >= outcome.start) & (rank < stop)) { emit(row, rank - outcome.start, column, key); }
    }
}

/// Writes `count` entries equal to `key`, after the first `skipped` of them in column order, from `place` on.
fn emit_ties(row: u32, key: u32, skipped: u32, count: u32, place: u32) {
    if (thread == 0u) { looking = count; }
    let own_bit = thread % 32u;
    var seen = 0u;
    for (var base = 0u; base < ${COLS}u; base += ${TIES}u * ${WG}u) {
        if (workgroupUniformLoad(&looking) == 0u) { break; }
        if (thread < ${TIES}u * ${WORDS}u) { atomicStore(&marks[thread], 0u); }
        if (thread == 0u) { atomicStore(&ties, 0u); }
        workgroupBarrier();
        // the marks are clear
        var own = 0u;
        for (var turn = 0u; turn < ${TIES}u; turn++) {
            let column = base + turn * ${WG}u + thread;
            if (column < ${COLS}u && order_key(values[row * ${COLS}u + column]) == key) {
                atomicOr(&marks[turn * ${WORDS}u + thread / 32u], 1u << own_bit);
                own += 1u;
            }
        }
        if (own > 0u) { atomicAdd(&ties, own); }
        workgroupBarrier();
        // the marks are complete
        let all = seen + atomicLoad(&ties);
        if ((own > 0u) & (all > skipped)) {
            for (var turn = 0u; turn < ${TIES}u; turn++) {
                let own_word = turn * ${WORDS}u + thread / 32u;
                let neighbours = atomicLoad(&marks[own_word]);
                if (((neighbours >> own_bit) & 1u) == 0u) { continue; }
                var earlier = seen + countOneBits(neighbours & ((1u << own_bit) - 1u));
                for (var word = 0u; word < own_word; word++) { earlier += countOneBits(atomicLoad(&marks[word])); }
                if (earlier >= skipped && earlier - skipped < count) {
                    emit(row, place + earlier - skipped, base + turn * ${WG}u + thread, key);
                }
            }
        }
        seen = all;
        if (thread == 0u && seen >= skipped + count) { looking = 0u; }
    }
}

/// Writes the ties and the missing entries around `count` candidates.
fn emit_rest(row: u32, count: u32, outcome: Outcome, stop: u32) {
    let after = outcome.before + count;
    // #if MIDDLE
    let low = outcome.before - outcome.tied_low;
    let low_start = max(outcome.start, low);
    let low_count = min(stop, outcome.before) - min(low_start, min(stop, outcome.before));
    emit_ties(row, outcome.cuts.first - 1u, low_start - low, low_count, low_start - outcome.start);
    // #end
    let high_start = max(outcome.start, after);
    emit_ties(row, outcome.cuts.end, high_start - after, max(stop, high_start) - high_start,
        high_start - outcome.start);
    for (var place = stop - min(outcome.start, stop) + thread; place < ${K}u; place += ${WG}u) { emit_missing(row, place); }
}

/// Writes the row's result from the candidates in workgroup memory; a barrier must have followed their offers.
fn settle(row: u32, outcome: Outcome) {
    if (thread == 0u) { amount = min(atomicLoad(&totals[0]), ${CAPACITY}u); }
    let count = workgroupUniformLoad(&amount);
    let stop = min(outcome.start + ${K}u, outcome.before + count + outcome.tied_high);
    emit_candidates(row, count, outcome, stop);
    emit_rest(row, count, outcome, stop);
}
