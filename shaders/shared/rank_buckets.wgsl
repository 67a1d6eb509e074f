// rank_buckets: counters for buckets of keys, and where each bucket starts among all.
//
// Every lane has PER_LANE words, each of two counters of 16 bits, or with WIDE of one of 32. After start_buckets they hold
// the starts, count_in_bucket hands out places, and `ranked` names the buckets that hold two ranks. With SUBGROUPS, which
// are of consecutive lanes, the lanes are summed within theirs first.

const BUCKETS = ${BUCKETS}u;
var<workgroup> buckets: array<atomic<u32>, ${BUCKET_WORDS}>;
var<workgroup> lane_sums: array<u32, ${WG}>; // with SUBGROUPS of a subgroup each
var<workgroup> ranked: array<u32, 2>; // the last bucket where there are no more entries than the rank

fn clear_ranked() {
    if (thread < 2u) { ranked[thread] = BUCKETS - 1u; }
}

fn clear_buckets() {
    clear_ranked();
    for (var word = thread; word < ${BUCKET_WORDS}u; word += ${WG}u) { atomicStore(&buckets[word], 0u); }
}

/// The shift that maps distances up to `spread` to the buckets.
fn bucket_shift(spread: u32) -> u32 {
    return ${BUCKET_SHIFT}u - min(countLeadingZeros(spread), ${BUCKET_SHIFT}u);
}

/// Adds one to a bucket; returns what it held before.
fn count_in_bucket(bucket: u32) -> u32 {
    // #if WIDE
    return atomicAdd(&buckets[bucket], 1u);
    // #else
    let half = 16u * (bucket % 2u);
    return (atomicAdd(&buckets[bucket / 2u], 1u << half) >> half) & 0xffffu;
    // #end
}

fn bucket_start(bucket: u32) -> u32 {
    // #if WIDE
    return atomicLoad(&buckets[bucket]);
    // #else
    return (atomicLoad(&buckets[bucket / 2u]) >> (16u * (bucket % 2u))) & 0xffffu;
    // #end
}

/// Where a bucket ends, while its counter holds its start; `total` ends the last one.
fn bucket_end(bucket: u32, total: u32) -> u32 {
    return select(total, bucket_start(min(bucket + 1u, BUCKETS - 1u)), bucket + 1u < BUCKETS);
}

fn note_ranks(bucket: u32, start: u32, end: u32, ranks: vec2<u32>) {
    if ((start <= ranks.x) & (ranks.x < end)) { ranked[0] = bucket; }
    if ((start <= ranks.y) & (ranks.y < end)) { ranked[1] = bucket; }
}

/// Turns counts into starts, and notes the buckets that hold `ranks`; barriers must surround it.
fn start_buckets(ranks: vec2<u32>) {
    var own_sum = 0u;
    // #for W < PER_LANE
    let word_${W} = atomicLoad(&buckets[thread * ${PER_LANE}u + ${W}u]);
    // #if WIDE
    own_sum += word_${W};
    // #else
    own_sum += (word_${W} & 0xffffu) + (word_${W} >> 16u);
    // #end
    // #end
    // #if SUBGROUPS
    var ahead = subgroupExclusiveAdd(own_sum);
    let subgroup = thread >> firstTrailingBit(lanes);
    if (lane == min(lanes, ${WG}u) - 1u) { lane_sums[subgroup] = ahead + own_sum; }
    workgroupBarrier();
    // the subgroups' sums are stored
    var earlier = 0u;
    for (var other = lane; other * lanes < ${WG}u; other += lanes) {
        earlier += select(0u, lane_sums[other], other < subgroup);
    }
    ahead += subgroupAdd(earlier);
    // #else
    var sum = own_sum;
    lane_sums[thread] = sum;
    for (var reach = 1u; reach < ${WG}u; reach *= 8u) {
        workgroupBarrier();
        // the sums over `reach` lanes are stored
        // #for P < 7
        let part_${P} = (${P}u + 1u) * reach;
        sum += select(0u, lane_sums[max(thread, part_${P}) - part_${P}], thread >= part_${P});
        // #end
        workgroupBarrier();
        // they are read
        lane_sums[thread] = sum;
    }
    var ahead = sum - own_sum;
    // #end
    // #for W < PER_LANE
    // #if WIDE
    atomicStore(&buckets[thread * ${PER_LANE}u + ${W}u], ahead);
    note_ranks(thread * ${PER_LANE}u + ${W}u, ahead, ahead + word_${W}, ranks);
    ahead += word_${W};
    // #else
    let halfway_${W} = ahead + (word_${W} & 0xffffu);
    let beyond_${W} = halfway_${W} + (word_${W} >> 16u);
    atomicStore(&buckets[thread * ${PER_LANE}u + ${W}u], ahead | (halfway_${W} << 16u));
    note_ranks(2u * (thread * ${PER_LANE}u + ${W}u), ahead, halfway_${W}, ranks);
    note_ranks(2u * (thread * ${PER_LANE}u + ${W}u) + 1u, halfway_${W}, beyond_${W}, ranks);
    ahead = beyond_${W};
    // #end
    // #end
}

/// How keys become buckets: in equal steps of the key, which suits values of all scales, or of the value.
struct Deal {
    by_value: bool,
    base: u32,
    shift: u32,
    low: f32,
    scale: f32,
}

fn deal_between(base: u32, end: u32, by_value: bool) -> Deal {
    let last = max(base, min(end, LAST_KEY));
    let low = order_value(base);
    let scale = f32(BUCKETS) / max(order_value(last) - low, 1e-30);
    return Deal(by_value, base, bucket_shift(last - base), low, scale);
}

/// By steps of the value from that of the key `base` on, with the bits of how many there are to a unit.
fn deal_by_value(base: u32, scale: u32) -> Deal {
    return Deal(true, base, 0u, order_value(base), bitcast<f32>(scale));
}

fn bucket_of(key: u32, deal: Deal) -> u32 {
    if (deal.by_value) {
        return u32(clamp((order_value(key) - deal.low) * deal.scale, 0.0, f32(BUCKETS - 1u)));
    }
    return min((max(key, deal.base) - deal.base) >> deal.shift, BUCKETS - 1u);
}
