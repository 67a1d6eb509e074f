"""Modules as trees: names, state dicts, containers, modes, printing, explicit gradients."""

import copy
import math

import numpy as np
import pytest

from spiraltorch_web import nn, optim
from spiraltorch_web.compiled import compile
from spiraltorch_web.errors import AnomalyError, ArgumentError, AutogradError, ShapeError
from spiraltorch_web.nn import utils
from spiraltorch_web.tensor import tensor, zeros


class Net(nn.Module):
    """Parameters, a buffer, children and a shared weight, without a call of super().__init__()."""

    def __init__(self):
        self.scale = nn.Parameter(tensor([2.0]))
        self.register_buffer("seen", tensor([0]))
        self.register_buffer("scratch", tensor([0.0]), persistent=False)
        self.blocks = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.blocks[1].weight = self.blocks[0].weight
        self.norm = nn.BatchNorm1d(3)
        self.head = nn.ModuleDict({"a": nn.Linear(3, 2, bias=False)})

    def forward(self, x):
        for block in self.blocks:
            x = block(x).tanh()
        return self.head["a"](self.norm(x)) * self.scale


KEYS = ["scale", "seen", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias", "norm.weight"]
KEYS += ["norm.bias", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked", "head.a.weight"]


def points(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def test_keys_are_those_of_pytorch():
    assert list(Net().state_dict()) == KEYS


def test_parameters_are_listed_once_and_buffers_apart():
    net = Net()
    buffers = ("seen", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked")
    expected = [key for key in KEYS if key not in (*buffers, "blocks.1.weight")]
    assert [name for name, _ in net.named_parameters()] == expected
    assert len(list(net.parameters())) == len(expected)
    assert [name for name, _ in net.named_buffers()][:2] == ["seen", "scratch"]
    assert [name for name, _ in net.named_modules()] == [
        *("", "blocks", "blocks.0", "blocks.1", "norm", "head", "head.a")
    ]


def test_state_round_trip_gives_equal_outputs(device):
    first, second = Net().eval(), Net().eval()
    x = tensor(points(4, 3))
    assert first(x).tolist() != second(x).tolist()
    report = second.load_state_dict(first.state_dict())
    assert report.missing_keys == [] and report.unexpected_keys == []
    assert first(x).tolist() == second(x).tolist()


@pytest.mark.parametrize("convert", [lambda t: t, lambda t: t.numpy(), lambda t: t.tolist(), lambda t: AsPyTorch(t)])
def test_values_of_any_kind_load(convert):
    source, target = nn.Linear(2, 3), nn.Linear(2, 3)
    target.load_state_dict({key: convert(value) for key, value in source.state_dict().items()})
    assert target.weight.tolist() == source.weight.tolist()


class AsPyTorch:
    """A parameter of PyTorch: it only becomes an array once it is detached."""

    def __init__(self, value, requires_grad=True):
        self.value, self.requires_grad = value, requires_grad

    def detach(self):
        return AsPyTorch(self.value, False)

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise RuntimeError("call detach() first")
        return self.value.numpy()


def test_all_problems_of_a_state_are_told_at_once_and_nothing_changes():
    layer = nn.Linear(2, 3)
    before = layer.weight.tolist()
    with pytest.raises(ArgumentError) as caught:
        layer.load_state_dict({"weight": np.ones((3, 3), np.float32), "gain": [1.0]})
    for part in ("Linear", "missing: bias", "unexpected: gain", "weight: shape (3, 3) does not fit (3, 2)"):
        assert part in str(caught.value)
    with pytest.raises(ArgumentError, match="weight: .*rows of one shape"):
        layer.load_state_dict({"weight": [[1.0], [1.0, 2.0]]}, strict=False)
    assert layer.weight.tolist() == before
    report = layer.load_state_dict({"bias": [1.0, 2.0, 3.0], "gain": [1.0]}, strict=False)
    assert report == (["weight"], ["gain"])
    assert layer.bias.tolist() == [1.0, 2.0, 3.0]


def test_a_state_dict_is_a_snapshot(device):
    """Neither eager nor compiled training changes it, and models that share it stay apart."""
    first, second = nn.Linear(2, 1), nn.Linear(2, 1)
    second.load_state_dict(first.state_dict())
    snapshot = first.state_dict()
    before = snapshot["weight"].tolist()
    optimizer = optim.SGD(first.parameters(), lr=0.5)

    @compile
    def step(x):
        optimizer.zero_grad()
        first(x).sum().backward()
        optimizer.step()

    for _ in range(3):
        step(tensor([[1.0, 2.0]]))
    assert first.weight.tolist() != before
    assert snapshot["weight"].tolist() == before
    assert second.weight.tolist() == before


def test_a_deep_copy_shares_nothing(device):
    """The usual way to keep the best model so far, or an averaged one."""
    net = Net()
    net(tensor(points(4, 3))).sum().backward()
    twin = copy.deepcopy(net)
    assert list(twin.state_dict()) == KEYS
    assert twin.blocks[1].weight is twin.blocks[0].weight
    assert twin.scale.grad.tolist() == net.scale.grad.tolist()
    before = twin.scale.tolist()
    optim.SGD(net.parameters(), lr=1.0).step()
    assert net.scale.tolist() != before
    assert twin.scale.tolist() == before
    twin.zero_grad()
    twin(tensor(points(4, 3))).sum().backward()
    assert twin.scale.grad is not None
    with pytest.raises(AutogradError, match="only leaves"):
        copy.deepcopy(net.scale * 2.0)


def test_names_may_come_first_or_as_a_keyword():
    assert nn.Linear("encoder", 4, 3).name == "encoder"
    assert nn.Linear(4, 3, name="encoder").weight.shape == (3, 4)
    assert nn.Sequential("net", nn.ReLU()).name == "net"
    assert nn.Relu is nn.ReLU and nn.MeanSquaredError is nn.MSELoss
    assert nn.Linear(4, 3).name is None


def test_sequential_is_built_in_every_way():
    layers = [nn.Linear(2, 3), nn.Relu(), nn.Linear(3, 1)]
    pushed = nn.Sequential()
    pushed.push(layers[0]).add(layers[1]).append(layers[2])
    for model in (nn.Sequential(*layers), nn.Sequential(layers), pushed):
        assert list(model) == layers
        assert len(model) == 3
        assert model[-1] is layers[2]
        assert list(model[:2]) == layers[:2]
        assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    named = nn.Sequential({"first": layers[0], "last": layers[2]})
    assert list(named.state_dict())[0] == "first.weight"
    pushed[1] = nn.Tanh()
    assert isinstance(pushed[1], nn.Tanh)


def test_containers_say_what_they_hold():
    with pytest.raises(ArgumentError, match="holds modules, got a float"):
        nn.Sequential(1.0, 2.0)
    with pytest.raises(ArgumentError, match="attribute of every module"):
        nn.ModuleDict({"forward": nn.ReLU()})
    held = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    assert held.keys() == ["a", "b"] and "a" in held and len(held) == 2
    del held["a"]
    assert held.items() == [("b", held["b"])]
    with pytest.raises(KeyError):
        held["a"]


def test_repr_shows_the_tree():
    model = nn.Sequential(nn.Linear(4, 3, name="encoder"), nn.Sequential(nn.ReLU()))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Linear 'encoder'(in_features=4, out_features=3, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        ")"
    )


def test_modes_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert all(module.training for module in net.train().modules())


def test_apply_visits_children_first():
    visited = []
    nn.Sequential(nn.ReLU(), nn.Tanh()).apply(lambda module: visited.append(type(module).__name__))
    assert visited == ["ReLU", "Tanh", "Sequential"]


def test_a_parameter_cannot_become_a_plain_tensor():
    layer = nn.Linear(2, 2)
    with pytest.raises(ArgumentError, match="copy_"):
        layer.weight = zeros(2, 2)
    layer.weight = nn.Parameter(zeros(2, 2))
    assert layer.weight.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    layer.bias = None
    assert list(layer.state_dict()) == ["weight"]


def test_to_changes_floats_alone():
    net = Net().half()
    assert net.scale.dtype.name == "float16"
    assert net.norm.running_mean.dtype.name == "float16"
    assert net.seen.dtype.name == "int32"
    assert net.float().scale.dtype.name == "float32"


def test_backward_adds_parameter_gradients_and_returns_that_of_the_input(device):
    layer = nn.Linear(3, 2)
    x, grad = points(4, 3), points(4, 2)
    for times in (1, 2):
        returned = layer.backward(tensor(x), tensor(grad))
        np.testing.assert_allclose(returned.numpy(), grad @ layer.weight.numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(layer.weight.grad.numpy(), times * grad.T @ x, rtol=1e-5, atol=1e-6)
    layer.zero_grad()
    assert layer.weight.grad is None
    table = nn.Embedding(3, 2)
    assert table.backward(tensor([0, 0]), tensor([[1.0, 2.0], [3.0, 4.0]])) is None
    assert table.weight.grad.tolist() == [[4.0, 6.0], [0.0, 0.0], [0.0, 0.0]]


def test_freezing_stops_gradients():
    layer = nn.Linear(2, 2).requires_grad_(False)
    head = nn.Linear(2, 1)
    head(layer(tensor(points(3, 2)))).sum().backward()
    assert layer.weight.grad is None and head.weight.grad is not None


def test_forward_has_to_be_defined():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty defines no forward"):
        Empty()(1)


GRADCHECKED = {
    "mlp": (lambda: nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.LayerNorm(5), nn.Linear(5, 3)), (3, 4)),
    "conv": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.SiLU(), nn.AvgPool2d(2), nn.Flatten()),
        (2, 2, 4, 4),
    ),
    "transposed": (lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, output_padding=1), (1, 2, 3, 3)),
    "norm": (lambda: nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Tanh()), (3, 2, 5)),
}


@pytest.mark.parametrize("name", GRADCHECKED)
def test_gradients_equal_central_differences(name):
    """In one random direction through all parameters and the input."""
    build, shape = GRADCHECKED[name]
    module = build()
    random = np.random.default_rng(1)
    tensors = [tensor(points(*shape)).requires_grad_(), *module.parameters()]
    loss = module(tensors[0]).sin().sum()
    loss.backward()
    directions = [random.standard_normal(tuple(t.shape)).astype(np.float32) for t in tensors]
    slope = sum(float((t.grad.numpy() * d).sum()) for t, d in zip(tensors, directions, strict=True))
    starts = [t.numpy() for t in tensors]

    def moved(distance: float) -> float:
        for t, start, direction in zip(tensors, starts, directions, strict=True):
            t.requires_grad_(False)
            t.copy_(tensor(start + np.float32(distance) * direction))
        return module(tensors[0]).sin().sum().item()

    step = 2e-3
    # Differences of float32 sums of about 10, divided by the step.
    assert (moved(step) - moved(-step)) / (2 * step) == pytest.approx(slope, rel=5e-3, abs=5e-3)


# --- clipping ---------------------------------------------------------------------------------------------------


def with_gradients() -> list[nn.Parameter]:
    parameters = [nn.Parameter(tensor([0.0, 0.0])), nn.Parameter(tensor([0.0])), nn.Parameter(tensor([0.0]))]
    parameters[0].grad, parameters[1].grad = tensor([3.0, 0.0]), tensor([-4.0])
    return parameters


def test_clip_grad_norm_scales_all_together(device):
    parameters = with_gradients()
    assert utils.clip_grad_norm_(parameters, 1.0).item() == pytest.approx(5.0)
    assert parameters[0].grad.tolist() == pytest.approx([0.6, 0.0], rel=1e-5)
    assert parameters[1].grad.tolist() == pytest.approx([-0.8], rel=1e-5)
    assert utils.clip_grad_norm_(parameters, 10.0).item() == pytest.approx(1.0, rel=1e-5)
    assert parameters[1].grad.tolist() == pytest.approx([-0.8], rel=1e-5)


@pytest.mark.parametrize(("kind", "norm"), [(1.0, 7.0), (3.0, 91 ** (1 / 3)), (math.inf, 4.0)])
def test_clip_grad_norm_knows_other_norms(kind, norm):
    assert utils.clip_grad_norm_(with_gradients(), 1.0, kind).item() == pytest.approx(norm, rel=1e-5)


def test_clip_grad_norm_can_refuse_nan():
    parameters = with_gradients()
    parameters[0].grad = tensor([math.nan, 0.0])
    with pytest.raises(AnomalyError):
        utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    with pytest.raises(ArgumentError):
        utils.clip_grad_norm_(parameters, -1.0)
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0


def test_clip_grad_value_limits_entries(device):
    parameters = with_gradients()
    utils.clip_grad_value_(parameters, 3.5)
    assert parameters[1].grad.tolist() == [-3.5]
    assert parameters[0].grad.tolist() == [3.0, 0.0]


def test_clipping_works_in_a_compiled_step(device):
    weight = nn.Parameter(tensor([1.0, 1.0]))
    optimizer = optim.SGD([weight], lr=1.0)

    @compile
    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        utils.clip_grad_norm_([weight], 1.0)
        optimizer.step()

    step(tensor([3.0, 4.0]))
    assert weight.tolist() == pytest.approx([0.4, 0.2], rel=1e-5)


# --- arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: nn.Linear(4, 3)(zeros(2, 5)), r"\(2, 5\)"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "groups=2"),
        (lambda: nn.Conv2d(3, 4, (3, 3, 3)), "2 numbers"),
        (lambda: nn.Dropout(1.5), "probability"),
        (lambda: nn.GELU("exact!", approximate="exact"), "approximate"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), "padding_idx=3"),
        (lambda: nn.MultiheadAttention(5, 2), "does not divide"),
        (lambda: nn.BatchNorm1d(3)(zeros(2, 4)), "3 channels"),
        (lambda: nn.BatchNorm1d(3)(zeros(1, 3)), "more than one value"),
        (lambda: nn.BatchNorm2d(3)(zeros(2, 3)), "4 axes"),
        (lambda: nn.MSELoss(reduction="all"), "reduction"),
        (lambda: nn.MSELoss()(zeros(3, 1), zeros(3)), "one shape"),
        (lambda: nn.CrossEntropyLoss()(zeros(3, 4), tensor([1, 2])), "class indices of shape"),
        (lambda: nn.CrossEntropyLoss()(zeros(3, 4), zeros(3)), "one shape"),
        (lambda: nn.CrossEntropyLoss(label_smoothing=2.0)(zeros(1, 4), tensor([1])), "label_smoothing"),
        (lambda: nn.NLLLoss()(zeros(3, 4), zeros(3)), "integers"),
        (lambda: nn.init.kaiming_normal_(zeros(3)), "two axes"),
        (lambda: nn.init.calculate_gain("swish"), "no gain"),
    ],
)
def test_wrong_arguments_say_what_fits(run, message):
    with pytest.raises(ArgumentError, match=message):
        run()


def test_shape_errors_are_shape_errors():
    with pytest.raises(ShapeError):
        nn.LayerNorm(4)(zeros(2, 3))


@pytest.mark.parametrize(
    ("fill", "low", "high", "variance"),
    [
        (lambda w: nn.init.uniform_(w, -2.0, 1.0), -2.0, 1.0, 9 / 12),
        (lambda w: nn.init.normal_(w, 0.0, 2.0), -12.0, 12.0, 4.0),
        (lambda w: nn.init.xavier_uniform_(w), -math.sqrt(6 / 90), math.sqrt(6 / 90), 2 / 90),
        (lambda w: nn.init.xavier_normal_(w, gain=2.0), -2.0, 2.0, 8 / 90),
        (lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"), -2.0, 2.0, 2 / 40),
        (lambda w: nn.init.constant_(w, 3.0), 3.0, 3.0, 0.0),
    ],
)
def test_initial_values_have_their_distribution(device, fill, low, high, variance):
    values = np.array(fill(nn.Parameter(zeros(40, 50))).tolist())
    assert low <= values.min() <= values.max() <= high
    assert values.var() == pytest.approx(variance, rel=0.15, abs=1e-12)


def test_eye_fills_the_diagonal():
    assert nn.init.eye_(nn.Parameter(zeros(2, 3))).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
