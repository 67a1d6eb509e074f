"""``roundtable show|replay|stats|learnt|undo``: what was decided and why, what was learnt, and taking it back."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import FileFormatError, SpiralError
from ..roundtable import Decision, LearntRule, Roundtable, current, decision_of
from ..roundtable.decision import VOICES, choice_record
from ..roundtable.problem import bucket_of
from ..roundtable.softlogic import duration_text
from ..roundtable.transcript import Reading


def add_roundtable(commands: Any) -> None:
    """Add the command with its parts to the command line."""
    roundtable = commands.add_parser("roundtable", help="show how launches were decided, and what was learnt")
    parts = roundtable.add_subparsers(title="commands", required=True, metavar="command")
    show = _part(parts, "show", run_show, "print the last decisions, trials and lessons of the transcript")
    show.add_argument("-n", type=int, default=10, metavar="N", help="how many (default 10)")
    _part(parts, "replay", run_replay, "judge every decision again; exit code 1 if a winner differs")
    _part(parts, "stats", run_stats, "count who won, and how trials between the voices went")
    _part(parts, "learnt", run_learnt, "list the rules that trials have taught")
    undo = _part(parts, "undo", run_undo, "forget learnt rules, and the trials behind them")
    undo.add_argument("ids", nargs="*", metavar="ID", help="as `learnt` lists them; without any, the latest lesson")
    undo.add_argument("--all", action="store_true", help="everything that was learnt")


def run_show(options: argparse.Namespace, table: Roundtable) -> int:
    """Print the last records, oldest first."""
    if options.n < 1:
        raise SpiralError(f"-n is how many to show, 1 or more, not {options.n}")
    shown = _read(table).records[-options.n :]
    if options.json:
        print(json.dumps(shown, indent=1))
    else:
        print("\n".join(line for record in shown for line in _lines(record)) or "the transcript is empty")
    return 0


def run_replay(options: argparse.Namespace, table: Roundtable) -> int:
    """Compare each decision's winner with the one that its voices give."""
    differing, judged = [], 0
    for number, record in enumerate(_read(table).records, 1):
        if record.get("event") != "decision":
            continue
        judged += 1
        try:
            decision = decision_of(record)
        except FileFormatError as error:
            differing.append({"record": number, "problem": str(error)})
            continue
        if (decision.winner, choice_record(decision.choice)) != (record.get("winner"), record.get("choice")):
            problem = f"{record.get('winner')} was written, {decision.winner} wins"
            differing.append({"record": number, "problem": problem})
    if options.json:
        print(json.dumps({"judged": judged, "differing": differing}, indent=1))
    else:
        lines = [f"record {each['record']}: {each['problem']}" for each in differing]
        print("\n".join([*lines, f"{judged} decisions judged again, {len(differing)} differ"]))
    return 1 if differing else 0


def run_stats(options: argparse.Namespace, table: Roundtable) -> int:
    """Count winners per device and kind, and show the trials of each bucket."""
    decisions, problems = _read(table).decisions()
    _complain(problems)
    wins = Counter((each.problem.device, each.problem.kind, each.winner) for each in decisions)
    groups = sorted({key[:2] for key in wins})
    trials = [
        {"bucket": bucket, "pair": pair, **tally.record()}
        for bucket, pairs in table.memory.tallies().items()
        for pair, tally in pairs.items()
    ]
    if options.json:
        counted = [{"device": d, "kind": k, **{name: wins[d, k, name] for name in VOICES}} for d, k in groups]
        print(json.dumps({"decisions": counted, "trials": trials, "learnt": len(table.learnt())}, indent=1))
        return 0
    for device, kind in groups:
        told = ", ".join(f"{name} ({what}) {wins[device, kind, name]}" for name, what in VOICES.items())
        print(f"{device} {kind}: {told}")
    for each in trials:
        print(_trial_line(each))
    print(f"{len(decisions)} decisions, {len(table.learnt())} learnt rules")
    return 0


def run_learnt(options: argparse.Namespace, table: Roundtable) -> int:
    """List the learnt rules."""
    _list(options, table.learnt(), "nothing has been learnt")
    return 0


def run_undo(options: argparse.Namespace, table: Roundtable) -> int:
    """Forget rules; exit code 1 if there was none to forget."""
    known = {rule.id for rule in table.learnt()}
    if unknown := [each for each in options.ids if each not in known]:
        raise SpiralError(f"no learnt rule has the id {unknown[0]}; `roundtable learnt` lists them")
    gone = table.undo(*(known if options.all else options.ids))
    _list(options, gone, "there is nothing to forget")
    return 0 if gone else 1


def _part(parts: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    part = parts.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    part.add_argument("--json", action="store_true", help="print it as JSON")
    part.set_defaults(run=lambda options: _run(run, options))
    return part


def _run(run: Any, options: argparse.Namespace) -> int:
    try:
        return run(options, current())
    except TimeoutError as error:
        raise SpiralError(str(error)) from error


def _read(table: Roundtable) -> Reading:
    reading = table.transcript.read()
    _complain(reading.problems)
    return reading


def _complain(problems: Iterable[str]) -> None:
    for problem in problems:
        print(f"skipped: {problem}", file=sys.stderr)


def _list(options: argparse.Namespace, rules: Iterable[LearntRule], nothing: str) -> None:
    if options.json:
        facts = [{"id": rule.id, "device": rule.device, "line": rule.line, "rule": rule.code} for rule in rules]
        print(json.dumps(facts, indent=1))
    else:
        print("\n".join(f"{rule.id}  {rule.device}  {rule.code}" for rule in rules) or nothing)


def _lines(record: dict[str, Any]) -> list[str]:
    """A record for people; one that is not as it should be is shown as it is."""
    try:
        return list(_told(record))
    except (FileFormatError, TypeError, ValueError, KeyError, OverflowError):
        return [f"not understood: {json.dumps(record)}"]


def _told(record: dict[str, Any]) -> Iterator[str]:
    event, time = record["event"], record["time"]
    if event == "decision":
        yield from _decision_lines(decision_of(record))
        return
    sizes = "{kind} {rows} x {cols}, k = {k}".format_map(record) if "kind" in record else ""
    if event == "trial":
        yield f"{time} {sizes}: trial of {record['pair']}, {' against '.join(map(duration_text, record['seconds']))}"
        return
    yield f"{time} {event} {sizes}".rstrip()
    yield from (f"      {rule}" for rule in record["rules"])


def _decision_lines(decision: Decision) -> Iterator[str]:
    problem = decision.problem
    yield f"{decision.time} {problem.kind} {problem.rows} x {problem.cols}, k = {problem.k} on {problem.device}"
    for voice in decision.voices:
        mark = "*" if voice.name == decision.winner else " "
        fields = " ".join(f"{name}={value}" for name, value in choice_record(voice.choice).items())
        yield f" {mark}{voice.name} {voice.score:8.3f}  {fields}"
        yield from (f"      {reason}" for reason in (*voice.reasons, *voice.repairs))
    yield f"  {decision.verdict}"
    if decision.tally.trials:
        yield f"  {decision.tally}"
    yield from (f"  {note}" for note in decision.notes)


def _trial_line(trial: dict[str, Any]) -> str:
    bucket = bucket_of(trial["bucket"])
    sizes = f"2^{bucket.log2_cols} columns, k of 2^{bucket.log2_k}"
    interval = f"95 %: {trial['low']:.2f}-{trial['high']:.2f}"
    return (
        f"{bucket.device} {bucket.kind} {sizes}: {trial['pair']} won {trial['wins']} of {trial['trials']} ({interval})"
    )
