// rank_reading: one read of a row past cuts from a sample of it, by one workgroup.
//
// Entries between the cuts are listed, by list(at, column), which is to be defined; at counts from 0 and may be CAPACITY
// or more. UNROLL = MASKS * MASKED vectors per lane are read at a time. The cuts lie MARGIN sampled entries outside the
// wanted ones; where they miss some the row is read again past cuts WIDE_MARGIN outside.

var<workgroup> tally: array<atomic<u32>, 3>; // entries listed, entries before the first cut, whether any is NaN
var<workgroup> tallied: vec3<u32>;
var<workgroup> odd: array<atomic<u32>, 3>;
var<workgroup> odd_counts: vec3<u32>;
var<private> cuts: Cuts;

fn key_at(row: u32, column: u32) -> u32 {
    return order_key(values[row * ${COLS}u + column]);
}

struct Range {
    first: u32,
    span: u32,
}

/// The range of the bits of all numbers before a key; empty where that is not one range, as their signs differ.
fn bits_before(end: u32) -> Range {
    // #if DESCENDING
    let first = 0x7f800001u - end;
    return Range(first, select(0u, 0x7f800001u - first, end > 0u && end <= 0x7f800000u));
    // #else
    let first = 0x80000000u | (0x7f800001u - end);
    return Range(first, select(0u, 0xff800001u - first, end > 0u && end <= 0x7f800000u));
    // #end
}

/// Reads the row: lists the columns of entries between the cuts, and for the middle counts those before them.
fn go_through(row: u32) {
    let span = max(cuts.end, cuts.first) - cuts.first;
    let row_start = row * ${COLS}u;
    let start = (row_start + 3u) / 4u;
    let end = (row_start + ${COLS}u) / 4u;
    // #if not MIDDLE
    let range = bits_before(cuts.end);
    // #end
    // #if MIDDLE
    var before = vec4<u32>(0u);
    var most = vec4<u32>(0u);
    // #end
    for (var base = start; base < end; base += ${WG}u * ${UNROLL}u) {
        // #for M < MASKS
        // #for V < MASKED
        let at_${M}_${V} = base + (${M}u * ${MASKED}u + ${V}u) * ${WG}u + thread;
        let bits_${M}_${V} = values4[min(at_${M}_${V}, end - 1u)];
        // #end
        // #end
        // #for M < MASKS
        var marks_${M} = 0u;
        // #end
        // #if not MIDDLE
        if (range.span > 0u) {
            // #for M < MASKS
            // #for V < MASKED
            let steps_${M}_${V} = bits_${M}_${V} - vec4<u32>(range.first);
            let near_${M}_${V} = steps_${M}_${V} < vec4<u32>(select(0u, range.span, at_${M}_${V} < end));
            // #for E < 4
            marks_${M} |= select(0u, 1u << (4u * ${V}u + ${E}u), near_${M}_${V}[${E}]);
            // #end
            // #end
            // #end
        } else {
        // #end
        // #for M < MASKS
        // #for V < MASKED
        let known_${M}_${V} = at_${M}_${V} < end;
        let keys_${M}_${V} = order_keys(bits_${M}_${V});
        // #if MIDDLE
        before += select(vec4<u32>(0u), vec4<u32>(1u), keys_${M}_${V} < vec4<u32>(select(0u, cuts.first, known_${M}_${V})));
        most = max(most, keys_${M}_${V});
        let inside_${M}_${V} = keys_${M}_${V} - vec4<u32>(cuts.first) < vec4<u32>(select(0u, span, known_${M}_${V}));
        // #else
        let inside_${M}_${V} = keys_${M}_${V} < vec4<u32>(select(0u, cuts.end, known_${M}_${V}));
        // #end
        // #for E < 4
        marks_${M} |= select(0u, 1u << (4u * ${V}u + ${E}u), inside_${M}_${V}[${E}]);
        // #end
        // #end
        // #end
        // #if not MIDDLE
        }
        // #end
        var count = 0u;
        // #for M < MASKS
        count += countOneBits(marks_${M});
        // #end
        var place = 0u;
        if (count > 0u) { place = atomicAdd(&tally[0], count); }
        // #for M < MASKS
        while (marks_${M} != 0u) {
            let bit = firstTrailingBit(marks_${M});
            marks_${M} &= marks_${M} - 1u;
            list(place, (base + (${M}u * ${MASKED}u + bit / 4u) * ${WG}u + thread) * 4u + bit % 4u - row_start);
            place++;
        }
        // #end
    }
    // #if LOOSE
    // The row's entries before its first and after its last whole vector.
    let head = start * 4u - row_start;
    let tail = end * 4u - row_start;
    let column = select(tail - head + thread, thread, thread < head);
    if (column < ${COLS}u && thread < head + ${COLS}u - tail) {
        let key = key_at(row, column);
        if (key - cuts.first < span) { list(atomicAdd(&tally[0], 1u), column); }
        // #if MIDDLE
        before.x += select(0u, 1u, key < cuts.first);
        most.x = max(most.x, key);
        // #end
    }
    // #end
    // #if MIDDLE
    let own_before = before.x + before.y + before.z + before.w;
    if (own_before > 0u) { atomicAdd(&tally[1], own_before); }
    if (max(max(most.x, most.y), max(most.z, most.w)) > LAST_KEY) { atomicStore(&tally[2], 1u); }
    // #end
}

/// How many entries of the row are tied with the end cut, tied with the key before the first cut, and NaN.
fn count_odd(row: u32) -> vec3<u32> {
    var own = vec3<u32>(0u);
    for (var slot = thread; slot < ${COLS}u; slot += 4u * ${WG}u) {
        // #for I < 4
        let key_${I} = key_at(row, min(slot + ${I}u * ${WG}u, ${COLS}u - 1u));
        // #end
        // #for I < 4
        let counts_${I} = slot + ${I}u * ${WG}u < ${COLS}u;
        own += select(vec3<u32>(0u), vec3<u32>(1u), vec3<bool>(
            counts_${I} & (key_${I} == cuts.end) & (key_${I} >= cuts.first) & (key_${I} <= LAST_KEY),
            counts_${I} & (key_${I} + 1u == cuts.first) & (key_${I} <= LAST_KEY),
            counts_${I} & (key_${I} > LAST_KEY),
        ));
        // #end
    }
    if (thread < 3u) { atomicStore(&odd[thread], 0u); }
    workgroupBarrier();
    // the counters are clear
    // #for C < 3
    if (own[${C}] > 0u) { atomicAdd(&odd[${C}], own[${C}]); }
    // #end
    workgroupBarrier();
    // the counts are complete
    if (thread == 0u) { odd_counts = vec3<u32>(atomicLoad(&odd[0]), atomicLoad(&odd[1]), atomicLoad(&odd[2])); }
    return workgroupUniformLoad(&odd_counts);
}

/// Whether all ranks from `start` to before `stop` are listed, `known` as of read_row.
fn holds(known: vec3<u32>, start: u32, stop: u32) -> bool {
    return known.x <= ${CAPACITY}u && known.y <= start && known.y + known.x >= stop && stop > start;
}

/// Reads a row. Returns how many entries are listed, how many come before all of them, and for the middle how many are
/// NaN; the cuts stay in `cuts`, the sample's extremes in `extremes`.
fn read_row(row: u32) -> vec3<u32> {
    var known = vec3<u32>(0u);
    for (var attempt = 0u; attempt < 2u; attempt++) {
        prepare_search();
        clear_buckets();
        if (thread < 3u) { atomicStore(&tally[thread], 0u); }
        take_sample(row, 0u);
        workgroupBarrier();
        // the sums are clear
        survey();
        workgroupBarrier();
        // the survey is complete
        cuts = sampled_cuts(select(${MARGIN}u, ${WIDE_MARGIN}u, attempt > 0u));
        go_through(row);
        workgroupBarrier();
        // the list is complete
        if (thread == 0u) { tallied = vec3<u32>(atomicLoad(&tally[0]), atomicLoad(&tally[1]), atomicLoad(&tally[2])); }
        known = workgroupUniformLoad(&tallied);
        // #if MIDDLE
        if (known.z > 0u) { known.z = count_odd(row).z; }
        // #end
        let valid = ${COLS}u - known.z;
        let start = middle_start(valid);
        if (holds(known, start, min(start + ${K}u, valid)) || known.x > ${CAPACITY}u) { break; }
    }
    return known;
}
