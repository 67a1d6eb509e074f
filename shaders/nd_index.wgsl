// nd_index: for every entry of a strided view its place in the flat array, and the segment that it belongs to.
//
// Entries are numbered row by row. Places outside the array become -1.
//
// @bind  0 places   write i32[ENTRIES]
// @bind  1 segments write i32[ENTRIES]
// @grid  one thread per entry, folded into x and y
// @needs no workgroup memory
// @twin  numpy.lib.stride_tricks.as_strided

@group(0) @binding(0) var<storage, read_write> places: array<i32>;
@group(0) @binding(1) var<storage, read_write> segments: array<i32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let place = ${PLACE};
    places[entry] = select(-1, place, place >= 0 && place < ${LIMIT});
    segments[entry] = i32(entry / ${SEGMENT}u);
}
