"""Tuner tables: the seed's example, strict reading, selection by specificity, overlaps, lost records and gaps."""

from __future__ import annotations

import json
from itertools import product
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from spiraltorch_web.errors import FileFormatError
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice, RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.tuning import Cell, Provenance, TunerRecord, TunerTable, WasmTunerTable, builtin_table

SEED = """[
  {"rows": 256,  "cols_min": 0,     "cols_max": 4095,   "k_max": 128,  "sg": true,
   "wg": 128,    "tile": 512,  "tile_cols": 512,  "radix": 2, "segments": 1},
  {"rows": 512,  "cols_min": 4096,  "cols_max": 16383,  "k_max": 256,  "sg": true,
   "wg": 256,    "tile": 1024, "tile_cols": 1024, "radix": 4, "segments": 2},
  {"rows": 512,  "cols_min": 16384, "cols_max": 65535,  "k_max": 2048, "sg": false,
   "wg": 128,    "tile": 2048, "tile_cols": 2048, "radix": 4, "segments": 4, "use_2ce": true},
  {"rows": 1024, "cols_min": 65536, "cols_max": 262143, "k_max": 4096, "sg": false,
   "wg": 128,    "tile": 4096, "tile_cols": 4096, "radix": 4, "segments": 4, "use_2ce": true,
   "mode_bottomk": 2}
]"""
RECORD = {"rows": 1, "cols_min": 1, "cols_max": 100, "k_max": 10, "wg": 64}
EVERYWHERE = Provenance("a card", "1.0", "Vulkan", "2026-11-22", "0.1.0", ("vulkan-a-card",), 1e12, 2e-6)


def test_the_seeds_example_loads_as_it_is():
    table = WasmTunerTable.from_json_str(SEED)
    assert len(table) == 4 and table.provenance is None
    chosen = table.choose(1024, 100_000, 4096)
    assert (chosen.wg, chosen.tile, chosen.use_2ce, chosen.mode_bottomk, chosen.radix) == (128, 4096, True, 2, 4)
    assert table.choose(256, 4095, 128, subgroups=True).tile == 512
    assert table.choose(256, 4095, 128, subgroups=False) is None  # sg: only where there are subgroups
    assert table.choose(512, 20_000, 10, subgroups=True).tile == 2048  # not sg: everywhere
    assert table.choose(255, 4095, 128, subgroups=True) is None
    assert table.choose(256, 4095, 129, subgroups=True) is None


def test_a_table_survives_being_written_and_read():
    choices = (Choice(), Choice(mk=1, wg=64))
    cells = (
        Cell(RankProblem(RankKind.TOPK, 4, 100, 10), MappingProxyType(dict(zip(choices, (3.5, 2.0), strict=True)))),
        Cell(RankProblem(RankKind.MIDK, 4, 200, 10), MappingProxyType({choices[1]: 7.25})),
    )
    record = {**RECORD, "kind": "midk", "use_2ce": True, "winner_us": 1.5, "runner_up_us": 2.5}
    table = TunerTable([record, {**RECORD, "cols_max": 50}], cells, EVERYWHERE)
    again = TunerTable.from_json_str(table.to_json())
    assert again.records == table.records and again.cells.cells == cells and again.provenance == EVERYWHERE
    assert again.to_json() == table.to_json()


def test_a_record_with_a_kind_comes_before_one_for_all():
    table = TunerTable([RECORD, {**RECORD, "kind": "midk", "wg": 256}])
    assert table.choose(1, 50, 5, kind=RankKind.MIDK).wg == 256
    assert table.choose(1, 50, 5, kind=RankKind.BOTTOMK).wg == 64


def test_fields_that_a_record_leaves_open_are_the_built_in_ones():
    built_in = builtin_table().choose(1, 50, 5)
    chosen = TunerTable([RECORD]).choose(1, 50, 5)
    assert chosen == Choice(**{**vars(built_in), "wg": 64})


def test_pushing_keeps_the_order_and_a_refused_record_changes_nothing():
    table = TunerTable([RECORD])
    table.push({**RECORD, "rows": 100, "wg": 128})
    assert [record.rows for record in table] == [100, 1]
    before = table.records
    for bad in ({**RECORD, "wg": 32}, {**RECORD, "wg": 100}, {**RECORD, "rows": "1"}):
        with pytest.raises(FileFormatError):
            table.push(bad)
    assert table.records == before


MALFORMED = {
    "not JSON": ("{", "not JSON"),
    "another thing": ('"table"', "list of records"),
    "a number": ("3", "list of records"),
    "NaN": ('[{"rows": NaN}]', "NaN"),
    "an entry twice": ('[{"rows": 1, "rows": 2}]', "twice"),
    "a later schema": (json.dumps({"schema": 2, "records": []}), "schema 1"),
    "no schema": (json.dumps({"records": []}), "schema"),
    "no records": (json.dumps({"schema": 1}), "records"),
    "an unknown part": (json.dumps({"schema": 1, "records": [], "notes": ""}), "'notes'"),
    "a record that is none": ("[7]", "record 0"),
    "an unknown field": (json.dumps([{**RECORD, "warps": 4}]), "'warps'"),
    "missing conditions": (json.dumps([{"wg": 64}]), "rows, cols_min, cols_max, k_max"),
    "a value outside the domain": (json.dumps([{**RECORD, "wg": 65}]), "record 0: wg is 65; it is one of 8"),
    "true for a number": (json.dumps([{**RECORD, "wg": True}]), "wg is True"),
    "a number for true": (json.dumps([{**RECORD, "sg": 1}]), "sg is 1"),
    "a negative size": (json.dumps([{**RECORD, "rows": -1}]), "rows is -1"),
    "no columns": (json.dumps([{**RECORD, "cols_min": 101}]), "no columns"),
    "no choice": (json.dumps([{"rows": 1, "cols_min": 1, "cols_max": 9, "k_max": 1}]), "sets no field"),
    "an unknown kind": (json.dumps([{**RECORD, "kind": "sort"}]), "topk, midk, bottomk"),
    "a time of zero": (json.dumps([{**RECORD, "winner_us": 0}]), "winner_us"),
    "a deep nest": ("[" * 100_000, "not JSON"),
    "overlapping records": (
        json.dumps([RECORD, {**RECORD, "cols_min": 50, "cols_max": 149}]),
        "cols 1–100.*cols 50–149.*equally specific",
    ),
    "an unreachable record": (
        json.dumps([{**RECORD, "cols_max": 60}, {**RECORD, "cols_min": 61}, RECORD]),
        "cols 1–100.*never reached",
    ),
    "a cell with an unknown choice": (
        json.dumps({"schema": 1, "records": [], "choices": [{}],
                    "cells": [{"kind": "topk", "rows": 1, "cols": 2, "k": 1, "us": [[1, 2.0]]}]}),
        "cell 0",
    ),
    "provenance without a driver": (
        json.dumps({"schema": 1, "records": [], "provenance": {"adapter": "x"}}), "provenance lacks driver",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_tables_are_refused_with_the_place(name):
    text, expected = MALFORMED[name]
    with pytest.raises(FileFormatError, match=expected):
        TunerTable.from_json_str(text)


@settings(max_examples=100)
@given(some.text() | some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.sampled_from(["schema", "records", "rows", "wg"]), inner),
).map(json.dumps))  # fmt: skip
def test_any_text_is_a_table_or_a_clear_error(text):
    try:
        TunerTable.from_json_str(text)
    except FileFormatError:
        pass


sizes = some.integers(1, 4)
kinds = some.sampled_from([None, *RankKind])


@some.composite
def record(draw) -> TunerRecord:
    low = draw(sizes)
    assigns = MappingProxyType({"wg": draw(some.sampled_from(FIELDS["wg"].domain))})
    return TunerRecord(
        draw(sizes), low, draw(some.integers(low, 5)), draw(sizes), draw(some.booleans()), draw(kinds), assigns
    )


PROBLEMS = [
    (rows, cols, k, device, kind)
    for rows, cols, device, kind in product(range(1, 6), range(1, 7), (False, True), RankKind)
    for k in range(1, cols + 1)
]


@settings(max_examples=150)
@given(some.lists(record(), max_size=6))
def test_overlaps_unreachable_records_and_gaps_are_found_as_by_trying_every_problem(records):
    ordered = sorted(records, key=lambda each: each.specificity, reverse=True)
    takers = {problem: [each for each in ordered if each.matches(*problem)] for problem in PROBLEMS}
    ambiguous = any(len({each.specificity for each in found}) < len(found) for found in takers.values())
    reached = {id(found[0]) for found in takers.values() if found}
    try:
        table = TunerTable(records)
    except FileFormatError as problem:
        assert ambiguous or len(reached) < len(records), problem
        return
    assert not ambiguous and len(reached) == len(records)
    for problem, found in takers.items():
        assert table.lookup(*problem) is (found[0] if found else None)
    for kind in RankKind:
        holes = {(rows, cols, k) for rows, cols, k, device, each in PROBLEMS
                 if device and each is kind and not takers[rows, cols, k, device, each]}  # fmt: skip
        gaps = table.gaps(kind, subgroups=True)
        inside = [(rows, cols, k) for rows, cols, k in holes if any(g.cols_min <= cols <= g.cols_max for g in gaps)]
        assert len(inside) == len(holes)  # no hole is missed


def test_gaps_say_what_is_missing():
    table = TunerTable([{**RECORD, "rows": 8, "cols_min": 10}])
    below, inside, above = table.gaps()
    assert (below.cols_min, below.cols_max, above.cols_min) == (1, 9, 101)
    assert str(inside) == "cols 10–100: rows < 8 or k > 10"
    assert builtin_table().gaps(RankKind.MIDK, subgroups=False) == ()


def test_the_built_in_table_has_a_choice_for_every_problem():
    table = builtin_table()
    for cols in (1, 2, 63, 64, 65, 4095, 4096, 8192, 8193, 1 << 20, 2**31 - 1):
        for k in (1, min(cols, 128), min(cols, 129), min(cols, 1024), min(cols, 1025), cols):
            for kind in RankKind:
                assert isinstance(table.choose(1, cols, k, False, kind), Choice)
