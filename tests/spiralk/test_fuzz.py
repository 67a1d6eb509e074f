"""Two thousand mutated programs; ``tests/spiralk/fuzz.py`` makes as many as one likes."""

from __future__ import annotations

import pytest

from tests.spiralk.fuzz import examine, examine_lines, mutated


@pytest.mark.parametrize("block", range(4))
def test_any_input_is_a_program_or_an_error_of_ours(block):
    kinds = set()
    for number in range(500 * block, 500 * (block + 1)):
        try:
            kinds.add(examine(mutated(number)).kind)
        except BaseException as error:
            error.add_note(f"input {number}: {mutated(number)!r}"[:2000])
            raise
    assert kinds == {"program", "error"}


def test_bad_lines_never_take_good_ones_with_them():
    for number in range(3000, 3300):
        examine_lines(mutated(number))
