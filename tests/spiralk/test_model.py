"""Programs mean what an independent model in NumPy says, on a grid of launches; ranges hold what comes out."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.spiralk.check import known_at_start
from spiraltorch_web.spiralk.closures import SLOTS, valued
from spiraltorch_web.spiralk.evaluate import launch_values
from spiraltorch_web.spiralk.ranges import Knowledge, Reasoner
from tests.spiralk.model import LAUNCHES, expected, pieces, steps

QUICK = settings(max_examples=120, deadline=None)


@QUICK
@given(some.lists(steps(), min_size=1, max_size=5))
def test_evaluation_agrees_with_the_model(rules):
    program = st.spiralk.parse("\n".join(rule.text for rule in rules))
    for launch, (hard, soft) in zip(LAUNCHES, expected(rules), strict=True):
        said = program.evaluate(**launch)
        assert said.hard == hard
        assert list(said.soft) == soft


@QUICK
@given(pieces())
def test_no_launch_leaves_the_range_that_was_found(piece):
    expression = st.spiralk.parse_expression(piece.text)
    known = known_at_start()
    found = Reasoner(expression.size).range_of(expression, known)
    for value in _values(expression):
        assert found.low <= value <= found.high
        assert found.values is None or value in found.values


@QUICK
@given(pieces(), some.booleans())
def test_what_a_condition_rules_out_never_happens(piece, truth):
    condition = st.spiralk.parse_expression(piece.text)
    narrowed = Reasoner(condition.size).assume(condition, truth, known_at_start())
    launches = [launch for launch, value in zip(LAUNCHES, _values(condition), strict=True) if bool(value) == truth]
    if launches:
        assert narrowed is not None
    for launch in launches:
        _assert_known(narrowed, launch)


def _assert_known(known: Knowledge, launch) -> None:
    values = _launch(launch)
    for expression, limits in known.ranges.items():
        value = valued(expression)(values)
        assert limits.low <= value <= limits.high
        assert limits.values is None or value in limits.values


def _values(expression):
    compute = valued(expression)
    return [compute(_launch(launch)) for launch in LAUNCHES]


def _launch(launch):
    values = launch_values(**launch, choice=None)
    assert len(values) == len(SLOTS)
    return values
