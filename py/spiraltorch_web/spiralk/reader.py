"""Reads a text by what Lark makes of a grammar: its terminals, and its table of LALR actions.

The loop takes the steps of Lark's own, which makes a token of eight fields of each sign and a tree of each list, and
takes two to three times as long. Programs come from anywhere, so the time for a text dense with signs matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from .tree import Place, place_number, place_of

if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule, Symbol

# Gets the parts that a rule found.
Build = Callable[[list[Any]], Any]
# The kind of token that stands behind the last one.
END = "_end"
_UNKNOWN = "_unknown"
_IGNORED = "_ignored"
# What a named tuple's own constructor, a Python function, ends in: half the time for each token.
_new = tuple.__new__


class Token(NamedTuple):
    """A word or a sign of a text; ``start`` is its offset, ``place`` the number of its place."""

    text: str
    start: int
    place: int

    @property
    def at(self) -> Place:
        return place_of(self.place)

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class UnexpectedCharacter(Exception):
    """Nothing in the language begins with the character at this offset."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


class UnexpectedToken(Exception):
    """A token that cannot stand where it stands.

    ``accepted`` are the kinds of tokens that could; ``before`` is the token before it, where that is not yet part of
    anything and not a sign without a meaning of its own.
    """

    def __init__(self, token: Token, kind: str, accepted: frozenset[str], before: Token | None) -> None:
        super().__init__(token, kind)
        self.token, self.kind, self.accepted, self.before = token, kind, accepted, before


class _Reduction(NamedTuple):
    """Put ``build`` of the last ``size`` values in their place, as a part ``name``; without it, the one value stays."""

    size: int
    name: str
    build: Build | None


# Kind of token or name of a part → the state behind it, or what to do before it can be taken.
_State = dict[str, "_State | _Reduction"]


class Reader:
    """Reads texts of a grammar.

    ``builds`` has a function for each rule or alias. As in Lark, signs that the grammar does not name are left out, a
    rule whose name begins with "_" gives its parts to the one around it, and "?" before a rule lets a single part pass.
    """

    def __init__(self, lark: Lark, builds: Mapping[str, Build]) -> None:
        self._words, self._kind = _patterns(lark)
        self._start = _start_states(lark, builds)
        self._kinds = frozenset({END, *(terminal.name for terminal in lark.terminals)})
        self._kept = frozenset(part.name for rule in lark.rules for part in rule.expansion if _is_kept(part))

    def read(self, text: str, start: str) -> Any:
        """What the whole text is as a `start`. Raises UnexpectedCharacter, UnexpectedToken, and what a build raises."""
        kept, kind_of = self._kept, self._kind
        kinds = {"": END}
        state = self._start[start]
        states, values = [state], []
        line, begin = 1, 0
        line_place = place_number(1, 1)  # of the beginning of the text, as seen from the line
        # The words make up the whole text. There are far fewer different ones, and each is always of the same kind.
        for word in (*self._words.findall(text), ""):
            kind = kinds.get(word)
            if kind is None:
                kind = kinds[word] = kind_of(word).lastgroup or _IGNORED
            if kind is _IGNORED:
                if newlines := word.count("\n"):
                    line += newlines
                    line_place = place_number(line, -begin - word.rindex("\n"))
                begin += len(word)
                continue
            action = state.get(kind)
            while action.__class__ is _Reduction:
                size, name, build = action
                if size == 1:
                    if build is not None:
                        values[-1] = build(values[-1:])
                    states[-1] = state = states[-2][name]
                else:
                    first = len(values) - size
                    parts = values[first:]
                    del values[first:], states[first + 1 :]
                    values.append(build(parts))
                    state = states[first][name]
                    states.append(state)
                action = state.get(kind)
            if action is None or kind in kept:
                token = _new(Token, (word, begin, line_place + begin))
                if action is None:
                    raise self._unexpected(token, kind, states, values)
                values.append(token)
            else:
                values.append(None)
            begin += len(word)
            state = action
            states.append(state)
        return values[0]

    def _unexpected(self, token: Token, kind: str, states: list[_State], values: list[Any]) -> Exception:
        if kind == _UNKNOWN:
            return UnexpectedCharacter(token.start)
        accepted = frozenset(other for other in self._kinds & states[-1].keys() if _accepts(other, states))
        before = values[-1] if values and isinstance(values[-1], Token) else None
        return UnexpectedToken(token, kind, accepted, before)


def _accepts(kind: str, states: Sequence[_State]) -> bool:
    """Whether a token of this kind could come next."""
    states = list(states)
    while True:
        action = states[-1].get(kind)
        if not isinstance(action, _Reduction):
            return action is not None
        del states[len(states) - action.size :]
        states.append(states[-1][action.name])


def _start_states(lark: Lark, builds: Mapping[str, Build]) -> dict[str, _State]:
    """The states in which texts begin, which lead to all others."""
    reductions = {
        rule: _Reduction(len(rule.expansion), str(rule.origin.name), _build(rule, builds)) for rule in lark.rules
    }
    confs = {start: lark.parse_interactive(start=start).parser_state.parse_conf for start in lark.options.start}
    table = next(iter(confs.values())).states
    states: dict[int, _State] = {number: {} for number in table}
    for number, actions in table.items():
        for name, (_, action) in actions.items():
            states[number][END if name == "$END" else str(name)] = reductions.get(action) or states[action]
    for conf in confs.values():
        states[conf.end_state][END] = {}
    return {start: states[conf.start_state] for start, conf in confs.items()}


def _patterns(lark: Lark) -> tuple[re.Pattern[str], Callable[[str], re.Match[str]]]:
    """What finds all words of a text, ignored ones and those of no kind included; and what matches a word in a group
    named by its kind, none for what is ignored.

    Terminals look at nothing but the word itself, so that its kind does not depend on where it stands.
    """
    # Lark's order: the longest possible match first.
    order = sorted(
        lark.terminals, key=lambda one: (-one.priority, -one.pattern.max_width, -len(one.pattern.value), one.name)
    )
    ignored = frozenset(lark.ignore_tokens)
    patterns = {one.name: one.pattern.to_regexp() for one in order} | {_UNKNOWN: "(?s:.)"}
    named = (f"(?{':' if name in ignored else f'P<{name}>'}{pattern})" for name, pattern in patterns.items())
    words = re.compile("|".join(patterns.values()))
    if words.groups:
        raise ValueError("terminals need groups that do not capture: (?:…)")
    return words, re.compile("|".join(named)).match


def _is_kept(part: Symbol) -> bool:
    return part.is_term and not part.filter_out


def _build(rule: Rule, builds: Mapping[str, Build]) -> Build | None:
    name = str(rule.alias or rule.origin.name)
    kept = [place for place, part in enumerate(rule.expansion) if not part.is_term or _is_kept(part)]
    if rule.options.expand1 and not rule.alias and len(kept) == 1:
        return None if len(rule.expansion) == 1 else itemgetter(kept[0])
    children = _children(rule, kept)
    if name.startswith("_"):
        return children
    build = builds[name]
    return build if children is _all else lambda parts: build(children(parts))


def _children(rule: Rule, kept: list[int]) -> Build:
    """Takes the kept parts of a rule, and of lists in it what they hold."""
    lists = {place for place in kept if rule.expansion[place].name.startswith("_")}
    if not lists:
        return _all if len(kept) == len(rule.expansion) else lambda parts: [parts[place] for place in kept]
    if lists == {0} and kept[1:] == list(range(kept[1], len(rule.expansion))):
        return _growing(kept[1])
    return lambda parts: [each for place in kept for each in (parts[place] if place in lists else (parts[place],))]


def _all(parts: list[Any]) -> list[Any]:
    return parts


def _growing(place: int) -> Build:
    """Adds what stands from a place on to the list that stands first. It must not be copied: lists can be long."""

    def grown(parts: list[Any]) -> list[Any]:
        found = parts[0]
        found += parts[place:]
        return found

    return grown
