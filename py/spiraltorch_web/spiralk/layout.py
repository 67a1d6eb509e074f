"""What the grammar ignores: comments, blank lines, and the sections that comments begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .tree import EVERYWHERE, Comments, device_of_comment

_COMMENT = re.compile(r"#[^\n]*")
_BLANK_LINE = re.compile(r"\n\s*\n")


class Comment(NamedTuple):
    """A comment without its "#", and where it starts; ``device`` is set where it begins a section."""

    start: int
    end: int
    text: str
    device: str | None


class Surroundings(NamedTuple):
    """What surrounds one rule; see `Rule`."""

    device: str | None
    comments: Comments
    note: str


def without_comments(text: str) -> str:
    """The text with spaces in place of comments."""
    return _COMMENT.sub(lambda found: " " * len(found[0]), text)


def comments_of(text: str) -> list[Comment]:
    """All comments in order."""
    return [_comment(found.start(), found[0]) for found in _COMMENT.finditer(text)]


def _comment(start: int, text: str) -> Comment:
    inner = text[1:].strip()
    return Comment(start, start + len(text), inner, device_of_comment(inner))


class Layout:
    """Walks once through a text and gives each rule what surrounds it. ``comments`` are those of the text."""

    def __init__(self, text: str, comments: Sequence[Comment]) -> None:
        self._text = text
        self._comments = comments
        self._next = 0
        self._device: str | None = None
        self._last_end = 0

    def around(self, start: int, end: int) -> Surroundings:
        """What surrounds the rule in text[start:end], its semicolon included. To be asked in order."""
        if self._next == len(self._comments):
            blank = self._blank_before(start)
            self._last_end = end
            return Surroundings(self._device, (None,) if blank else (), "")
        above = self._take(start)
        if self._blank_before(start) and above[-1:] != [None]:
            above.append(None)
        device = self._device
        self._last_end = end
        above += [comment for comment in self._take(end) if comment is not None]
        return Surroundings(device, tuple(above), self._note(end))

    def rest(self) -> Comments:
        """The comments after the last rule."""
        return tuple(self._take(len(self._text)))

    def _take(self, limit: int) -> list[str | None]:
        """The comments that start before the limit, and the blank lines; heads of sections take effect instead."""
        taken: list[str | None] = []
        while self._next < len(self._comments) and self._comments[self._next].start < limit:
            comment = self._comments[self._next]
            if self._blank_before(comment.start) and taken[-1:] != [None]:
                taken.append(None)
            self._next += 1
            self._last_end = comment.end
            if comment.device is None:
                taken.append(comment.text)
            else:
                self._device = None if comment.device == EVERYWHERE else comment.device
        return taken

    def _blank_before(self, place: int) -> bool:
        """Whether there is a blank line between the last rule or comment and this place."""
        last = self._last_end
        # A blank line has two newlines at least; most rules stand closer, and a search takes longer than this.
        return 0 < last < place - 1 and _BLANK_LINE.search(self._text, last, place) is not None

    def _note(self, end: int) -> str:
        """The comment on the line on which a rule ends."""
        if self._next == len(self._comments):
            return ""
        comment = self._comments[self._next]
        if comment.device is not None or not comment.text or self._text[end : comment.start].strip(" \t"):
            return ""
        self._next += 1
        self._last_end = comment.end
        return comment.text
