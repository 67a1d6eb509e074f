"""Facts of the Rank-K lab against NumPy, as JSON that every browser can read."""

from __future__ import annotations

import json

import numpy
import pytest

from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.labs import rankk
from spiraltorch_web.tuning.inputs import matrix
from tests.labs.devices import on


def number(value):
    return float(value)  # "nan", "inf" and "-inf" are texts


@pytest.mark.parametrize("device", ["cpu", "webgpu:software"])
@pytest.mark.parametrize(
    ("kind", "distribution", "cols"),
    [("topk", "normal", 2048), ("bottomk", "infinite", 2049), ("midk", "nan", 5000), ("topk", "constant", 7)],
)
def test_picture_is_the_row_and_what_sorting_selects(device, kind, distribution, cols):
    k, row = 5, 2
    with on(device):
        entries = numpy.array(matrix(distribution, 3, cols)[row].tolist(), numpy.float32)
        shown = rankk.picture(kind, 3, cols, k, distribution, row)
    json.dumps(shown, allow_nan=False)
    kept = numpy.flatnonzero(~numpy.isnan(entries))
    ascending = kept[numpy.argsort(entries[kept], kind="stable")]
    first = {"bottomk": 0, "midk": max(0, (len(ascending) - k) // 2)}.get(kind)
    descending = kept[numpy.argsort(-entries[kept], kind="stable")]
    assert shown["places"] == (descending[:k] if first is None else ascending[first : first + k]).tolist()
    assert [number(value) for value in shown["values"]] == entries[shown["places"]].tolist()
    assert (shown["seconds"] is None) == (device == "cpu")
    pieces = [entries[start : start + shown["piece"]] for start in range(0, cols, shown["piece"])]
    assert (len(shown["low"]) == cols) == (cols <= rankk.POINTS)
    if shown["piece"] > 1:
        assert [number(low) for low in shown["low"]] == [numpy.nanmin(piece) for piece in pieces]
        assert [number(high) for high in shown["high"]] == [numpy.nanmax(piece) for piece in pieces]


def test_plan_tells_each_field_with_its_meaning():
    with on("webgpu:software"):
        facts = rankk.plan("topk", 4, 5000, 9)
    json.dumps(facts, allow_nan=False)
    assert [field["name"] for field in facts["fields"]][:3] == ["mk", "mkd", "tile"]
    assert all(field["word"] and field["meaning"] for field in facts["fields"])
    assert sum(one["planned"] for one in facts["alternatives"]) == 1
    assert facts["predicted"] > 0 and facts["winner"] in "ABC" and facts["reasons"]


def test_matrices_beyond_the_labs_and_rows_that_are_not_there_are_refused():
    with on("cpu"):
        with pytest.raises(ArgumentError, match="more than the 67,108,864 entries"):
            rankk.plan("topk", 1 << 14, 1 << 13, 1)
        with pytest.raises(ArgumentError, match="no row 3"):
            rankk.picture("topk", 3, 30, 1, "normal", 3)
