"""Small programs that run unchanged on the CPU, on native WebGPU and in the browser.

Each takes ``run``, which is `st.compile` or leaves a function as it is, and returns tensors. Inputs are made of
integers, so that every place starts from the same bits. Neither pytest nor NumPy: this file also runs in Pyodide.
"""

from __future__ import annotations

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.nn import functional as F


def plain(function):
    """The function itself: every operation runs eagerly."""
    return function


def ramp(*shape: int, seed: int = 0) -> st.Tensor:
    """float32 in [−1, 1), scattered."""
    count = 1
    for size in shape:
        count *= size
    return st.tensor([((i * 7919 + seed * 104729 + 31) % 2003) / 1001.5 - 1 for i in range(count)]).reshape(shape)


def whole(*shape: int, below: int, seed: int = 0) -> st.Tensor:
    """int32 in [0, below), scattered."""
    return ((ramp(*shape, seed=seed) + 1) * (below / 2)).floor().to(st.int32)


# --- values ---------------------------------------------------------------------------------------------------------


def elementwise(run):
    return run(lambda x, y: ((x * 2 + y).exp().log1p() - y.tanh() / (x.abs() + 1)).sqrt())(
        ramp(7, 9), ramp(7, 9, seed=1)
    )


def broadcasting(run):
    return run(lambda x, y, z: (x * y - z, st.maximum(x, z).sum(0)))(ramp(3, 1, 5), ramp(4, 1), ramp(5))


def reductions(run):
    def function(x):
        return x.sum((0, 2)), x.mean(1), x.var(-1), x.amax((1, 2)), x.prod(0), x.norm(), x.std(), x.sum()

    return run(function)(ramp(4, 5, 6))


def positions(run):
    return run(lambda x: (x.argmax(1), x.argmin(0), (x > 0.2).any(1), (x > -0.9).all(0), (x > 0).sum()))(ramp(6, 8))


def row_functions(run):
    return run(lambda x: (x.softmax(-1), x.log_softmax(0), x.logsumexp((0, 1)), F.normalize(x)))(ramp(6, 40) * 5)


def not_numbers(run):
    x = st.tensor([1.0, float("nan"), float("inf"), -float("inf"), -0.0, 0.0])
    return run(lambda x: (x.isnan(), x.isfinite(), x.nan_to_num(9, 8, 7), x.clamp(-2, 2).isnan(), x == 0))(x)


def products(run):
    def function(a, b):
        return a @ b, (a.transpose(1, 2) @ a).sum(0), st.einsum("bij,bjk->ki", a, b), a[0] @ b[0, :, 0]

    return run(function)(ramp(3, 17, 20), ramp(3, 20, 9, seed=2))


def integers(run):
    def function(x, y):
        unsigned = st.bitcast(x, st.uint32)
        return x // y, x % y, x * y - x, (x << 3) ^ y, x >> 1, (unsigned >> 5).to(st.int32), (x & y) | 1, -x, x.abs()

    return run(function)((ramp(30) * 1000).to(st.int32), whole(30, below=9, seed=3) + 1)


def moved(run):
    def function(x):
        return (
            *(st.cat([x, x.flip(1)], 0), st.stack([x, -x], 1), st.pad(x, (1, 2, 0, 1), value=3.0), x.roll(2, 1)),
            *(x.permute(1, 0).reshape(3, -1), x.repeat(2, 1), x.tril(), x.triu(1), x[1:, ::2], x[:, -1]),
        )

    return run(function)(ramp(4, 6))


def indexed(run):
    def function(x, rows, columns):
        changed = x.clone()
        changed[rows] = 0.5
        return x[rows], x[rows, columns], x.gather(1, columns[:, None] + st.zeros_like(columns[:, None])), changed

    return run(function)(ramp(6, 8), whole(5, below=6), whole(5, below=8, seed=1))


def scattered(run):
    def function(x, index):
        ones = st.zeros(6, 3).scatter_add(0, index, x)
        return ones, st.zeros(7, 3).index_add(0, index[:, 0], x), st.one_hot(index[:, 0], 6)

    return run(function)(ramp(9, 3), whole(9, 3, below=6))


def sorted_values(run):
    def function(x):
        values, order = x.sort(-1)
        top, places = x.topk(3, 0)
        return values, order, top, places, x.argsort(0, descending=True)

    return run(function)((ramp(9, 33) * 8).round())


def selections(run):
    def function(x):
        top, middle, bottom = st.topk(x, 7), st.midk(x, 6), st.bottomk(x, 40)
        missing = st.topk(st.where(x > 3, float("nan"), x), 33)
        places = st.where(missing.indices < 0, -1.0, missing.values.nan_to_num(0))
        return *top, *middle, *bottom, places, missing.indices, *st.midk(x, 2, 0)

    return run(function)((ramp(6, 41) * 8).round())


def derivative_of_selections(run):
    weight = ramp(5, 30).round().requires_grad_(True)

    def function(x):
        chosen = st.topk(x * weight, 4).values.sum() + (st.midk(x - weight, 5).values ** 2).sum()
        return st.grad(lambda w: st.bottomk(w * w, 3, 0).values.sum())(x), chosen

    return run(function)((ramp(5, 30, seed=3) * 8).round())


def running(run):
    return run(lambda x: (x.cumsum(1), x.cumsum(0), (x * 0.1 + 1).cumprod(1), x.diff()))(ramp(5, 70))


# --- random numbers -------------------------------------------------------------------------------------------------


def random_bits(run):
    def function():
        return (
            st.rand(50),
            st.rand(3, 4) * 2 - 1,
            st.randint(0, 1000, (40,)),
            st.randperm(37),
            st.bernoulli(st.full((30,), 0.3)),
        )

    return run(function)()


def random_streams(run):
    generator = st.Generator(2**40 + 7)
    draw = run(lambda: st.rand(5, generator=generator))
    return draw(), draw(), draw(), generator.get_state().to(st.int32)


def normals(run):
    return run(lambda: (st.randn(200), st.normal(1.0, 2.0, (20,))))()


# --- derivatives ----------------------------------------------------------------------------------------------------


def gradients_of(run, loss, *inputs):
    """The loss and its gradients."""
    return run(st.value_and_grad(loss, tuple(range(len(inputs)))))(*inputs)


def derivative_of_a_network(run):
    def loss(x, w, v):
        return ((x @ w).relu() @ v).softmax(-1)[:, 0].log().mean()

    return gradients_of(run, loss, ramp(8, 5), ramp(5, 7, seed=1), ramp(7, 3, seed=2))


def convolution(run):
    def loss(x, w, b):
        return (st.conv2d(x, w, b, stride=2, padding=1) ** 2).mean()

    return gradients_of(run, loss, ramp(2, 4, 9, 8), ramp(6, 2, 3, 3, seed=1)[:, :2].repeat(1, 2, 1, 1), ramp(6))


def grouped_convolution(run):
    def loss(x, w):
        return st.conv1d(x, w, padding=2, dilation=2, groups=2).tanh().sum()

    return gradients_of(run, loss, ramp(3, 4, 12), ramp(6, 2, 3))


def pooling(run):
    def loss(x):
        return (st.max_pool2d(x, 2) * st.avg_pool2d(x, 2)).sum() + st.adaptive_avg_pool2d(x, 1).square().sum()

    return gradients_of(run, loss, ramp(2, 3, 8, 8))


def attention(run):
    def loss(q, k, v):
        mask = st.ones(6, 6).tril() > 0
        scores = st.where(mask, q @ k.transpose(-1, -2) / 2, -1e9)
        return ((scores.softmax(-1) @ v) ** 2).mean()

    return gradients_of(run, loss, *(ramp(2, 2, 6, 4, seed=seed) for seed in range(3)))


def normalisation(run):
    def loss(x, weight, bias):
        return (F.layer_norm(x, (10,), weight, bias) * x).sum()

    return gradients_of(run, loss, ramp(4, 10), ramp(10, seed=1), ramp(10, seed=2))


def embedding_and_cross_entropy(run):
    words, labels = whole(7, 3, below=11), whole(7, below=4, seed=1)

    def loss(table, head):
        return F.cross_entropy(st.embedding(words, table).mean(1) @ head, labels)

    return gradients_of(run, loss, ramp(11, 6), ramp(6, 4))


def second_derivatives(run):
    def function(x, direction):
        value, (product,) = st.hvp(lambda x: ((x**3).sum() * x.sin().mean()).exp(), (x,), (direction,))
        inner = st.grad(lambda x: (st.grad(lambda x: (x.tanh() * x).sum())(x) ** 2).sum())(x)
        return value, product, inner

    return run(function)(ramp(12) * 0.4, ramp(12, seed=1))


def directional_derivatives(run):
    def function(x, w, direction):
        value, tangent = st.jvp(lambda x: (x @ w).sigmoid(), (x,), (direction,))
        _, pull = st.vjp(lambda w: (x @ w).log_softmax(-1), w)
        return value, tangent, pull(value)[0]

    return run(function)(ramp(4, 5), ramp(5, 3), ramp(4, 5, seed=2))


# --- training -------------------------------------------------------------------------------------------------------


def training(run, make_optimizer, model=None, steps=5):
    """Losses of a few steps, and the parameters and buffers after them."""
    model = model or nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
    optimizer = make_optimizer(model.parameters())
    x, y = ramp(16, 6), whole(16, below=3)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step = run(step)
    return [step(x, y) for _ in range(steps)], [*model.parameters(), *model.buffers()]


def training_with_sgd(run):
    return training(
        run, lambda parameters: optim.SGD(parameters, lr=0.2, momentum=0.9, nesterov=True, weight_decay=0.01)
    )


def training_with_adam(run):
    return training(run, lambda parameters: optim.Adam(parameters, lr=0.01))


def training_with_adamw(run):
    return training(run, lambda parameters: optim.AdamW(parameters, lr=0.01, weight_decay=0.1))


def training_with_rmsprop(run):
    return training(run, lambda parameters: optim.RMSprop(parameters, lr=0.01, momentum=0.5))


def training_with_adagrad(run):
    return training(run, lambda parameters: optim.Adagrad(parameters, lr=0.05))


def training_with_dropout_and_statistics(run):
    # A bias before the normalisation would have the gradient 0, and Adam would blow its rounding errors up.
    first = nn.Linear(6, 12, bias=False)
    model = nn.Sequential(first, nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.4), nn.Linear(12, 3))
    return training(run, lambda parameters: optim.Adam(parameters, lr=0.01), model)


def training_with_clipping_and_schedule(run):
    model = nn.Linear(6, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    x, y = ramp(16, 6), whole(16, below=3)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        return loss

    step = run(step)
    losses = []
    for _ in range(6):
        losses.append(step(x, y))
        scheduler.step()
    return losses, list(model.parameters())


def spectra(run):
    def function(x, y):
        z = st.fft.fft(st.ComplexTensor(x, y))
        back = st.fft.irfft(st.fft.rfft(x), x.shape[1])
        turned = st.fft.ifft(z * z.conj(), axis=0)
        return z.real, z.imag, back, abs(turned)

    return run(function)(ramp(3, 64), ramp(3, 64, seed=1)), run(function)(ramp(2, 12), ramp(2, 12, seed=1))


def derivative_of_a_spectrum(run):
    def loss(x):
        return (abs(st.fft.rfft(x)) + 1).log().sum()

    return gradients_of(run, loss, ramp(4, 20))


def training_through_tapes(run):
    encoder = st.LanguageWaveEncoder(-0.9, 0.7)
    gate = nn.WaveGate(8, encoder, st.OpenCartesianTopos(-0.9, saturation=2.0))
    model = nn.Sequential(gate, nn.Unflatten(1, (4, 2)), nn.ToposResonator(4, 2), nn.Flatten(), nn.Linear(8, 3))
    model.attach_hypergrad(-0.9, 0.3)
    loss_of = nn.HyperbolicCrossEntropy(-0.9)
    codes, y = encoder.encode_z_space(["ein", "kurzer", "Text", "je Zeile"], width=8), whole(4, below=3)

    def step(x, y):
        loss = loss_of(model(x), y)
        loss.backward()
        model.apply_step()
        return loss

    step = run(step)
    return [step(codes, y) for _ in range(4)], list(model.parameters()), encoder.encode_wave("spiral").real


def a_step_in_the_ball(run):
    tape, point = st.Hypergrad(-1.0, 0.5, 5, 3), ramp(5, 3) * 0.5

    def step(gradient):
        tape.accumulate_wave(gradient)
        tape.apply(point)

    step = run(step)
    for seed in range(3):
        step(ramp(5, 3, seed=seed + 1))
    return point


def roundtable_bands(run):
    schedule = st.zspace.RoundtableSchedule(6, 10, st.RoundtableConfig(0.2, 0.5, 0.3, 0.05))

    def split(x):
        bands = schedule.split(x)
        return bands.above, bands.here, bands.beneath, bands.scale(0.5, 1.0, 2.0).combine()

    return run(split)(ramp(6, 10))


def state_kept_in_place(run):
    total, count = st.zeros(3), st.zeros((), dtype=st.int32)

    def add(x):
        total.mul_(0.5).add_(x.sum(0))
        count.add_(1)
        return total * count

    add = run(add)
    return [add(ramp(4, 3, seed=seed)) for seed in range(4)], total, count


# Relative and absolute bounds, by the largest absolute value of each result. EXACT: equal bit for bit.
EXACT = frozenset(
    {
        *("integers", "positions", "not_numbers", "moved", "indexed", "sorted_values", "selections"),
        *("random_bits", "random_streams", "roundtable_bands"),
    }
)
TOLERANCE = 1e-5
LOOSER = {"normals": 4e-6, "second_derivatives": 5e-5}

PROGRAMS = {
    program.__name__: program
    for program in (
        *(elementwise, broadcasting, reductions, positions, row_functions, not_numbers, products, integers, moved),
        *(indexed, scattered, sorted_values, selections, running, random_bits, random_streams, normals),
        *(derivative_of_selections,),
        *(derivative_of_a_network, convolution, grouped_convolution, pooling, attention, normalisation),
        *(spectra, derivative_of_a_spectrum),
        *(embedding_and_cross_entropy, second_derivatives, directional_derivatives),
        *(training_with_sgd, training_with_adam, training_with_adamw, training_with_rmsprop, training_with_adagrad),
        *(training_with_dropout_and_statistics, training_with_clipping_and_schedule, state_kept_in_place),
        *(training_through_tapes, a_step_in_the_ball, roundtable_bands),
    )
}


def results(name: str, compiled: bool) -> list[list[float]]:
    """The values of every tensor that a program returns, from seed 0."""
    st.manual_seed(0)
    found = []

    def collect(value):
        if isinstance(value, st.Tensor):
            found.append([float(entry) for entry in value.data()])
        else:
            for item in value:
                collect(item)

    collect(PROGRAMS[name](st.compile if compiled else plain))
    return found
