"""Questions of the page's views, asked as the worker asks them."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.host import HOSTS, PlainHost
from spiraltorch_web.labs import questions
from spiraltorch_web.labs.questions import TOPICS, answer, ask
from tests.labs.devices import on

PROBLEM = {"kind": "topk", "rows": 3, "cols": 300, "k": 5}


class Page(PlainHost):
    """A host that counts its checkpoints, and stops at the ``stop_at``-th."""

    def __init__(self, stop_at: int = 0) -> None:
        self.checkpoints, self.stop_at = 0, stop_at

    def begin(self, hold: bool) -> None:
        self.checkpoints = 0

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.checkpoints == self.stop_at:
            raise KeyboardInterrupt


def asked(topic: str, question: dict, host: Page) -> tuple[dict, list]:
    told: list[str] = []
    with HOSTS.using(host):
        found = ask(topic, json.dumps(question), told.append)
    return json.loads(found), [json.loads(each) for each in told]


def test_every_topic_has_its_function():
    for topic, (module, name) in TOPICS.items():
        assert callable(getattr(__import__(f"{questions.__package__}.{module}", fromlist=[name]), name)), topic


def test_unknown_topics_are_refused_with_the_known_ones():
    with pytest.raises(ArgumentError, match="nothing answers 'rankk.sing'; there are bench.run, rankk.about"):
        answer("rankk.sing", {})


def test_errors_come_back_as_the_user_should_read_them():
    with on("cpu"):
        found, _ = asked("rankk.plan", {**PROBLEM, "k": 500}, Page())
    assert (found["answer"], found["stopped"], found["error"]["name"]) == (None, False, "ArgumentError")
    assert found["error"]["message"].startswith("k is 500; it must be from 1 to cols = 300")


def test_facts_are_told_on_the_way_and_the_page_gets_its_turns():
    with on("webgpu:software"):
        page = Page()
        found, told = asked("rankk.measure", {**PROBLEM, "distribution": "normal", "count": 1}, page)
    timed = found["answer"]["timed"]
    assert [len(news["timed"]) for news in told] == list(range(len(timed) + 1))
    assert page.checkpoints >= len(told)
    assert sum(one["planned"] for one in timed) == 1 and all(one["measured"] > 0 for one in timed)


def test_stop_ends_a_long_question():
    with on("webgpu:software"):
        found, told = asked("rankk.measure", {**PROBLEM, "distribution": "normal", "count": 1}, Page(stop_at=1))
    assert (found["answer"], found["stopped"], len(told)) == (None, True, 1)
