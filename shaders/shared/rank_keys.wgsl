// rank_keys: float32 bits as u32 keys of the wanted order: smaller keys come first, -0 equals +0, NaN is past LAST_KEY.

const LAST_KEY = 0xff000000u;
const NO_KEY = 0xffffffffu;
const ZERO_KEY = 0x7f800000u;

var<private> thread: u32;
// #if SUBGROUPS
var<private> lane: u32; // in its subgroup
var<private> lanes: u32; // of a subgroup, which are consecutive
// #end

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

/// A number that grows with the key: the value, or its negative where large values come first.
fn order_value(key: u32) -> f32 {
    let ordered = bitcast<i32>(key - 0x7f800000u);
    let bits = select(bitcast<u32>(ordered), 0x80000000u | bitcast<u32>(-ordered), ordered < 0);
    return clamp(bitcast<f32>(bits), -1e37, 1e37);
}

/// The key of an `order_value`.
fn key_of_value(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    return 0x7f800000u + select(bits, 0u - (bits & 0x7fffffffu), bits >= 0x80000000u);
}

/// The bits of the float32 with a key; of the two zeros the positive one.
fn bits_of_key(key: u32) -> u32 {
    // #if DESCENDING
    let ordered = bitcast<i32>(0x7f800000u - key);
    // #else
    let ordered = bitcast<i32>(key - 0x7f800000u);
    // #end
    return select(bitcast<u32>(ordered), 0x80000000u | bitcast<u32>(-ordered), ordered < 0);
}

/// The first wanted rank of a row with so many numbers.
fn middle_start(valid: u32) -> u32 {
    // #if MIDDLE
    return (valid - min(valid, ${K}u)) / 2u;
    // #else
    return 0u;
    // #end
}
