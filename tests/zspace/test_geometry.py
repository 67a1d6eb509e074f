"""The maps of the Poincaré ball: values and derivatives against float64, laws, the boundary, and what is refused."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, DTypeError, ShapeError
from spiraltorch_web.zspace import geometry
from tests.support.ball import MAPS, Ball, apart, arguments, points, second_slope, slope

CURVATURES = (-1.0, -0.37, -4.0)
# Of a row's length. Values err by a few float32 roundings; derivatives by those of their largest terms, which partly
# cancel: 2e-6, 6e-6 and 1.5e-4 were the worst of 2,000 rows each.
VALUE, FIRST, SECOND = 1e-5, 2e-5, 3e-4


def on(name: str, curvature: float):
    """A map of one ball as a function of tensors."""
    return partial(getattr(geometry, name), curvature=curvature)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize(("curvature", "width"), [(-1.0, 5), (-0.37, 2), (-4.0, 1)])
def test_values_and_derivatives_of_two_orders_are_those_of_the_closed_form(name, curvature, width):
    at = arguments(name, curvature, width)
    random = np.random.default_rng(1)
    first, second = ([random.standard_normal(a.shape).astype(np.float32) for a in at] for _ in range(2))
    truth = getattr(Ball(-curvature), name)
    wide = [[a.astype(float) for a in given] for given in (at, first, second)]
    at, first, second = (tuple(map(st.tensor, given)) for given in (at, first, second))
    value, along = st.autograd.jvp(on(name, curvature), at, first)
    _, twice = st.autograd.jvp(lambda *moved: st.autograd.jvp(on(name, curvature), moved, first)[1], at, second)
    assert apart(value.numpy(), truth(*wide[0])) < VALUE
    assert apart(along.numpy(), slope(truth, *wide[:2])) < FIRST
    if name != "distance" or width > 1:  # on a line the distance of near points has no curvature, only rounding
        assert apart(twice.numpy(), second_slope(truth, *wide)) < SECOND


@pytest.mark.parametrize("name", MAPS)
def test_devices_agree_with_the_closed_form(device, name):
    at = arguments(name, -0.37, 5)
    directions = [np.random.default_rng(1).standard_normal(a.shape).astype(np.float32) for a in at]
    truth = getattr(Ball(0.37), name)
    value, along = st.autograd.jvp(on(name, -0.37), tuple(map(st.tensor, at)), tuple(map(st.tensor, directions)))
    st.realize(value, along)
    at, directions = ([a.astype(float) for a in given] for given in (at, directions))
    assert apart(value.numpy(), truth(*at)) < VALUE
    assert apart(along.numpy(), slope(truth, at, directions)) < FIRST


def test_derivatives_at_the_origin_and_at_equal_points(device):
    eye = np.eye(3, dtype=np.float32)
    for map_at_origin in (geometry.expmap0, geometry.logmap0):
        for row in eye:
            _, pushed = st.autograd.jvp(map_at_origin, [st.zeros(3)], [st.tensor(row)])
            assert pushed.tolist() == row.tolist()
    x = geometry.project(st.tensor([[0.3, -0.2, 0.5], [0.0, 0.0, 0.0]]))
    for index, partner in enumerate((x, x)):
        slopes = st.grad(lambda a, b: geometry.distance(a, b).sum(), index)(x, partner)
        assert slopes.tolist() == st.zeros(2, 3).tolist()
    assert geometry.distance(x, x).tolist() == [0.0, 0.0]
    # d² is smooth there; its slope is 0 too, and the maps' second derivatives are finite.
    curved = st.grad(lambda a: (st.grad(lambda b: geometry.expmap0(b).sum())(a)).sum())(st.zeros(2, 3))
    assert curved.tolist() == st.zeros(2, 3).tolist()


def test_up_to_the_boundary_results_are_finite_and_monotone(device):
    """Along a ray: lengths 1 − 10⁻ᵏ of the radius, k from 0.1 to 6."""
    share = (1 - 10.0 ** -np.linspace(0.1, 6, 60)).astype(np.float32)
    direction = np.array([0.6, 0.8], np.float32)
    ray = st.tensor(share[:, None] * direction)
    other = st.tensor(-direction * np.float32(0.999999))
    far = geometry.distance(ray, other).numpy()
    assert np.isfinite(far).all() and (np.diff(far) > 0).all()
    assert abs(far[-1] / (2 * math.atanh(0.999999) * 2) - 1) < 0.01  # 4 units in the last place of a gap of 2e-6
    lengths = np.linalg.norm(geometry.logmap0(ray).numpy(), axis=1)
    assert np.isfinite(lengths).all() and (np.diff(lengths) > 0).all()
    back = np.linalg.norm(
        geometry.expmap0(st.tensor(np.linspace(0, 40, 60, dtype=np.float32)[:, None] * direction)).numpy(), axis=1
    )
    assert (np.diff(back) > -1.5e-7).all() and back[-1] == pytest.approx(1 - 1e-6, abs=3e-7)  # 2 roundings
    for pair in ((ray, other), (ray, ray)):
        for slopes in (st.grad(lambda a, b: geometry.distance(a, b).sum(), (0, 1))(*pair),):
            assert all(np.isfinite(part.numpy()).all() for part in slopes)
    assert np.isfinite(geometry.parallel_transport(ray, other, st.tensor(direction)).numpy()).all()
    assert np.isfinite(geometry.logmap(ray, other).numpy()).all()


@pytest.mark.parametrize("scale", [1e3, 1e20, 3e38])
def test_huge_tangent_vectors_reach_the_boundary_and_no_further(device, scale):
    v = st.tensor([[scale, 0.0], [-scale, scale]])
    for point in (geometry.expmap0(v), geometry.expmap(geometry.project(st.tensor([0.5, 0.5])), v)):
        lengths = np.linalg.norm(point.numpy().astype(float), axis=1)
        assert ((lengths > 0.99999) & (lengths < 1)).all()


def test_project_moves_only_what_is_at_the_boundary(device):
    random = np.random.default_rng(0)
    inner = points(random, (50, 3), -2.0, 0.99998)
    inner[0] = [-0.0, 1e-40, 0.0]
    kept = geometry.project(st.tensor(inner), curvature=-2.0).numpy()
    assert (
        kept.view(np.uint32).tolist() == (inner + np.float32(0) * 0).view(np.uint32).tolist() or (kept == inner).all()
    )
    assert math.copysign(1, kept[0, 0]) == -1
    outer = np.array([[1.0, 0, 0], [3, 4, 0], [1e30, -1e30, 0], [np.inf, 0, 0]], np.float32)
    lengths = np.linalg.norm(geometry.project(st.tensor(outer), curvature=-2.0).numpy().astype(float), axis=1)
    np.testing.assert_allclose(lengths, (1 - 1e-5) / math.sqrt(2), rtol=1e-6)
    with pytest.raises(ArgumentError, match="y holds NaN"):
        geometry.logmap0(geometry.project(st.tensor([[math.nan, 0.0]]))).tolist()


# --- gyrovector laws ------------------------------------------------------------------------------------------------

# Coordinates whose points of three lie within 0.87 of the radius.
SHARE = hs.floats(-0.5, 0.5, width=32)
TRIPLES = hs.lists(hs.lists(SHARE, min_size=3, max_size=3), min_size=3, max_size=3)
LAW = {"rtol": 2e-4, "atol": 2e-6}  # of sums of sums: each may lose a digit where gaps are small


@settings(max_examples=40, deadline=None)
@given(TRIPLES, hs.sampled_from(CURVATURES))
def test_gyrovector_laws(triple, curvature):
    st.set_device("cpu")
    radius = 1 / math.sqrt(-curvature)
    x, y, z = (geometry.project(st.tensor(np.array([row], np.float32) * radius), curvature=curvature) for row in triple)
    near = {**LAW, "atol": LAW["atol"] * radius}

    def add(a, b):
        return geometry.mobius_add(a, b, curvature=curvature)

    def far(a, b):
        return geometry.distance(a, b, curvature=curvature).numpy()

    same = np.testing.assert_allclose
    same(add(-x, add(x, y)).numpy(), y.numpy(), **near)  # left cancellation
    same(add(x, st.zeros(1, 3)).numpy(), x.numpy(), **near)
    same(far(add(z, x), add(z, y)), far(x, y), rtol=2e-4, atol=2e-5 * radius)  # translations keep distances
    same(far(x, y), far(y, x), **near)
    assert far(x, z)[0] <= far(x, y)[0] + far(y, z)[0] + 1e-5 * radius
    way = geometry.logmap(x, y, curvature=curvature)
    same(geometry.expmap(x, way, curvature=curvature).numpy(), y.numpy(), **near)
    length = (geometry.conformal_factor(x, curvature=curvature) * way).square().sum(-1).sqrt().numpy()
    same(length, far(x, y), rtol=1e-4, atol=1e-6 * radius)  # the velocity's length is the distance
    arrived = geometry.parallel_transport(x, y, way, curvature=curvature).numpy()
    back = geometry.logmap(y, x, curvature=curvature).numpy()
    same(arrived, -back, rtol=1e-3, atol=1e-5 * radius)  # a geodesic carries its own velocity along


# --- one launch, or two ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["webgpu"], indirect=True)
def test_a_map_is_one_launch_and_its_check_a_second(device):
    x, y = st.rand(300, 5) * 0.4, st.rand(300, 5) * 0.4
    known = st.compile(lambda x, y: geometry.distance(geometry.expmap0(x), geometry.expmap0(y)))
    unknown = st.compile(lambda x, y: geometry.distance(x, y))
    known(x, y), unknown(x, y)
    assert len(known.programs()[0].dispatches) == 1
    assert len(unknown.programs()[0].dispatches) == 2


# --- bad input ------------------------------------------------------------------------------------------------------

GOOD = [[0.1, 0.2]]
REFUSED = {
    "K = 0": (lambda: geometry.distance(GOOD, GOOD, curvature=0), ArgumentError, "got 0"),
    "K > 0": (lambda: geometry.expmap0(GOOD, curvature=1.5), ArgumentError, "got 1.5"),
    "K NaN": (lambda: geometry.project(GOOD, curvature=math.nan), ArgumentError, "got nan"),
    "K text": (lambda: geometry.logmap0(GOOD, curvature="flat"), ArgumentError, "got 'flat'"),
    "integers": (lambda: geometry.logmap0([[0, 0]]), DTypeError, "y holds vectors of floats, got int32"),
    "a number": (lambda: geometry.expmap0(0.5), ShapeError, "v needs an axis"),
    "widths": (lambda: geometry.mobius_add(GOOD, [[0.1]]), ShapeError, r"x \(1, 2\), y \(1, 1\)"),
    "two balls": (
        lambda: geometry.distance(geometry.expmap0(GOOD, curvature=-2.0), GOOD), ArgumentError,
        "x holds points of curvature -2, but the call has curvature=-1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_fits_no_ball_is_refused_at_once(case):
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize(
    ("bad", "words"), [(1.5, "y holds a point of norm 1.5"), (math.nan, "y holds NaN"), (1.0, "norm 1,")]
)
def test_points_outside_are_named_with_the_next_value_read(device, bad, words):
    good, outside = st.tensor([[0.3, 0.0]]), st.tensor([[bad, 0.0]])
    far = geometry.distance(good, outside)
    with pytest.raises(ArgumentError, match=words) as caught:
        far.tolist()
    assert "test_geometry.py, line" in str(caught.value)
    assert geometry.distance(good, -good).item() == pytest.approx(4 * math.atanh(0.3))  # and then all is well


def test_points_outside_stop_a_compiled_training_step(device):
    place = st.tensor([[0.1, 0.2]], requires_grad=True)

    @st.compile
    def step(target):
        loss = geometry.distance(geometry.expmap0(place), target).sum()
        place.grad = None
        loss.backward()
        with st.no_grad():
            place.sub_(0.1 * place.grad)
        return loss

    good = st.tensor([[0.3, 0.4]])
    first = step(good).item()
    loss = step(st.tensor([[3.0, 4.0]]))
    with pytest.raises(
        ArgumentError, match="distance: y holds a point of norm 5, but the ball of curvature -1 has radius 1"
    ):
        loss.item()
    assert np.isfinite(place.numpy()).all()
    assert step(good).item() < first
