// fft_butterflies: products of complex numbers, and transforms of 2, 4, 8 and 16 of them, in place and in order.

const HALF_ROOT = 0.70710678118654752;

fn product(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

fn transform2(p0: ptr<function, vec2<f32>>, p1: ptr<function, vec2<f32>>) {
    let a = *p0;
    let b = *p1;
    *p0 = a + b;
    *p1 = a - b;
}

fn transform4(
    p0: ptr<function, vec2<f32>>,
    p1: ptr<function, vec2<f32>>,
    p2: ptr<function, vec2<f32>>,
    p3: ptr<function, vec2<f32>>,
) {
    let even_sum = *p0 + *p2;
    let even_gap = *p0 - *p2;
    let odd_sum = *p1 + *p3;
    let gap = *p1 - *p3;
    let odd_gap = vec2<f32>(gap.y, -gap.x);
    *p0 = even_sum + odd_sum;
    *p1 = even_gap + odd_gap;
    *p2 = even_sum - odd_sum;
    *p3 = even_gap - odd_gap;
}
// #if EIGHTS

fn transform8(
    p0: ptr<function, vec2<f32>>,
    p1: ptr<function, vec2<f32>>,
    p2: ptr<function, vec2<f32>>,
    p3: ptr<function, vec2<f32>>,
    p4: ptr<function, vec2<f32>>,
    p5: ptr<function, vec2<f32>>,
    p6: ptr<function, vec2<f32>>,
    p7: ptr<function, vec2<f32>>,
) {
    transform4(p0, p2, p4, p6);
    transform4(p1, p3, p5, p7);
    let e0 = *p0;
    let e1 = *p2;
    let e2 = *p4;
    let e3 = *p6;
    let o0 = *p1;
    let o1 = HALF_ROOT * vec2<f32>((*p3).x + (*p3).y, (*p3).y - (*p3).x);
    let o2 = vec2<f32>((*p5).y, -(*p5).x);
    let o3 = HALF_ROOT * vec2<f32>((*p7).y - (*p7).x, -(*p7).x - (*p7).y);
    *p0 = e0 + o0;
    *p1 = e1 + o1;
    *p2 = e2 + o2;
    *p3 = e3 + o3;
    *p4 = e0 - o0;
    *p5 = e1 - o1;
    *p6 = e2 - o2;
    *p7 = e3 - o3;
}
// #end
