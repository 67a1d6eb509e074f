"""A launch that learns.

A tuner table claims that sorting whole rows is the fastest way to their ten largest entries. Eight trials show that it
is wrong, and a rule is written down: run it again, or reload the page, and the faster launch is chosen at once.
"""
# order: 70

import argparse
import json
import os

import spiraltorch_web as st
from spiraltorch_web import live, rankk, roundtable

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or webgpu:software; by default the best there is")
parser.add_argument("--forget", action="store_true", help="take the latest lesson back before the start")
options = parser.parse_args()
if options.device:
    st.set_device(options.device)

ROWS, COLS, K = 64, 2048, 10
MERGES = (
    "sort whole rows",
    "a workgroup holds the row",
    "a subgroup holds the row",
    "one read past a threshold",
    "a lane goes through the row",
    "a workgroup reads the row past a threshold",
)

# The wrong table: somewhere else, sorting took 100 µs and everything else longer.
caps = rankk.planner().current_caps()
quick, *others = rankk.legal_choices(st.RankKind.TOPK, ROWS, COLS, K, caps.limits)
sorting = next(choice for choice in others if choice.mk == 0)
claims = {sorting: 100, quick: 105, **{choice: 300 for choice in others if choice != sorting}}
fields = [{name: int(value) for name, value in vars(choice).items()} for choice in claims]
cell = {"kind": "topk", "rows": ROWS, "cols": COLS, "k": K, "us": list(enumerate(claims.values()))}
record = {"rows": 1, "cols_min": 1, "cols_max": 65536, "k_max": 65536, **fields[0]}
wrong_table = json.dumps({"schema": 1, "records": [record], "choices": fields, "cells": [cell]})

table = roundtable.current()
if options.forget:
    table.undo()


def plan(measure):
    """Decide anew, with the wrong table; with `measure`, what is in doubt is timed."""
    os.environ["SPIRAL_MEASURE"] = "1" if measure else "0"
    rankk.planner().forget()
    rankk.planner().use_table(wrong_table)
    return rankk.plan_rank(st.RankKind.TOPK, ROWS, COLS, K)


before = plan(measure=False)
print(f"The {K} largest of {COLS:,} columns: {MERGES[before.choice.mk]}.\n  {before.reasons[0]}")

if before.choice != sorting:
    print("An earlier run has taught this. `st.roundtable.current().undo()` takes it back.")
else:
    known = table.learnt()
    after = plan(measure=True)  # times nothing on the CPU device, which runs no kernels
    records = table.transcript.read().records
    trials = [record["seconds"] for record in records[-12:] if record["event"] == "trial"]
    for number, (challenger, tables) in enumerate(trials, 1):
        live.add_scalars("milliseconds", {"challenger": 1e3 * challenger, "table": 1e3 * tables}, number)
        print(f"  trial {number}: {1e3 * challenger:.2f} ms against the table's {1e3 * tables:.2f} ms")
    print(f"Now: {MERGES[after.choice.mk]}.\n  {after.reasons[0]}")
    for rule in table.learnt():
        if rule not in known:
            print(f"  {rule.code}")
    print("Run this again, or reload the page: what was learnt is read, and the faster launch is chosen.")

values, _ = before.execute(st.randn(ROWS, COLS))
print(f"Row 0: {[round(value, 2) for value in values[0].tolist()[:4]]} …")
del os.environ["SPIRAL_MEASURE"]
rankk.planner().forget()  # the wrong table, too
