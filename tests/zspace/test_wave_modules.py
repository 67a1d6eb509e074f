"""Gates, projector, resonator, mixer and the recurrent modules: closed forms, gradients, guards."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.runtime.session import session
from spiraltorch_web.zspace import LanguageWaveEncoder, OpenCartesianTopos
from tests.parity.oracle import check_gradient, numbers
from tests.support.sessions import opened

ENCODER = LanguageWaveEncoder(-0.9, 0.7)
TOPOS = OpenCartesianTopos(-0.9, 1e-6, 1e4, 512, 16_384)


def exp0(v: np.ndarray, curvature: float) -> np.ndarray:
    v = v.astype(np.float64) * math.sqrt(-curvature)
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.where(norm > 0, np.tanh(norm) / np.where(norm > 0, norm, 1), 1.0) * v / math.sqrt(-curvature)


def modules() -> dict[str, tuple[nn.Module, tuple[int, ...]]]:
    """Every module of this part with the shape of an input; parameters away from their start."""
    st.manual_seed(0)
    found = {
        "WaveGate": (nn.WaveGate(5, ENCODER, TOPOS), (3, 5)),
        "ZSpaceProjector": (nn.ZSpaceProjector(TOPOS, ENCODER), (3, 5)),
        "ToposResonator": (nn.ToposResonator(3, 5), (2, 3, 5)),
        "ZSpaceMixer": (nn.ZSpaceMixer(5), (3, 5)),
        "GRUCell": (nn.GRUCell(4, 3), (2, 4)),
        "WaveRnn": (nn.WaveRnn(2, 4, 3, 2, 1, -0.9, 0.7, out=3), (2, 2, 9)),
    }
    for module, _ in found.values():
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -0.9, 0.9)
    return found


def places_of(module: nn.Module) -> list[tuple[nn.Module, str]]:
    """Where each parameter stands."""
    return [
        (owner, key)
        for owner in module.modules()
        for key, value in vars(owner).items()
        if isinstance(value, nn.Parameter)
    ]


@pytest.mark.parametrize("name", modules())
def test_gradients_of_inputs_and_parameters(name):
    module, shape = modules()[name]
    places = places_of(module)
    values = [getattr(owner, key).detach().numpy() for owner, key in places]

    def call(x, *values):
        for (owner, key), value in zip(places, values, strict=True):
            vars(owner)[key] = value
        return module(x)

    check_gradient(call, numbers(*shape), *values)


@pytest.mark.parametrize("name", modules())
def test_backward_is_the_vjp_and_adds_up(name):
    module, shape = modules()[name]
    x, rest = (
        st.tensor(numbers(*shape)),
        st.tensor(numbers(*modules()[name][0](st.tensor(numbers(*shape))).shape, seed=4)),
    )
    leaf = x.detach().requires_grad_()
    (module(leaf) * rest).sum().backward()
    expected = {path: parameter.grad.numpy() for path, parameter in module.named_parameters()}
    module.zero_grad()
    for _ in range(2):
        found = module.backward(x, rest)
    np.testing.assert_allclose(found.numpy(), leaf.grad.numpy(), rtol=1e-6, atol=1e-7)
    for path, parameter in module.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), 2 * expected[path], rtol=1e-5, atol=1e-6)


def trained(name: str, wrap) -> list[float]:
    """The last loss and all parameters after three steps."""
    module, shape = modules()[name]
    module.attach_hypergrad(-0.9, 0.05)
    x = st.tensor(numbers(*shape))

    @wrap
    def step(x):
        loss = module(x).square().sum()
        if module.hypergrads():
            loss.backward()
            module.apply_step()
        return loss

    for _ in range(3):
        loss = step(x)
    return [loss.item(), *(value for parameter in module.parameters() for value in parameter.data())]


@pytest.mark.parametrize("name", modules())
def test_compiled_training_equals_eager_training_on_the_cpu(device, name):
    found = trained(name, st.compile)
    session().use_device(opened("cpu"))
    np.testing.assert_allclose(found, trained(name, lambda step: step), rtol=2e-5, atol=2e-6)


def test_the_gate_and_the_projector_are_exponential_maps(device):
    gate, projector = (
        nn.WaveGate(4, ENCODER, OpenCartesianTopos(-0.9, saturation=2.0)),
        nn.ZSpaceProjector(TOPOS, ENCODER),
    )
    nn.init.uniform_(gate.gate, -2.0, 2.0)
    nn.init.uniform_(gate.bias, -1.0, 1.0)
    x = numbers(6, 4, low=-3, high=3)
    inner = np.clip(x * gate.gate.numpy() + gate.bias.numpy(), -2, 2)
    np.testing.assert_allclose(gate(st.tensor(x)).numpy(), exp0(inner, -0.9), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(projector(st.tensor(x)).numpy(), exp0(x, -0.9), rtol=1e-5, atol=1e-6)


def test_text_infuses_the_gate():
    gate = nn.WaveGate("gate", 6, ENCODER)
    gate.infuse_text("a text")
    expected = 1.0 + ENCODER.encode_z_space("a text", width=6).numpy()[0]
    np.testing.assert_allclose(gate.gate.detach().numpy(), expected, rtol=1e-6)
    assert gate.gate.requires_grad and gate.name == "gate"


def test_the_resonator_and_the_mixer_start_as_the_identity():
    x = st.tensor(numbers(2, 3, 4))
    assert np.array_equal(nn.ToposResonator("res", 3, 4)(x).numpy(), x.numpy())
    assert np.array_equal(nn.ZSpaceMixer(4)(x).numpy(), x.numpy())


def test_the_cell_is_a_gated_recurrent_unit():
    cell = modules()["GRUCell"][0]
    x, h = numbers(2, 4, seed=1), numbers(2, 3, seed=2)
    w, u, b, d = (
        p.detach().numpy().astype(np.float64) for p in (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    )
    left, right = np.split(x @ w.T + b, 3, 1), np.split(h @ u.T + d, 3, 1)
    r, z = (1 / (1 + np.exp(-(left[i] + right[i]))) for i in range(2))
    n = np.tanh(left[2] + r * right[2])
    np.testing.assert_allclose(cell(st.tensor(x), st.tensor(h)).numpy(), (1 - z) * n + z * h, rtol=1e-5, atol=1e-6)


def test_the_network_remembers():
    """The last output depends on the first frame, and states come one per frame."""
    network = nn.WaveRnn(1, 8, 1, 1, 0, -1.0, 1.0, out=2)
    x = np.zeros((1, 1, 6), np.float32)
    changed = x.copy()
    changed[0, 0, 0] = 1.0
    assert network.states(st.tensor(x)).shape == (1, 6, 8)
    assert np.abs(network(st.tensor(x)).numpy() - network(st.tensor(changed)).numpy()).max() > 1e-4


def test_nan_names_the_module_and_a_whole_step_changes_nothing(device):
    """NaN in a batch: the step leaves all parameters, the next read names the gate, and training goes on."""
    st.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.WaveGate("gate", 4, ENCODER, TOPOS), nn.Linear(4, 1))
    model.attach_hypergrad(-0.9, 0.1, TOPOS)

    @st.compile
    def step(x, y):
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        model.apply_step()
        return loss

    x, y = st.tensor(numbers(5, 3)), st.tensor(numbers(5, 1, seed=1))
    step(x, y).item()
    before = [parameter.numpy() for parameter in model.parameters()]
    bad = numbers(5, 3)
    bad[2, 1] = math.nan
    loss = step(st.tensor(bad), y)
    with pytest.raises(ArgumentError, match="WaveGate 'gate'.* NaN"):
        loss.item()
    assert all(np.array_equal(p.numpy(), old) for p, old in zip(model.parameters(), before, strict=True))
    assert step(x, y).item() < 10.0
    assert not any(np.array_equal(p.numpy(), old) for p, old in zip(model.parameters(), before, strict=True))


def test_optimisers_train_them_too():
    model = nn.Sequential(nn.ZSpaceMixer(3), nn.WaveGate(3, ENCODER), nn.Linear(3, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    x = st.tensor(numbers(32, 3))
    y = x[:, :1] * 0.5

    @st.compile
    def step(x, y):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    first = step(x, y).item()
    for _ in range(150):
        loss = step(x, y)
    assert loss.item() < 0.05 * first


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda: nn.WaveGate(4, ENCODER)(st.ones(2, 5)), r"WaveGate.*4.*\(2, 5\)"),
        (lambda: nn.ZSpaceMixer("mix", 4)(st.ones(5)), r"'mix'.*4.*\(5,\)"),
        (lambda: nn.ToposResonator(2, 4)(st.ones(4, 2)), r"2, 4.*\(4, 2\)"),
        (lambda: nn.GRUCell(4, 2)(st.ones(1, 3)), r"4.*\(1, 3\)"),
        (lambda: nn.ZSpaceProjector(TOPOS, ENCODER)(st.ones(200, 100)), "20,000 entries.*16,384"),
    ],
)
def test_shapes_that_do_not_fit_are_named(act, named):
    with pytest.raises(ShapeError, match=named):
        act()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"curvature": 0.0}, "curvature.*0.0"),
        ({"curvature": math.nan}, "curvature.*nan"),
        ({"tolerance": -1.0}, "tolerance.*-1.0"),
        ({"saturation": 0.0}, "saturation.*0.0"),
        ({"max_depth": 0}, "max_depth.*0"),
        ({"max_volume": 1.5}, "max_volume.*1.5"),
    ],
)
def test_a_topos_with_bad_settings_is_named(settings, named):
    with pytest.raises(ArgumentError, match=named):
        OpenCartesianTopos(**{"curvature": -1.0, **settings})


def test_rewriting_saturates_and_then_watches():
    topos = OpenCartesianTopos(-1.0, saturation=1.5)
    assert topos.rewrite(st.tensor([2.0, -math.inf, 0.5])).tolist() == [1.5, -1.5, 0.5]
    x = st.tensor([2.0, 0.5], requires_grad=True)
    topos.saturate(x).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0]
    watched = topos.rewrite(st.tensor([math.nan, 1.0]), "what came in")
    with pytest.raises(ArgumentError, match="what came in: 1 of 2"):
        watched.tolist()
