"""What the grammar ignores: comments, blank lines, and the sections that comments begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tree import EVERYWHERE, Comments, device_of_comment

_COMMENT = re.compile(r"#[^\n]*")
_BLANK_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Comment:
    """A comment without its "#", and where it starts; ``device`` is set where it begins a section."""

    start: int
    end: int
    text: str
    device: str | None


@dataclass(frozen=True)
class Surroundings:
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
    """Walks once through a text and gives each rule what surrounds it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._comments = comments_of(text)
        self._next = 0
        self._device: str | None = None
        self._last_end = 0

    def around(self, start: int, end: int) -> Surroundings:
        """What surrounds the rule in text[start:end], its semicolon included. To be asked in order."""
        above = list(self._take(start))
        if self._blank_before(start):
            above.append(None)
        device = self._device
        self._last_end = end
        inside = [comment for comment in self._take(end) if comment is not None]
        note = self._note(end)
        return Surroundings(device, (*above, *inside), note)

    def rest(self) -> Comments:
        """The comments after the last rule."""
        return tuple(self._take(len(self._text)))

    def _take(self, limit: int) -> Iterator[str | None]:
        """The comments that start before the limit, and the blank lines; heads of sections take effect instead."""
        while self._next < len(self._comments) and self._comments[self._next].start < limit:
            comment = self._comments[self._next]
            if self._blank_before(comment.start):
                yield None
            self._next += 1
            self._last_end = comment.end
            if comment.device is None:
                yield comment.text
            else:
                self._device = None if comment.device == EVERYWHERE else comment.device

    def _blank_before(self, start: int) -> bool:
        """Whether there is a blank line between the last rule or comment and this place."""
        return self._last_end > 0 and _BLANK_LINE.search(self._text, self._last_end, start) is not None

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
