"""Fitting records to cells, regret, predicted times, and where a device's table is found."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from random import Random
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from spiraltorch_web.host import HOSTS, PlainHost
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice, RankKind, changed
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.tuning import Cell, DeviceCaps, Provenance, TunerTable, load_table, predict
from spiraltorch_web.tuning.fit import fit_records
from spiraltorch_web.tuning.grid import Grid, grid_named
from spiraltorch_web.tuning.loading import table_for
from spiraltorch_web.tuning.model import _layout, _work
from spiraltorch_web.tuning.regret import always, most_frequent, regret_of
from spiraltorch_web.tuning.roofline import family_of, machine_of, roofline

CHOICES = (Choice(mk=1, wg=64), Choice(mk=1, wg=256), Choice(mk=3, wg=256), Choice(mk=3, wg=512, use_2ce=True, ch=8))
CAPS = DeviceCaps.cuda()
GRID = Grid((1, 16, 256), (64, 1024, 16384), (1, 16, 128), 1 << 30)


def provenance(*classes: str) -> Provenance:
    return Provenance("a card", "1.0", "Vulkan", "2026-11-22", "0.1.0", classes, 1e12, 2e-6)


def measured_grid(random: Random) -> list[Cell]:
    """Every problem of the grid with times of some choices, at least one."""
    found = []
    for problem in GRID.problems():
        ran = random.sample(CHOICES, random.randint(1, len(CHOICES)))
        found.append(Cell(problem, MappingProxyType({choice: random.uniform(1.0, 3.0) for choice in ran})))
    return found


@settings(max_examples=60, deadline=None)
@given(some.integers(0, 2**32))
def test_a_fitted_table_loses_at_most_what_it_may_in_every_cell(seed):
    cells = measured_grid(Random(seed))
    table = TunerTable(fit_records(cells, loss=1.1), cells)
    for cell in cells:
        p = cell.problem
        chosen = table.lookup(p.rows, p.cols, p.k, True, p.kind).assigns.items()
        same = [us for choice, us in cell.microseconds.items() if chosen <= vars(choice).items()]
        assert min(same) <= 1.1000001 * cell.best()[1]
    assert all(not table.gaps(kind, subgroups) for kind in RankKind for subgroups in (False, True))
    assert TunerTable.from_json_str(table.to_json()).records == table.records


def test_one_winner_everywhere_needs_one_record_a_kind():
    cells = [Cell(problem, MappingProxyType({CHOICES[0]: 1.0, CHOICES[1]: 2.0})) for problem in GRID.problems()]
    first, second = fit_records(cells)
    assert first.kind is RankKind.MIDK and second.kind is None  # TopK's record serves BottomK
    assert (first.winner_us, first.runner_up_us) == (1.0, 2.0)


def test_a_problem_belongs_to_the_nearest_cell():
    def winner(p: RankProblem) -> Choice:
        return CHOICES[GRID.cols.index(p.cols)] if p.rows < 256 else CHOICES[3]

    cells = [
        Cell(p, MappingProxyType({choice: 1.0 if choice == winner(p) else 9.0 for choice in CHOICES}))
        for p in GRID.problems([RankKind.TOPK])
    ]
    table = TunerTable(fit_records(cells))
    assert [table.choose(1, cols, 1).wg for cols in (1, 64, 256, 257, 1024)] == [64, 64, 64, 256, 256]
    assert [table.choose(1, cols, 1).mk for cols in (1024, 4096, 4097, 16384, 1 << 30)] == [1, 1, 3, 3, 3]
    assert [table.choose(rows, 64, 64).use_2ce for rows in (16, 63, 64, 256, 100_000)] == [False, False, *[True] * 3]


def test_regret_is_over_the_best_of_each_cell():
    problems = GRID.problems([RankKind.TOPK])[:2]
    cells = [
        Cell(problems[0], MappingProxyType({CHOICES[0]: 2.0, CHOICES[1]: 1.0})),
        Cell(problems[1], MappingProxyType({CHOICES[0]: 3.0, CHOICES[1]: 4.0})),
    ]
    found = regret_of("first", lambda problem: CHOICES[0], cells)
    assert (found.mean, found.worst, found.cells) == (1.5, 2.0, 2)
    assert math.isnan(regret_of("none", lambda problem: CHOICES[2], cells).mean)
    fixed = always(CHOICES[:2], lambda choice, problem: choice, cells)
    assert fixed[CHOICES[1]].mean == pytest.approx((1 + 4 / 3) / 2)
    assert most_frequent([*cells, cells[1]], 1) == (CHOICES[0],)


@pytest.mark.parametrize("name", ["small", "full"])
@pytest.mark.parametrize("caps", [DeviceCaps.cuda(), DeviceCaps.cpu()])
def test_held_out_problems_lie_off_the_grid_and_within_it(name, caps):
    grid = grid_named(name, caps)
    on, off = grid.problems(), grid.between()
    assert len(set(on)) == len(on) and not set(on) & set(off)
    assert all(1 <= p.k <= p.cols and 4 * p.rows * p.cols <= caps.limits.max_binding_bytes for p in (*on, *off))
    assert off == grid_named(name, caps).between()


def cells_of(*pairs: tuple[RankProblem, dict[Choice, float]]) -> TunerTable:
    cells = [Cell(problem, MappingProxyType(times)) for problem, times in pairs]
    return TunerTable((), cells, provenance(CAPS.device_class))


HERE = RankProblem(RankKind.TOPK, 64, 4096, 16)
SIZES = (64, 4096, 16)


def test_a_measured_time_is_predicted_as_it_is():
    table = cells_of((HERE, {CHOICES[0]: 12.5, CHOICES[1]: 20.0}))
    found = predict(RankKind.TOPK, *SIZES, CHOICES[0], CAPS, table)
    assert (found.basis, found.seconds) == ("measured", float(found)) and found.seconds == pytest.approx(12.5e-6)
    assert predict(RankKind.BOTTOMK, *SIZES, CHOICES[0], CAPS, table).basis == "measured"
    assert predict(RankKind.MIDK, *SIZES, CHOICES[0], CAPS, table).basis == "model"


def test_near_measurements_correct_the_model():
    fast = cells_of((HERE, {CHOICES[1]: 10.0, CHOICES[0]: 30.0}))
    slow = cells_of((HERE, {CHOICES[1]: 50.0, CHOICES[0]: 30.0}))
    sizes = (100, 4000, 20)
    found = [predict(RankKind.TOPK, *sizes, CHOICES[1], CAPS, table) for table in (fast, slow)]
    assert [one.basis for one in found] == ["near", "near"]
    assert found[0].seconds < found[1].seconds
    ranked = [[predict(RankKind.TOPK, *sizes, choice, CAPS, table).seconds for choice in CHOICES[:2]]
              for table in (fast, slow)]  # fmt: skip
    assert ranked[0][1] < ranked[0][0] and ranked[1][0] < ranked[1][1]
    far = predict(RankKind.TOPK, 1 << 20, 64, 1, CHOICES[1], CAPS, fast)
    assert far.basis == "model"


def test_a_launch_that_was_tried_is_preferred_to_one_that_was_not():
    table = cells_of((HERE, {CHOICES[0]: 10.0}))
    tried = predict(RankKind.TOPK, 65, 4096, 16, CHOICES[0], CAPS, table)
    untried = predict(RankKind.TOPK, 65, 4096, 16, replace(CHOICES[0], mkd=2), CAPS, table)
    assert tried.seconds < untried.seconds


@pytest.mark.parametrize("field", FIELDS)
def test_what_predictions_share_is_all_that_changes_them(field):
    """Choices that differ in other fields alone get one prediction, made of whichever is asked for first."""
    machine = machine_of(CAPS)
    for choice in CHOICES:
        other = changed(choice, **{field: FIELDS[field].domain[-1]})
        if choice == other or _work(choice) != _work(other):
            continue
        for problem in (HERE, replace(HERE, kind=RankKind.MIDK), replace(HERE, cols=1 << 20)):
            both = [(one, family_of(problem, one)) for one in (choice, other)]
            assert len({roofline(family, problem, one, machine) for one, family in both}) == 1
            assert len({_layout(problem, one, family) for one, family in both}) == 1


@given(
    some.sampled_from(RankKind), some.integers(0, 16), some.integers(0, 24), some.integers(0, 24),
    some.sampled_from(CHOICES), some.sampled_from([DeviceCaps.cuda(), DeviceCaps.cpu(), DeviceCaps.wgpu(8, False)]),
)  # fmt: skip
def test_the_model_is_positive_and_grows_with_the_matrix(kind, rows, cols, k, choice, caps):
    rows, cols, k = 1 << rows, 1 << cols, 1 << min(k, cols)
    seconds = predict(kind, rows, cols, k, choice, caps).seconds
    assert 0 < seconds < 1e9
    assert predict(kind, 4 * rows, cols, k, choice, caps).seconds >= seconds
    floor = 4 * rows * cols / 400e9
    assert caps.software or seconds >= floor


class Shelf(PlainHost):
    """A host with given tables."""

    def __init__(self, tables: dict[str, str]) -> None:
        self.tables = tables

    def table_names(self):
        return list(self.tables)

    def read_table(self, name):
        return self.tables[name]


def table_text(wg: int, *classes: str) -> str:
    record = {"rows": 1, "cols_min": 1, "cols_max": 1 << 20, "k_max": 64, "wg": wg}
    return TunerTable([record], (), provenance(*classes)).to_json()


@pytest.fixture
def own_tables(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIRAL_TUNER_TABLES", str(tmp_path / "tables"))
    (tmp_path / "tables").mkdir()
    return tmp_path / "tables"


def test_the_shipped_table_of_the_device_is_taken(own_tables):
    with HOSTS.using(Shelf({CAPS.device_class: table_text(64, CAPS.device_class), "other": "broken"})):
        loaded = load_table(CAPS)
    assert (loaded.source, loaded.note, loaded.table.choose(1, 9, 1).wg) == (CAPS.device_class, "", 64)


def test_an_own_table_comes_before_the_shipped_one(own_tables):
    (own_tables / f"{CAPS.device_class}.json").write_text(table_text(128, CAPS.device_class))
    with HOSTS.using(Shelf({CAPS.device_class: table_text(64, CAPS.device_class)})):
        assert load_table(CAPS).table.choose(1, 9, 1).wg == 128


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no tuner table for"),
        ("[{", "not JSON"),
        (json.dumps({"schema": 99, "records": []}), "schema is 99"),
        (table_text(64, "vulkan-another-card"), "for vulkan-another-card, this device is cuda-sg32-48k-1024"),
    ],
)
def test_anything_else_falls_back_to_the_built_in_table_and_says_why(own_tables, text, why):
    with HOSTS.using(Shelf({} if text is None else {CAPS.device_class: text})):
        loaded = load_table(CAPS)
    assert loaded.source == "built-in" and why in loaded.note
    assert loaded.table.gaps() == ()


def test_a_broken_own_table_does_not_hide_the_shipped_one(own_tables):
    (own_tables / f"{CAPS.device_class}.json").write_bytes(b"\xff\xfe")
    with HOSTS.using(Shelf({CAPS.device_class: table_text(64, CAPS.device_class)})):
        assert load_table(CAPS).source == CAPS.device_class


def test_the_seeds_table_names_no_device_and_serves_any():
    record = {"rows": 1, "cols_min": 1, "cols_max": 99, "k_max": 9, "wg": 64}
    assert table_for(CAPS, json.dumps([record]), "mine").source == "mine"
