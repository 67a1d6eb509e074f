// rank_sample: a sample of a row, and the cuts that it suggests.
//
// The sample is WG * KEYS_PER_LANE entries in the lanes' own_0, own_1, ... of rank_cuts. With BY_LANES few of them lie
// before the cut. Clear the sums, and without BY_LANES the buckets, before.

/// Takes the sample's part of a row: pieces of 32 neighbours, one at a scattered place in each of as many equal stretches.
fn take_sample(row: u32, part: u32) {
    // #for I < KEYS_PER_LANE
    let piece_${I} = (${I}u * ${PIECES}u + thread / 32u) * ${PARTS}u + part;
    let shift_${I} = ((piece_${I} * 0x9e3779b1u) >> 8u) % (${STRETCH}u - 31u);
    own_${I} = order_key(values[row * ${COLS}u + piece_${I} * ${STRETCH}u + shift_${I} + thread % 32u]);
    // #end
}
// #if not BY_LANES

var<workgroup> coarse: u32;

/// Cuts at the edges of buckets in steps of the value where those lie close enough to the wanted ranks.
fn value_cuts(start: u32, stop: u32, valid: u32) -> Cuts {
    let least = min(atomicLoad(&extremes[0]), LAST_KEY);
    let most = atomicLoad(&extremes[1]);
    let deal = deal_between(least, most, true);
    // #for I < KEYS_PER_LANE
    if (own_${I} <= LAST_KEY) { count_in_bucket(bucket_of(own_${I}, deal)); }
    // #end
    workgroupBarrier();
    // the buckets are counted
    start_buckets(vec2<u32>(start, max(stop, 1u) - 1u));
    workgroupBarrier();
    // the starts are stored
    let last_bucket = ranked[1];
    // #if MIDDLE
    let first_bucket = ranked[0];
    let exceeding = start - min(start, bucket_start(first_bucket)) + bucket_end(last_bucket, valid) - stop;
    let unusable = start == 0u || stop >= valid;
    // #else
    let exceeding = bucket_end(last_bucket, valid) - stop;
    let unusable = stop >= valid;
    // #end
    if (thread == 0u) { coarse = select(0u, 1u, unusable || exceeding > 2u * ${SLACK}u); }
    if (workgroupUniformLoad(&coarse) > 0u) { return find_cuts(start, stop, ${SLACK}u); }
    let end = key_of_value(deal.low + f32(last_bucket + 1u) / deal.scale);
    // #if MIDDLE
    return Cuts(key_of_value(deal.low + f32(first_bucket) / deal.scale), end + 1u);
    // #else
    return Cuts(0u, end + 1u);
    // #end
}
// #end

/// Cuts `margin` sampled entries outside the wanted ones; survey() must have gone through the sample.
fn sampled_cuts(margin: u32) -> Cuts {
    // #if MIDDLE
    let valid = atomicLoad(&sums[VALID]);
    let half = valid / 2u;
    return value_cuts(half - min(half, margin), min(half + margin, valid), valid);
    // #else
    // #if BY_LANES
    return find_cuts(0u, margin, ${SLACK}u);
    // #else
    return value_cuts(0u, margin, atomicLoad(&sums[VALID]));
    // #end
    // #end
}
