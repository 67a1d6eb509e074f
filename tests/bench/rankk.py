"""Rank-K on this machine's GPU beside `torch.topk`: `python -m tests.bench.rankk --help`.

Every shape is checked against NumPy. Times are medians of interleaved rounds: timestamps around passes of dependent
runs for ours, CUDA events for PyTorch, both on matrices taken in turn so that none is found in a cache.

    python -m tests.bench.rankk --shapes table --choice auto --out FOLDER            the published table
    python -m tests.bench.rankk --shapes table --choice all --kinds top              every variant that fits
    python -m tests.bench.rankk --shapes 8x65536x1024 --choice 'mk=3,wg=512;mk=1'    these two

Needs Python with NumPy and wgpu, PyTorch with CUDA for the comparison, and no network.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Vulkan drivers insist on it

import numpy as np  # noqa: E402

import spiraltorch_web as st  # noqa: E402
from spiraltorch_web.errors import SpiralError  # noqa: E402
from spiraltorch_web.ir.caps import Caps  # noqa: E402
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice, RankKind  # noqa: E402
from spiraltorch_web.kernels.rankk.problem import RankProblem  # noqa: E402
from spiraltorch_web.runtime.session import session  # noqa: E402
from spiraltorch_web.tuning.facts import Facts, measure_facts  # noqa: E402
from spiraltorch_web.tuning.measure import Contest, Timing  # noqa: E402
from spiraltorch_web.tuning.programs import lower_rank  # noqa: E402
from spiraltorch_web.tuning.shapes import floor_seconds, kind_named  # noqa: E402
from tests.bench.rankk_shapes import shapes_named, wrong_rows  # noqa: E402
from tests.bench.rankk_torch import TorchTopk, torch_device_name  # noqa: E402


@dataclass(frozen=True)
class Result:
    """One choice on one shape."""

    kind: str
    rows: int
    cols: int
    k: int
    choice: dict[str, int]
    origin: str  # "auto", "all" or "forced"
    microseconds: float
    spread: float
    samples: int
    dispatches: int
    wrong_rows: int
    floor_microseconds: float
    torch_microseconds: float | None


class Bench:
    """Runs shapes one after the other on the session's device."""

    def __init__(self, options: argparse.Namespace, facts: Facts) -> None:
        self.options = options
        self.facts = facts
        self.caps: Caps = session().device.caps

    def run(self, shape: RankProblem, deadline: float) -> list[Result]:
        """All wanted choices, checked and timed; slow ones are timed once."""
        x = np.random.default_rng(1).standard_normal((shape.rows, shape.cols), dtype=np.float32)
        wanted = choices_for(shape, self.caps, self.options.choice)
        compared = shape.kind is not RankKind.MIDK and not self.options.no_torch and torch_device_name()
        peer = TorchTopk(shape, x) if compared else None
        with Contest(shape, st.tensor(x)) as contest:
            self._compile(contest, list(wanted))
            entrants, wrong = self._enter(contest, wanted, x)
            self._rounds(contest, entrants, peer, deadline)
            timings = [entrant.timing() for entrant in contest.entrants]
        torch_seconds = median(peer.samples) if peer and peer.samples else None
        return [self._result(shape, timing, wanted[timing.choice], wrong[timing.choice], torch_seconds)
                for timing in sorted(timings, key=lambda timing: timing.seconds)]  # fmt: skip

    def _compile(self, contest: Contest, choices: list[Choice]) -> None:
        try:
            contest.compile(choices)
        except SpiralError:
            return  # one by one, so that the guilty one is named

    def _enter(self, contest: Contest, wanted: dict[Choice, str], x: np.ndarray):
        wrong = {}
        for choice in wanted:
            try:
                entrant = contest.enter(choice)
                values, indices = contest.run(entrant)
                wrong[choice] = wrong_rows(contest.shape.kind, x, values.numpy(), indices.numpy())
            except SpiralError as problem:
                print(f"  {shown(choice)}: {str(problem)[:2000]}", flush=True)
                wrong[choice] = contest.shape.rows
                if any(entrant.choice == choice for entrant in contest.entrants):
                    contest.drop(contest.entrants[-1])
        contest.estimate()
        fastest = min((entrant.estimate for entrant in contest.entrants), default=math.inf)
        kept = [entrant for entrant in contest.entrants if entrant.estimate <= self.options.prune * fastest]
        return kept, wrong

    def _rounds(self, contest: Contest, entrants: list, peer: TorchTopk | None, deadline: float) -> None:
        contest.rounds(entrants, 0)
        for _ in range(self.options.rounds):
            for entrant in entrants:
                contest.sample(entrant)
            if peer:
                peer.sample()
            if time.monotonic() > deadline:
                break

    def _result(
        self, shape: RankProblem, timing: Timing, origin: str, wrong: int, torch_seconds: float | None
    ) -> Result:
        return Result(
            kind=shape.kind.name, rows=shape.rows, cols=shape.cols, k=shape.k,
            choice={name: int(value) for name, value in asdict(timing.choice).items()},
            origin=origin,
            microseconds=timing.seconds * 1e6, spread=timing.spread * 1e6, samples=timing.samples,
            dispatches=len(lower_rank(shape, timing.choice, self.caps).launches),
            wrong_rows=wrong,
            floor_microseconds=floor_seconds(shape, self.facts.read_bytes_per_second) * 1e6,
            torch_microseconds=torch_seconds and torch_seconds * 1e6,
        )  # fmt: skip


def choices_for(shape: RankProblem, caps: Caps, words: str) -> dict[Choice, str]:
    """Runnable choices and where each comes from: "auto", "all", or fields such as "mk=3,wg=512" divided by ";"."""
    from spiraltorch_web.kernels.rankk import legal_choices, repair

    problem = (shape.kind, shape.rows, shape.cols, shape.k, caps)
    found: dict[Choice, str] = {}
    for word in words.split(";"):
        if word == "auto":
            from spiraltorch_web.rankk import plan_rank

            found.setdefault(plan_rank(*problem[:-1]).choice, "auto")
        elif word == "all":
            for choice in legal_choices(*problem):
                found.setdefault(choice, "all")
        else:
            fixed, reasons = repair(forced(word), *problem)
            found.setdefault(fixed, "forced")
            for reason in reasons:
                print(f"  repaired: {reason}")
    return found


def forced(words: str) -> Choice:
    """The default choice with the given fields."""
    given = dict(part.split("=") for part in words.split(","))
    if unknown := given.keys() - FIELDS.keys():
        raise SystemExit(f"a choice has no field {unknown.pop()!r}; there are {', '.join(FIELDS)}")
    return replace(Choice(), **{name: int(value) for name, value in given.items()})


def shown(choice: Choice) -> str:
    """Only the fields that decide about Rank-K and differ from the default."""
    base = Choice()
    parts = (f"{name}={int(getattr(choice, name))}" for name in FIELDS if getattr(choice, name) != getattr(base, name))
    return ",".join(parts) or "default"


def line(result: Result) -> str:
    """A line of the table."""
    ratio = f"{result.torch_microseconds / result.microseconds:6.2f} x" if result.torch_microseconds else "        "
    torch = f"{result.torch_microseconds:9.1f}" if result.torch_microseconds else "        -"
    choice = shown(Choice(**result.choice))
    wrong = f"  WRONG in {result.wrong_rows} rows" if result.wrong_rows else ""
    return (
        f"{result.kind:7} {result.rows:6} x {result.cols:8}, {result.k:5}  {result.microseconds:9.1f} us "
        f"± {result.spread:6.1f} torch {torch} {ratio} floor {result.floor_microseconds:7.1f} "
        f"{100 * result.floor_microseconds / result.microseconds:5.1f} %  {result.dispatches} launches "
        f"[{result.origin}] {choice}{wrong}"
    )


def summary(results: list[Result]) -> list[str]:
    """Geometric mean of the speed-ups of the first choice of each shape, and the chooser's regret where it is known."""
    lines = []
    best: dict[tuple, Result] = {}
    for result in results:
        key = (result.kind, result.rows, result.cols, result.k)
        if key not in best or result.microseconds < best[key].microseconds:
            best[key] = result
    for name, rows in (("chosen", [r for r in results if r.origin == "auto"]), ("fastest", list(best.values()))):
        ratios = [math.log(r.torch_microseconds / r.microseconds) for r in rows if r.torch_microseconds]
        if ratios:
            lines.append(f"{name}: geometric mean {math.exp(sum(ratios) / len(ratios)):.2f} x torch.topk "
                         f"over {len(ratios)} shapes, least {math.exp(min(ratios)):.2f} x")  # fmt: skip
    regrets = [r.microseconds / best[r.kind, r.rows, r.cols, r.k].microseconds for r in results if r.origin == "auto"]
    if regrets and any(r.origin != "auto" for r in results):
        lines.append(f"chooser: mean regret {sum(regrets) / len(regrets):.3f}, worst {max(regrets):.3f}")
    return lines


def write(path: Path, facts: Facts, results: list[Result]) -> None:
    """Everything so far as JSON."""
    info = session().device.info
    document = {
        "adapter": info.adapter, "driver": info.driver, "backend": info.backend, "caps": asdict(info.caps),
        "torch": torch_device_name(), "date": time.strftime("%Y-%m-%d"), "facts": asdict(facts),
        "results": [asdict(result) for result in results],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rankk", description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="table", help='"table", "heldout", "small" or ROWSxCOLSxK,…')
    parser.add_argument("--kinds", default="top,mid,bottom", help="of top, mid, bottom")
    parser.add_argument("--choice", default="auto", help='"auto", "all", fields such as "mk=3,wg=512"; several by ";"')
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=540.0, help="for everything")
    parser.add_argument("--prune", type=float, default=2.0, help="time once what is slower than this times the fastest")
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--device", default="webgpu")
    parser.add_argument("--top", type=int, default=6, help="lines to print per shape; 0 for all")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for rankk.json")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run; 1 when a result was wrong."""
    options = parse_options(arguments)
    st.set_device(options.device)
    facts = measure_facts()
    info = session().device.info
    print(f"{info.adapter}, {info.driver}; read {facts.read_bytes_per_second / 1e12:.3f} TB/s, "
          f"dependent launch {facts.launch_seconds * 1e6:.2f} us; torch: {torch_device_name() or 'none'}")  # fmt: skip
    kinds = [kind_named(word) for word in options.kinds.split(",")]
    shapes = shapes_named(options.shapes, kinds, info.caps.software)
    bench, results = Bench(options, facts), []
    end = time.monotonic() + options.seconds
    for index, shape in enumerate(shapes):
        now = time.monotonic()
        if now > end:
            print(f"out of time: {len(shapes) - index} shapes left out")
            break
        found = bench.run(shape, now + (end - now) / (len(shapes) - index))
        for place, result in enumerate(found):
            if not options.top or place < options.top or result.origin != "all" or result.wrong_rows:
                print(line(result), flush=True)
        results += found
        if options.out:
            write(options.out / "rankk.json", facts, results)
    print("\n".join(summary(results)))
    return 1 if any(result.wrong_rows for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
