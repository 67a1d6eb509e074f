"""``spiralk check|explain|fmt FILE``: read a SpiralK program, say what is wrong with it, what it does, print it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SpiralError, SpiralKError
from ..io.files import write_atomically
from ..spiralk import Explanation, Finding, Program, parse, rule_text
from ..spiralk.evaluate import KINDS

STDIN = "-"


@dataclass(frozen=True)
class Source:
    """A file's name and content."""

    name: str
    content: bytes


def add_spiralk(commands: Any) -> None:
    """Add the command with its three parts to the command line."""
    spiralk = commands.add_parser("spiralk", help="check, explain or format a SpiralK program")
    parts = spiralk.add_subparsers(title="commands", required=True, metavar="command")
    _add_check(parts)
    _add_explain(parts)
    _add_fmt(parts)


def _add_check(parts: Any) -> None:
    check = _part(
        parts,
        "check",
        run_check,
        "list what is wrong or strange: syntax, unknown names, values that a field cannot have, rules never used",
        "Exit code 1 when there is an error, 0 when there are at most warnings.",
    )
    check.add_argument("--json", action="store_true", help="print the findings as JSON")


def _add_explain(parts: Any) -> None:
    explain = _part(
        parts, "explain", run_explain, "show what each rule says about one launch, and why others are silent", ""
    )
    sizes = (("--rows", 1024), ("--cols", 65536), ("--k", 64))
    for option, default in sizes:
        explain.add_argument(option, type=int, default=default, metavar="N", help=f"(default {default})")
    explain.add_argument("--kind", choices=KINDS, default="top", help="(default top)")
    explain.add_argument("--subgroup", type=int, default=0, metavar="N", help="size of subgroups (default: none)")
    explain.add_argument("--device", metavar="CLASS", help="adapter class, whose sections then speak, too")
    explain.add_argument("--json", action="store_true", help="print the verdicts as JSON")


def _add_fmt(parts: Any) -> None:
    fmt = _part(parts, "fmt", run_fmt, "print the program in its usual form", "Comments and sections are kept.")
    how = fmt.add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true", help="rewrite the file instead")
    how.add_argument("--check", action="store_true", help="only tell, by exit code 1, that the form would change")


def _part(parts: Any, name: str, run: Any, text: str, more: str) -> argparse.ArgumentParser:
    part = parts.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}. {more}")
    part.add_argument("file", metavar="FILE", help="the program; - reads standard input")
    part.set_defaults(run=run)
    return part


def run_check(options: argparse.Namespace) -> int:
    """Print the findings; returns the exit code."""
    source = _read(options.file)
    try:
        found = parse(source.content).check()
    except SpiralKError as error:
        print(json.dumps([_error_facts(error)]) if options.json else f"{source.name}: {error}")
        return 1
    if options.json:
        print(json.dumps([_finding_facts(finding) for finding in found]))
    else:
        print("\n".join(f"{source.name}: {finding}" for finding in found) or f"{source.name}: all well")
    return 1 if any(finding.level == "error" for finding in found) else 0


def run_explain(options: argparse.Namespace) -> int:
    """Print what the rules say; returns the exit code."""
    explanation = _parsed(_read(options.file)).explain(
        r=options.rows,
        c=options.cols,
        k=options.k,
        sg=options.subgroup > 0,
        sgc=options.subgroup or None,
        kind=KINDS[options.kind],
        device=options.device,
    )
    print(json.dumps(list(_verdict_facts(explanation))) if options.json else explanation)
    return 0


def run_fmt(options: argparse.Namespace) -> int:
    """Print, rewrite or compare; returns the exit code."""
    source = _read(options.file)
    formatted = _parsed(source).format().encode()
    changes = formatted != source.content
    if options.check:
        print(f"{source.name}: {'would change' if changes else 'in its usual form'}")
        return int(changes)
    if not options.write:
        sys.stdout.write(formatted.decode())
    elif options.file == STDIN:
        raise SpiralError("--write needs a file, not standard input")
    elif changes:
        _write(Path(options.file), formatted)
    return 0


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise SpiralError(f"cannot write {path}: {error.strerror}") from error


def _parsed(source: Source) -> Program:
    try:
        return parse(source.content)
    except SpiralKError as error:
        raise SpiralError(f"{source.name}: {error}") from error


def _read(name: str) -> Source:
    if name == STDIN:
        return Source("standard input", sys.stdin.buffer.read())
    try:
        return Source(name, Path(name).read_bytes())
    except OSError as error:
        raise SpiralError(f"cannot read {name}: {error.strerror}") from error


def _error_facts(error: SpiralKError) -> dict[str, Any]:
    return {
        "level": "error",
        "message": error.problem,
        "suggestion": error.suggestion,
        "line": error.line,
        "column": error.column,
    }


def _finding_facts(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("level", "message", "suggestion", "line", "column")}


def _verdict_facts(explanation: Explanation) -> Iterator[dict[str, Any]]:
    for verdict in explanation.verdicts:
        yield {
            "rule": rule_text(verdict.rule),
            "line": verdict.rule.at.line,
            "spoke": verdict.spoke,
            "value": verdict.value,
            "weight": verdict.weight,
            "reason": verdict.reason,
        }
