// rank_ordering: the wanted ones of the listed entries that the lanes hold, in order.
//
// The entries are held_0, held_1, ..., of which `known` says how many there are, how many entries of the row come before
// all of them, and how many are NaN; `cuts` are those that they lie between. They are dealt into buckets of their keys,
// where each finds its rank by a count; where too many share a bucket they are merged. Where the list lacks wanted
// ranks, what is tied with the cuts is counted, and where that is not enough, exact cuts are found digit by digit.

// #for I < HELD
var<private> held_${I}: vec2<u32>;
// #end
var<workgroup> fullest: atomic<u32>; // of the buckets, where its entries are too many to find their order by comparing
var<workgroup> unsettled: u32;

/// Clears what order_held uses.
fn clear_order() {
    clear_buckets();
    if (thread < 4u) { atomicStore(&totals[thread], 0u); }
    if (thread == 0u) { atomicStore(&fullest, 0u); }
}

/// Writes the wanted ones of the candidates, which lie in order of their buckets.
fn emit_held(row: u32, known: vec3<u32>, deal: Deal, start: u32, stop: u32) {
    for (var slot = thread; slot < known.x; slot += ${WG}u) {
        let entry = vec2<u32>(candidate_key[slot], candidate_column[slot]);
        let bucket = bucket_of(entry.x, deal);
        let first = bucket_start(bucket);
        let end = bucket_end(bucket, known.x);
        if ((known.y + first >= stop) | (known.y + end <= start)) { continue; }
        var rank = known.y + first;
        for (var other = first; other < end; other++) {
            let other_key = candidate_key[other];
            rank += select(0u, 1u, other_key < entry.x);
            if ((other_key == entry.x) & (other != slot)) { rank += select(0u, 1u, candidate_column[other] < entry.y); }
        }
        if ((rank >= start) & (rank < stop)) { emit(row, rank - start, entry.y, entry.x); }
    }
    for (var place = stop - start + thread; place < ${K}u; place += ${WG}u) { emit_missing(row, place); }
}

/// Writes the wanted ranks, from `start` to before `stop`; `whole` says that all of them are listed. Keys before `least`
/// share the first bucket. clear_order and a barrier come before.
fn order_held(row: u32, known: vec3<u32>, least: u32, whole: bool, start: u32, stop: u32) {
    let deal = deal_between(max(cuts.first, min(least, LAST_KEY)), min(cuts.end, LAST_KEY), ${BY_VALUE});
    let listed = min(known.x, ${CAPACITY}u);
    var most = 0u;
    // #for I < HELD
    let bucket_${I} = bucket_of(held_${I}.x, deal);
    var nth_${I} = 0u;
    if (${I}u * ${WG}u + thread < listed) { nth_${I} = count_in_bucket(bucket_${I}); }
    most = max(most, nth_${I});
    // #end
    if (most >= ${CROWD}u) { atomicMax(&fullest, most); }
    workgroupBarrier();
    // the buckets are counted
    if (thread == 0u) { unsettled = select(2u, min(atomicLoad(&fullest), 1u), whole); }
    start_buckets(vec2<u32>(NO_KEY));
    let trouble = workgroupUniformLoad(&unsettled);
    // the starts are stored
    if (trouble > 1u) {
        settle_oddly(row, known, start);
        return;
    }
    // #for I < HELD
    if (${I}u * ${WG}u + thread < listed) {
        let place = select(bucket_start(bucket_${I}) + nth_${I}, ${I}u * ${WG}u + thread, trouble > 0u);
        candidate_key[place] = held_${I}.x;
        candidate_column[place] = held_${I}.y;
    }
    // #end
    if (thread == 0u) { atomicStore(&totals[0], listed); }
    workgroupBarrier();
    // the candidates are there, in order of their buckets if none is too full
    if (trouble > 0u) {
        settle(row, Outcome(cuts, known.y, 0u, 0u, start));
        return;
    }
    emit_held(row, known, deal, start, stop);
}

/// Writes a row whose list lacks wanted ranks: the list and what is tied with the cuts, where those are enough, else what
/// lies between exact cuts.
fn settle_oddly(row: u32, known: vec3<u32>, start: u32) {
    let ties = count_odd(row);
    let stop = min(start + ${K}u, ${COLS}u - ties.z);
    let enough = cuts.end > LAST_KEY || known.y + known.x + ties.x >= stop;
    let settles = known.x <= ${CAPACITY}u && known.y - ties.y <= start && enough;
    if (thread == 0u) { unsettled = select(1u, 0u, settles); }
    if (workgroupUniformLoad(&unsettled) == 0u) {
        // #for I < HELD
        if (${I}u * ${WG}u + thread < known.x) {
            candidate_key[${I}u * ${WG}u + thread] = held_${I}.x;
            candidate_column[${I}u * ${WG}u + thread] = held_${I}.y;
        }
        // #end
        if (thread == 0u) { atomicStore(&totals[0], known.x); }
        workgroupBarrier();
        // the candidates are complete
        settle(row, Outcome(cuts, known.y, ties.y, ties.x, start));
        return;
    }
    let outcome = exact_outcome(row, start, stop, ${COLS}u, 0u, NO_KEY, 0u);
    for (var slot = thread; slot < ${COLS}u; slot += 4u * ${WG}u) {
        // #for I < 4
        let column_${I} = min(slot + ${I}u * ${WG}u, ${COLS}u - 1u);
        let key_${I} = key_at(row, column_${I});
        // #end
        // #for I < 4
        if (slot + ${I}u * ${WG}u < ${COLS}u) { offer(key_${I}, column_${I}, outcome.cuts); }
        // #end
    }
    workgroupBarrier();
    // the candidates are complete
    settle(row, outcome);
}
