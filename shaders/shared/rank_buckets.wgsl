// rank_buckets: counters for buckets of keys, and where each bucket starts among all.
//
// Every lane has PER_LANE words, each of two counters of 16 bits, or with WIDE of one of 32. After start_buckets they hold
// the starts, and count_in_bucket hands out places.

const BUCKETS = ${BUCKETS}u;
var<workgroup> buckets: array<atomic<u32>, ${BUCKET_WORDS}>;
var<workgroup> lane_sums: array<u32, ${WG}>;

fn clear_buckets() {
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

/// The bucket whose entries have `rank` among them, by bisection over the starts.
fn bucket_with_rank(rank: u32) -> u32 {
    var low = 0u;
    for (var reach = BUCKETS / 2u; reach > 0u; reach /= 2u) {
        if (bucket_start(low + reach) <= rank) { low += reach; }
    }
    return low;
}

/// Turns counts into starts; barriers must surround it.
fn start_buckets() {
    var own_sum = 0u;
    // #for W < PER_LANE
    let word_${W} = atomicLoad(&buckets[thread * ${PER_LANE}u + ${W}u]);
    // #if WIDE
    own_sum += word_${W};
    // #else
    own_sum += (word_${W} & 0xffffu) + (word_${W} >> 16u);
    // #end
    // #end
    var sum = own_sum;
    lane_sums[thread] = sum;
    for (var reach = 1u; reach < ${WG}u; reach *= 2u) {
        workgroupBarrier();
        // the sums over `reach` lanes are stored
        let other = lane_sums[max(thread, reach) - reach];
        workgroupBarrier();
        // they are read
        sum += select(0u, other, thread >= reach);
        lane_sums[thread] = sum;
    }
    var ahead = sum - own_sum;
    // #for W < PER_LANE
    // #if WIDE
    atomicStore(&buckets[thread * ${PER_LANE}u + ${W}u], ahead);
    ahead += word_${W};
    // #else
    let halfway_${W} = ahead + (word_${W} & 0xffffu);
    atomicStore(&buckets[thread * ${PER_LANE}u + ${W}u], ahead | (halfway_${W} << 16u));
    ahead = halfway_${W} + (word_${W} >> 16u);
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
    let by_key = (max(key, deal.base) - deal.base) >> deal.shift;
    let by_value = u32(clamp((order_value(min(key, LAST_KEY)) - deal.low) * deal.scale, 0.0, f32(BUCKETS)));
    return min(select(by_key, by_value, deal.by_value), BUCKETS - 1u);
}
