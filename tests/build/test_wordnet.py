"""The hierarchy of mammals: read from WordNet's format, and what the repository keeps of it."""

from __future__ import annotations

import zlib

from buildtools.wordnet import EDGES, NODES, Synset, closure, hierarchy_below, licence, parse_synsets
from tests.support.site import PROJECT

NOUNS = """\
  1 This software and database is being provided to you, the LICENSEE, by  
  2   
  3 Princeton University under the following license.  
00000010 05 n 02 mammal 0 mammalian 0 002 @ 00000001 n 0000 ~ 00000020 n 0000 | warm-blooded
00000020 05 n 01 sea_cow 0 003 @ 00000010 n 0000 %m 00000010 n 0000 ~ 00000030 n 0000 | aquatic
00000030 05 n 01 Nessie 1 003 @i 00000020 n 0000 @ 00000010 n 0000 + 00000010 v 0101 | who knows
00000001 05 n 01 animal 0 001 ~ 00000010 n 0000 | living
"""  # noqa: W291


def test_synsets_have_their_first_word_and_every_hypernym():
    found = parse_synsets(NOUNS.splitlines())
    assert found["00000030"] == Synset("Nessie", ("00000020", "00000010"))
    assert found["00000020"] == Synset("sea cow", ("00000010",))


def test_a_hierarchy_starts_at_its_root_and_names_rows_above():
    rows = hierarchy_below(parse_synsets(NOUNS.splitlines()), "00000010")
    assert rows == [("mammal", ()), ("sea cow", (0,)), ("Nessie", (1, 0))]
    assert closure(rows) == [set(), {0}, {0, 1}]


def test_the_licence_is_the_head_without_its_numbers():
    assert licence(NOUNS.splitlines()).splitlines()[1:] == ["", "Princeton University under the following license."]


def test_the_repository_keeps_the_whole_closure_and_its_licence():
    folder = PROJECT.web / "examples" / "data"
    lines = zlib.decompress((folder / "mammals.bin").read_bytes()).decode().split("\n")
    rows = [(name, tuple(map(int, above))) for name, *above in (line.split("\t") for line in lines)]
    assert (len(rows), sum(map(len, closure(rows)))) == (NODES, EDGES)
    assert rows[0] == ("mammal", ()) and all(max(above) < row for row, (_, above) in enumerate(rows) if row)
    assert "WordNet 3.1 Copyright 2011 by Princeton University" in (folder / "mammals-licence.txt").read_text()
