"""Questions that the page's views ask Python, by topic. The page's side is `web/kernel/questions.js`."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from ..errors import ArgumentError, SpiralError
from ..host import HOSTS, checkpoint

# Topic -> the module and the function that answer. A function takes the question's fields as keywords and gives facts
# that JSON can hold; a generator tells facts on the way, and returns the last ones.
TOPICS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bench.run": ("bench", "run"),
        **{f"rankk.{name}": ("rankk", name) for name in ("about", "plan", "picture", "measure", "tune")},
        **{
            f"roundtable.{name}": ("roundtable", name)
            for name in ("state", "check", "survey", "preview", "save", "undo", "try_out", "log", "import_log")
        },
    }
)


def answer(topic: str, question: Mapping[str, Any]) -> Any:
    """What a topic's function gives: facts, or a generator of them. Raises ArgumentError for an unknown topic."""
    if topic not in TOPICS:
        raise ArgumentError(f"nothing answers {topic!r}; there are {', '.join(TOPICS)}")
    module, name = TOPICS[topic]
    return getattr(import_module(f"{__package__}.{module}"), name)(**question)


def ask(topic: str, question: str, tell: Callable[[str], None]) -> str:
    """Answer the page with ``{"answer", "error", "stopped"}`` as JSON; `tell` is called with the facts on the way."""
    HOSTS.current.begin(hold=False)
    try:
        facts = answer(topic, json.loads(question))
        if inspect.isgenerator(facts):
            facts = _driven(facts, lambda news: tell(json.dumps(news)))
        return json.dumps({"answer": facts, "error": None, "stopped": False})
    except KeyboardInterrupt:
        return json.dumps({"answer": None, "error": None, "stopped": True})
    except Exception as error:
        if not isinstance(error, SpiralError):
            traceback.print_exc(file=sys.stderr)  # a mistake of ours: all of it belongs into the console
        return json.dumps({"answer": None, "error": {"name": type(error).__name__, "message": str(error)},
                           "stopped": False})  # fmt: skip


def _driven(facts: Generator[Any, None, Any], tell: Callable[[Any], None]) -> Any:
    """Run a generator to its end, with a turn for the event loop (and Stop) after each of its facts."""
    while True:
        try:
            news = next(facts)
        except StopIteration as end:
            return end.value
        tell(news)
        checkpoint()
