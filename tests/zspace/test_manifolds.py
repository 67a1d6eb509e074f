"""Parameters on manifolds: what they accept, keep and carry along."""

from __future__ import annotations

import copy
import json
import math
import pickle

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn
from spiraltorch_web.errors import ArgumentError, FileFormatError
from spiraltorch_web.io import json_state
from spiraltorch_web.zspace import Euclidean, PoincareBall, geometry
from tests.support.ball import points

BALL = PoincareBall(-2.0)


def placed(rows: int = 4, width: int = 3) -> nn.Parameter:
    """A parameter of points in the ball of curvature −2."""
    return nn.Parameter(points(np.random.default_rng(0), (rows, width), BALL.curvature), manifold=BALL)


def test_a_parameter_is_flat_unless_it_says_otherwise():
    assert nn.Parameter([1.0]).manifold == Euclidean() and nn.Linear(2, 2).weight.manifold == Euclidean()
    assert placed().manifold == PoincareBall(-2.0) and "PoincareBall(curvature=-2.0)" in repr(placed())
    assert BALL.radius == pytest.approx(math.sqrt(0.5))


@pytest.mark.parametrize("curvature", [0, 0.0, 1.0, math.nan, -math.inf, None, "x", True])
def test_a_ball_needs_a_curvature_below_zero(curvature):
    with pytest.raises(ArgumentError, match="finite number < 0, got"):
        PoincareBall(curvature)


def test_a_manifold_is_one_of_two():
    with pytest.raises(ArgumentError, match=r"PoincareBall\(curvature\), got -1.0"):
        nn.Parameter([0.0], manifold=-1.0)


def test_rows_outside_are_never_taken_over(device):
    weight = placed()
    before = weight.numpy()
    given = np.array([[0.1, 0, 0], [0.8, 0, 0], [0, np.nan, 0], [0, 0, 0.7]], np.float32)  # the radius is 0.707
    with st.no_grad():
        weight.copy_(given)
    with pytest.raises(ArgumentError, match="a parameter: the value holds NaN"):
        weight.tolist()
    np.testing.assert_array_equal(weight.numpy(), np.where([[True], [False], [False], [True]], given, before))
    outside = nn.Parameter([[0.9, 0.0]], manifold=BALL)
    with pytest.raises(ArgumentError, match="norm 0.9, but the ball of curvature -2 has radius 0.707"):
        outside.tolist()


def test_rows_outside_are_never_taken_over_by_a_compiled_step(device):
    weight = placed()

    @st.compile
    def jump(factor):
        with st.no_grad():
            weight.mul_(factor)
        return weight.square().sum()

    assert np.isfinite(jump(st.tensor(0.5)).item())
    before = weight.numpy()
    result = jump(st.tensor(1e4))
    with pytest.raises(ArgumentError, match="a parameter: the value holds a point of norm"):
        result.item()
    np.testing.assert_array_equal(weight.numpy(), before)


def test_rows_of_a_parameter_are_known_to_be_points():
    weight = placed(5, 2)
    table = st.tensor([[3, 0], [1, 1]], dtype=st.int32)
    rows = nn.functional.embedding(table, weight)
    for points_ in (weight, rows, rows[:, None], weight[1:4], weight.reshape(1, 5, 2), weight.flip(0), weight.detach()):
        with pytest.raises(ArgumentError, match="holds points of curvature -2"):
            geometry.logmap0(points_, curvature=-1.0)
    # Columns are no points, and neither are sums.
    for other in (weight[:, :1], weight.T, weight * 1.0):
        assert np.isfinite(geometry.logmap0(other, curvature=-0.1).numpy()).all()


def test_copies_keep_the_manifold():
    weight = placed()
    for other in (copy.deepcopy(weight), pickle.loads(pickle.dumps(weight))):
        assert other.manifold == BALL and other.tolist() == weight.tolist() and other is not weight
    model = nn.PoincareEmbedding(4, 2, curvature=-2.0).half()
    assert model.weight.manifold == BALL and model.weight.dtype is st.float16


@pytest.mark.parametrize("ending", ["safetensors", "json"])
def test_files_keep_manifold_and_curvature(tmp_path, ending):
    model = nn.ModuleList([nn.PoincareEmbedding(6, 3, curvature=-0.5), nn.Linear(3, 2)])
    path = tmp_path / f"model.{ending}"
    st.save(model, path)
    state = st.load(path)
    assert state["0.weight"].manifold == PoincareBall(-0.5)
    assert not isinstance(state["1.weight"], nn.Parameter)
    twin = nn.ModuleList([nn.PoincareEmbedding(6, 3, curvature=-0.5), nn.Linear(3, 2)])
    twin.load_state_dict(state)
    assert twin[0].weight.tolist() == model[0].weight.tolist()
    other = nn.ModuleList([nn.PoincareEmbedding(6, 3), nn.Linear(3, 2)])
    before = [parameter.tolist() for parameter in other.parameters()]
    with pytest.raises(ArgumentError, match=r"0.weight: points of PoincareBall\(curvature=-0.5\) do not fit"):
        other.load_state_dict(state)
    with pytest.raises(ArgumentError, match="do not fit flat space"):
        nn.Embedding(6, 3).load_state_dict({"weight": state["0.weight"]})
    assert [parameter.tolist() for parameter in other.parameters()] == before


def test_checkpoints_keep_manifolds_and_metadata_stays_the_users(tmp_path):
    model = nn.PoincareEmbedding(3, 2, curvature=-3.0)
    st.save({"model": model.state_dict(), "epoch": 7}, tmp_path / "run.safetensors", {"author": "me"})
    loaded = st.load(tmp_path / "run.safetensors")
    assert loaded["epoch"] == 7 and loaded["model"]["weight"].manifold == PoincareBall(-3.0)
    assert st.io.load_metadata(tmp_path / "run.safetensors") == {"author": "me"}


def test_formats_without_room_for_a_curvature_say_so(tmp_path):
    with pytest.raises(ArgumentError, match="cannot hold the curvature of 'weight'"):
        st.save(nn.PoincareEmbedding(3, 2), tmp_path / "points.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"curvature": 1.0}, "a curvature is a number < 0, got 1.0"),
        ({"curvature": "flat"}, "a curvature is a number < 0, got 'flat'"),
        ({"data": [0.1, 0.2, 0.6, 0.8]}, "row 1 is no point of the ball of curvature -1: its norm is 1"),
        ({"dtype": "int32", "data": [0, 0, 0, 0]}, "points are vectors of floats"),
    ],
)
def test_damaged_points_in_files_are_refused(change, words):
    row = {"rows": 2, "cols": 2, "data": [0.1, 0.2, 0.3, 0.4], "curvature": -1.0, **change}
    with pytest.raises(FileFormatError, match=words):
        json_state.decode(json.dumps({"parameters": {"weight": row}}).encode())


def test_curvatures_of_tensors_that_are_not_there_are_refused(tmp_path):
    from spiraltorch_web.io import safetensors

    data = safetensors.encode({}, {"spiraltorch.curvatures": '{"weight": -1.0}'})
    with pytest.raises(FileFormatError, match="which the file does not hold"):
        st.io.loads(data, "safetensors")


def test_plain_values_are_checked_when_they_are_loaded():
    model = nn.PoincareEmbedding(2, 2)
    before = model.weight.tolist()
    model.load_state_dict({"weight": [[0.1, 0.2], [5.0, 0.0]]})
    with pytest.raises(ArgumentError, match="norm 5, but the ball"):
        model.weight.tolist()
    assert model.weight.tolist() == [pytest.approx([0.1, 0.2]), before[1]]
