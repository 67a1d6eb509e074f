"""``plan topk --rows 8 --cols 65536 --k 1024``: how a Rank-K problem would be launched, why, and what else there is."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..devices import set_device
from ..rankk.alternatives import Alternative, alternatives, measured
from ..rankk.describe import DESCRIBED, caps_named, choice_text
from ..rankk.plan import RankPlan
from ..rankk.planner import plan_rank
from ..tuning.shapes import KIND_NAMES, described, kind_named, problem_of

SHOWN = 12  # alternatives; --all shows every one


def add_plan(commands: Any) -> None:
    """Add the command to the command line."""
    plan = commands.add_parser(
        "plan",
        help="show how a Rank-K problem is launched, and why",
        description="Show the launch that is chosen for the k largest (topk), middle (midk) or smallest (bottomk) "
        "entries of each row of a matrix, and its predicted time.",
    )
    plan.add_argument("kind", choices=list(KIND_NAMES.values()))
    for name in ("rows", "cols", "k"):
        plan.add_argument(f"--{name}", type=int, required=True, metavar="N")
    described_ones = ", ".join(DESCRIBED)
    plan.add_argument("--device", default="auto", help=f"as SPIRALTORCH_DEVICE, or described: {described_ones}")
    plan.add_argument("--explain", action="store_true", help="say why, and list the alternatives with predicted times")
    plan.add_argument("--measure", action="store_true", help="time the plan and its alternatives on the device")
    plan.add_argument("--all", action="store_true", help=f"list all alternatives, not the best {SHOWN}")
    plan.add_argument("--json", action="store_true", help="print everything as JSON")
    plan.set_defaults(run=run_plan_command)


def run_plan_command(options: argparse.Namespace) -> int:
    """Print the plan; returns the exit code."""
    if options.device != "auto" and options.device not in DESCRIBED:
        set_device(options.device)
    sizes = (kind_named(options.kind), options.rows, options.cols, options.k)
    plan = plan_rank(*sizes, caps_named(options.device if options.device in DESCRIBED else "auto"))
    others: tuple[Alternative, ...] = ()
    if options.explain or options.measure or options.json:
        others = alternatives(plan)
        if not options.all:
            best = others[:SHOWN]
            others = (*best, *(one for one in others[SHOWN:] if one.planned))
    if options.measure:
        others = tuple(sorted(measured(plan, others), key=lambda one: one.measured or math.inf))
    print(json.dumps(_record(plan, others), indent=1) if options.json else "\n".join(_lines(plan, others, options)))
    return 0


def _lines(plan: RankPlan, others: tuple[Alternative, ...], options: argparse.Namespace) -> Iterator[str]:
    yield f"{described(problem_of(plan.kind, plan.rows, plan.cols, plan.k))} on {plan.caps.device_class}"
    yield f"choice     {choice_text(plan.choice)}"
    yield f"predicted  {_time(plan.predicted)}"
    yield from (f"repaired   {repair}" for repair in plan.repairs)
    if options.explain:
        yield from (f"because    {reason}" for reason in plan.reasons)
    if others:
        yield ""
        yield f"  {'predicted':>12}  {'measured' if options.measure else '':>12}"
        for one in others:
            time = "" if one.measured is None else _time(one.measured)
            time = f"{one.wrong_rows:,} rows wrong" if one.wrong_rows else time
            yield f"{'*' if one.planned else ' '} {_time(one.predicted):>12}  {time:>12}  {choice_text(one.choice)}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs"


def _record(plan: RankPlan, others: tuple[Alternative, ...]) -> dict[str, Any]:
    return {**{name: plan[name] for name in plan}, "caps": asdict(plan.caps), "choice": asdict(plan.choice),
            "device_class": plan.caps.device_class, "alternatives": [asdict(one) for one in others]}  # fmt: skip
