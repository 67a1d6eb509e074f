// rank_keys: float32 bits as u32 keys of the wanted order: smaller keys come first, -0 equals +0, NaN is past LAST_KEY.

const LAST_KEY = 0xff000000u;
const NO_KEY = 0xffffffffu;

var<private> thread: u32;

struct Cuts {
    first: u32, // keys from here ...
    end: u32, // ... to before here are wanted
}

fn order_key(bits: u32) -> u32 {
    let sign = bitcast<i32>(bits) >> 31u;
    let ordered = bitcast<u32>(((bitcast<i32>(bits) & 0x7fffffff) ^ sign) - sign);
    // #if DESCENDING
    return 0x7f800000u - ordered;
    // #else
    return 0x7f800000u + ordered;
    // #end
}

fn order_keys(bits: vec4<u32>) -> vec4<u32> {
    let sign = bitcast<vec4<i32>>(bits) >> vec4<u32>(31u);
    let ordered = bitcast<vec4<u32>>(((bitcast<vec4<i32>>(bits) & vec4<i32>(0x7fffffff)) ^ sign) - sign);
    // #if DESCENDING
    return vec4<u32>(0x7f800000u) - ordered;
    // #else
    return vec4<u32>(0x7f800000u) + ordered;
    // #end
}
