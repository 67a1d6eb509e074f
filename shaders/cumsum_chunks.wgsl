// cumsum_chunks: running sums within chunks of CHUNK entries along an axis, and the total of every chunk.
//
// Each thread adds ITEMS neighbours, the workgroup scans the threads' sums (Hillis and Steele), and each thread then
// writes its running sums. The lowering scans the totals in turn and hands them to cumsum_offsets.
//
// @bind  0 values read  ELEMENT[OUTER * LENGTH * INNER]; the axis is the middle one
// @bind  1 sums   write ELEMENT[OUTER * LENGTH * INNER]
// @bind  2 totals write ELEMENT[OUTER * CHUNKS * INNER]; left out where a line is one chunk
// @grid  OUTER * INNER * CHUNKS workgroups, folded into x and y
// @tune  THREADS, ITEMS; CHUNK = THREADS * ITEMS
// @needs 4 * THREADS bytes of workgroup memory
// @twin  numpy.cumsum

@group(0) @binding(0) var<storage, read> values: array<${ELEMENT}>;
@group(0) @binding(1) var<storage, read_write> sums: array<${ELEMENT}>;
// #if CHUNKED
@group(0) @binding(2) var<storage, read_write> totals: array<${ELEMENT}>;
// #end

var<workgroup> sh_sum: array<${ELEMENT}, ${THREADS}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let group_ix = group.y * ${GRID_X}u + group.x;
    if (group_ix >= ${GROUPS}u) { return; }
    let inner = group_ix % ${INNER}u;
    let chunk = group_ix / ${INNER}u % ${CHUNKS}u;
    let outer = group_ix / ${INNER}u / ${CHUNKS}u;
    let line = outer * ${LENGTH}u * ${INNER}u + inner;
    let first = chunk * ${CHUNK}u + thread * ${ITEMS}u;

    var running = ${ELEMENT}(0);
    // #for I < ITEMS
    if (first + ${I}u < ${LENGTH}u) { running += values[line + (first + ${I}u) * ${INNER}u]; }
    let upto_${I} = running;
    // #end
    sh_sum[thread] = running;
    for (var distance_log = 0u; distance_log < ${THREADS_LOG}u; distance_log++) {
        let distance = 1u << distance_log;
        workgroupBarrier();
        // sh_sum[t] covers the 2^distance_log threads up to t
        var sum = sh_sum[thread];
        if (thread >= distance) { sum += sh_sum[thread - distance]; }
        workgroupBarrier();
        sh_sum[thread] = sum;
    }
    workgroupBarrier();
    // sh_sum[t] covers all threads up to t
    var before = ${ELEMENT}(0);
    if (thread > 0u) { before = sh_sum[thread - 1u]; }
    // #for I < ITEMS
    if (first + ${I}u < ${LENGTH}u) { sums[line + (first + ${I}u) * ${INNER}u] = before + upto_${I}; }
    // #end
    // #if CHUNKED
    if (thread == 0u) { totals[(outer * ${CHUNKS}u + chunk) * ${INNER}u + inner] = sh_sum[${THREADS}u - 1u]; }
    // #end
}
