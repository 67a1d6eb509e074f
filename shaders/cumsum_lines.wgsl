// cumsum_lines: running sums within chunks of CHUNK entries along an axis, and the total of every chunk.
//
// One thread walks each chunk. It suits short lines, where most of cumsum_chunks' workgroup would idle, and an axis
// that is not the last one, where neighbouring threads read neighbouring addresses.
//
// @bind  0 values read  ELEMENT[OUTER * LENGTH * INNER]; the axis is the middle one
// @bind  1 sums   write ELEMENT[OUTER * LENGTH * INNER]
// @bind  2 totals write ELEMENT[OUTER * CHUNKS * INNER]; left out where a line is one chunk
// @grid  ceil(OUTER * CHUNKS * INNER / 256) workgroups, folded into x and y
// @tune  CHUNK
// @needs no workgroup memory
// @twin  numpy.cumsum

@group(0) @binding(0) var<storage, read> values: array<${ELEMENT}>;
@group(0) @binding(1) var<storage, read_write> sums: array<${ELEMENT}>;
// #if CHUNKED
@group(0) @binding(2) var<storage, read_write> totals: array<${ELEMENT}>;
// #end

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let inner = entry % ${INNER}u;
    let chunk = entry / ${INNER}u % ${CHUNKS}u;
    let outer = entry / ${INNER}u / ${CHUNKS}u;
    let line = outer * ${LENGTH}u * ${INNER}u + inner;
    let end = min((chunk + 1u) * ${CHUNK}u, ${LENGTH}u);
    var sum = ${ELEMENT}(0);
    for (var place = chunk * ${CHUNK}u; place < end; place++) {
        sum += values[line + place * ${INNER}u];
        sums[line + place * ${INNER}u] = sum;
    }
    // #if CHUNKED
    totals[entry] = sum;
    // #end
}
