"""The page's examples as a manifest: plain scripts whose docstring is their title and description.

Comment lines between docstring and code may say more: ``# order: 1`` (place among the cards) and
``# preview: picture.png`` (a file beside the script; without it ``<name>.png`` or ``<name>.webp`` is taken).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from .project import BuildError

FACT = re.compile(r"^# (order|preview): *(\S+) *$", re.MULTILINE)
PICTURES = (".png", ".webp")


def examples_manifest(folder: Path) -> list[dict]:
    """One row per script: name, title, description, file, preview (or None); paths are relative to the site."""
    rows = [_row(script) for script in sorted(folder.glob("*.py"))]
    ordered = sorted(rows, key=lambda row: (row["order"], row["name"]))
    return [{key: value for key, value in row.items() if key != "order"} for row in ordered]


def _row(script: Path) -> dict:
    text = script.read_text()
    docstring = ast.get_docstring(ast.parse(text, script.name))
    if not docstring:
        raise BuildError(f"{script.name}: an example begins with a docstring; its first line is the card's title")
    title, _, rest = docstring.partition("\n")
    facts = dict(FACT.findall(text))
    picture = _picture(script, facts.get("preview"))
    return {
        "order": int(facts.get("order", 1000)),
        "name": script.stem,
        "title": title.rstrip("."),
        "description": rest.strip(),
        "file": f"examples/{script.name}",
        "preview": f"examples/{picture.name}" if picture else None,
    }


def _picture(script: Path, named: str | None) -> Path | None:
    if named is not None:
        picture = script.with_name(named)
        if not picture.is_file():
            raise BuildError(f"{script.name}: its preview {named!r} does not lie beside it")
        return picture
    return next((script.with_suffix(end) for end in PICTURES if script.with_suffix(end).is_file()), None)
