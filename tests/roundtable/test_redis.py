"""Machines that share hints through a real Redis, and plans that come whatever has become of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import socket
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiraltorch_web.errors import FileFormatError
from spiraltorch_web.kernels.rankk.choice import FIELDS
from spiraltorch_web.roundtable import Roundtable, SoftRule, redis_voice
from spiraltorch_web.roundtable.hints import Contribution, Hint, decode, encode, key_of, merge
from spiraltorch_web.roundtable.redis_voice import RedisVoice
from tests.roundtable.inputs import FAST, PROBLEM, SLOW_TABLE, WRONG, settings_in
from tests.roundtable.redis_server import RedisServer, free_port

KEY = key_of(PROBLEM.bucket)
PATIENCE_SECONDS = 20.0


@pytest.fixture
def server(tmp_path):
    running = RedisServer(tmp_path)
    running.start()
    yield running
    running.thaw()
    running.kill()


@pytest.fixture
def machine(tmp_path):
    """Factory of roundtables with homes of their own: ``machine("a", url)``."""
    made = []

    def make(name: str, url: str, **more) -> Roundtable:
        made.append(Roundtable(settings_in(tmp_path / name, redis_url=url, **more)))
        return made[-1]

    yield make
    for table in made:
        table.close()


def faster(a, c):
    while True:
        yield 1e-4, 2e-4


def asked_until(condition, table: Roundtable, problem=PROBLEM):
    """Decide anew until a decision meets a condition: answers that came late count from the next decision on."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        decision = table.decide(problem, WRONG)
        if condition(decision):
            return decision
        assert time.monotonic() < end, decision.notes
        table._decided.clear()
        time.sleep(0.02)


def heard(text: str):
    return lambda decision: any(text in note for note in decision.notes)


def test_what_one_machine_has_learnt_steers_another(server, machine):
    teacher = machine("teacher", server.url, measure=True)
    teacher.decide(PROBLEM, WRONG, faster)
    teacher.close()
    with server.client() as client:
        assert 0 < client.ttl(KEY) <= redis_voice.LIFETIME_SECONDS
    pupil = machine("pupil", server.url)
    decision = asked_until(heard("redis: 1 other machine"), pupil)
    assert (decision.winner, decision.choice) == ("A", FAST)
    assert {rule.source for rule in decision.voice("A").rules} == {"redis, 1 of 1 machine"}
    assert pupil.learnt() == ()
    other = asked_until(heard("redis: 0 other machines"), pupil, replace(PROBLEM, k=7))
    assert other.choice == SLOW_TABLE, "hints are about one bucket"
    silent = machine("deaf", server.url, soft=False)
    assert asked_until(heard("redis: 1 other"), silent).choice == SLOW_TABLE


def test_a_machine_does_not_hear_itself(server, machine):
    teacher = machine("teacher", server.url, measure=True)
    teacher.decide(PROBLEM, WRONG, faster)
    teacher.close()
    again = asked_until(heard("redis: 0 other machines"), machine("teacher", server.url))
    assert all("redis" not in rule.source for rule in again.voice("A").rules)


def test_what_was_learnt_without_redis_is_told_when_there_is_one(server, machine):
    machine("teacher", "", measure=True).decide(PROBLEM, WRONG, faster)
    teacher = machine("teacher", server.url)
    teacher.decide(PROBLEM, WRONG)
    teacher.close()
    assert asked_until(heard("redis: 1 other machine"), machine("pupil", server.url)).choice == FAST


def test_what_is_undone_is_taken_back(server, machine):
    teacher = machine("teacher", server.url, measure=True)
    teacher.decide(PROBLEM, WRONG, faster)
    teacher.close()
    again = machine("teacher", server.url)
    first, *others = again.undo()
    again.close()
    assert asked_until(heard("redis: 0 other machines"), machine("pupil", server.url)).choice == SLOW_TABLE
    third = machine("third", server.url, measure=True)
    third.decide(PROBLEM, WRONG, faster)
    third.undo(first.id)
    third.close()
    with server.client() as client:
        (told,) = client.hvals(KEY)
    assert [hint[0] for hint in json.loads(told)["hints"]] == [rule.field for rule in others]


def test_expired_contributions_are_removed_and_say_nothing(server, machine):
    old = Contribution((Hint("mk", 3, 8.0),), 50, until=1000.0)
    with server.client() as client:
        client.hset(KEY, "old", encode(old))
        decision = asked_until(heard("redis: 0 other machines"), machine("a", server.url))
        assert decision.choice == SLOW_TABLE
        assert not client.exists(KEY)


def test_garbage_is_counted_and_the_good_ones_are_heard(server, machine):
    good = Contribution((Hint("mk", 3, 4.0),), 9, until=4e9)
    garbage = {"a": "", "b": b"\xff\xfe", "c": "[" * 3000, "d": '{"hints": [["mk", 99, 1]]}', "e": "x" * 100_000}
    with server.client() as client:
        client.hset(KEY, mapping={**garbage, "good": encode(good)})
    decision = asked_until(heard("redis: 1 other machine, 5 unreadable"), machine("pupil", server.url))
    assert decision.choice == FAST


@pytest.mark.parametrize("kind", ["text", "list", "many"])
def test_a_key_full_of_something_else_harms_nothing(server, machine, kind):
    with server.client() as client:
        if kind == "text":
            client.set(KEY, "not a hash")
        elif kind == "list":
            client.rpush(KEY, 1, 2, 3)
        else:
            client.hset(KEY, mapping={str(number): "x" for number in range(1000)})
    table = machine("a", server.url)
    assert asked_until(heard("redis: garbage under"), table).choice == SLOW_TABLE
    asked_until(heard("redis: 0 other machines"), table, replace(PROBLEM, k=7))


def test_kill_and_restart_during_use(server, machine, monkeypatch):
    monkeypatch.setattr(redis_voice, "REST_SECONDS", 0.1)
    monkeypatch.setattr(redis_voice, "FRESH_SECONDS", 0.1)
    table = machine("a", server.url)
    asked_until(heard("redis: 0 other machines"), table)
    server.kill()
    assert asked_until(heard("redis: down (ConnectionError"), table).choice == SLOW_TABLE
    server.start()
    with server.client() as client:
        client.hset(KEY, "b", encode(Contribution((Hint("mk", 3, 4.0),), 9, until=4e9)))
    assert asked_until(heard("redis: 1 other machine"), table).choice == FAST
    server.kill()
    gone = asked_until(heard("redis: down"), table)
    assert gone.choice == FAST, "what was heard before holds on"


def test_a_frozen_server_is_waited_for_once_and_briefly(server, machine, monkeypatch):
    """The wait is bounded by a deadline that is handed to the one thing that waits; that is what can be checked."""
    table = machine("a", server.url)
    asked_until(heard("redis: 0 other machines"), table)
    server.freeze()
    waits = []

    class Event(redis_voice.threading.Event):
        def wait(self, timeout=None):
            if threading.current_thread() is threading.main_thread():
                waits.append(timeout)
            return super().wait(timeout)

    monkeypatch.setattr(redis_voice.threading, "Event", Event)
    for k in (1, 2, 4, 8):
        decision = table.decide(replace(PROBLEM, k=k), WRONG)
        assert decision.choice == SLOW_TABLE
        assert any("slow, no answer" in note or "down (" in note for note in decision.notes)
    told = [record["notes"] for record in table.transcript.read().records[-4:]]
    assert all(notes[0].startswith("redis: ") for notes in told)
    assert waits == [redis_voice.WAIT_SECONDS] and redis_voice.WAIT_SECONDS < 0.05
    server.thaw()
    monkeypatch.setattr(redis_voice, "REST_SECONDS", 0.1)
    asked_until(heard("redis: 0 other machines"), table, replace(PROBLEM, k=16))


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("redis://127.0.0.1:{free}/0", "ConnectionError"),
        ("redis://user:secret@127.0.0.1:port/0", "REDIS_URL is no address"),
        ("http://user:secret@example", "REDIS_URL is no address"),
        ("nonsense", "REDIS_URL is no address"),
    ],
)
def test_a_server_that_is_not_there_is_told_and_no_password_is(machine, url, trouble):
    table = machine("a", url.format(free=free_port()))
    decision = asked_until(heard("redis: down"), table)
    assert trouble in decision.notes[0] and "secret" not in json.dumps(table.transcript.read().records)
    assert decision.choice == SLOW_TABLE


@pytest.fixture
def stranger():
    """Factory of servers that are no Redis: they send what they are given, again and again, and read nothing."""
    sockets, threads = [], []

    def serve(listener: socket.socket, chunks, pause: float) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                sockets.append(connection)
                with contextlib.suppress(OSError):
                    for chunk in chunks():
                        connection.sendall(chunk)
                        time.sleep(pause)

    def start(chunks, pause: float) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, chunks, pause), daemon=True))
        threads[-1].start()
        return f"redis://127.0.0.1:{listener.getsockname()[1]}/0"

    yield start
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
    for thread in threads:
        thread.join(10)


STRANGERS = {
    "a tarpit": (lambda: itertools.chain([b"+"], itertools.repeat(b"O")), 0.05),
    "an endless line": (lambda: itertools.repeat(b"x" * 65536), 0.001),
    "an endless answer": (lambda: itertools.chain([b"$4000000000\r\n"], itertools.repeat(b"x" * 65536)), 0.001),
    "lists in lists": (lambda: [b"*1\r\n" * 100_000], 0.0),
    "another protocol": (lambda: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], 0.0),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_what_is_no_redis_is_given_up_however_much_it_sends(stranger, machine, monkeypatch, kind):
    """Each byte in time, and never a whole answer: the answer as a whole has a deadline."""
    monkeypatch.setattr(redis_voice, "ANSWER_SECONDS", 0.3)
    table = machine("a", stranger(*STRANGERS[kind]))
    assert asked_until(heard("redis: down ("), table).choice == SLOW_TABLE
    assert not table._redis._mailbox.open, "nothing waits for it any more"


def test_without_the_package_the_transcript_says_so(machine, monkeypatch):
    def missing(url):
        raise ModuleNotFoundError("No module named 'redis'")

    monkeypatch.setattr(redis_voice, "_connect", missing)
    assert (
        asked_until(heard("redis: down (ModuleNotFoundError"), machine("a", "redis://localhost")).choice == SLOW_TABLE
    )


def test_the_page_has_no_sockets_and_says_so(monkeypatch):
    monkeypatch.setattr(redis_voice, "_IN_PAGE", True)
    voice = RedisVoice("redis://localhost", lambda: "me")
    assert voice.hear(PROBLEM.bucket).note == "redis: unavailable, a page has no sockets"
    assert voice.publish(PROBLEM.bucket, [Hint("mk", 3, 1.0)], 8) is False
    assert voice._thread is None


def test_no_url_no_thread_no_word(tmp_path):
    assert Roundtable(settings_in(tmp_path)).decide(PROBLEM, WRONG).notes == ()


# -- what many machines come to ----------------------------------------------------------------------------------------


def said(field, value, weight, trials=10):
    return Contribution((Hint(field, value, weight),), trials, 4e9)


def test_majorities_and_medians():
    agreed = merge([said("mk", 3, 1.0), said("mk", 3, 5.0), said("mk", 3, 2.0), said("mk", 1, 8.0)])
    assert agreed == (SoftRule("mk", 3, 2.0, "redis, 3 of 4 machines"),)
    assert merge([said("mk", 3, 1.0), said("mk", 1, 1.0)]) == (), "a tie is no majority"
    assert merge([said("mk", 3, 1.0, trials=30), said("mk", 1, 1.0, trials=20)])[0].value == 3
    assert merge([said("mk", 3, 1.0, trials=10**9), said("mk", 1, 1.0), said("mk", 1, 1.0)])[0].value == 3
    assert merge([said("wg", 64, 1.0, trials=1), said("wg", 64, 4.0, trials=9)])[0].weight == 4.0
    assert merge([]) == ()


HINTS = st.sampled_from([(name, value) for name, field in FIELDS.items() for value in field.domain]).flatmap(
    lambda pair: st.builds(Hint, st.just(pair[0]), st.just(int(pair[1])), st.floats(-8, 8))
)
CONTRIBUTIONS = st.builds(
    Contribution, st.lists(HINTS, max_size=4).map(tuple), st.integers(0, 1000), st.floats(0, 1e10)
)


@given(st.lists(CONTRIBUTIONS, max_size=6))
def test_merging_keeps_within_what_was_said(contributions):
    for rule in merge(contributions):
        weights = [
            hint.weight
            for each in contributions
            for hint in each.hints
            if (hint.field, hint.value) == (rule.field, rule.value)
        ]
        assert min(weights) <= rule.weight <= max(weights)
    assert len({rule.field for rule in merge(contributions)}) == len(merge(contributions))


@given(CONTRIBUTIONS)
def test_contributions_are_written_and_read_back(contribution):
    assert decode(encode(contribution)) == contribution


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just("mk"),
            lambda parts: (
                st.lists(parts, max_size=4) | st.dictionaries(st.sampled_from(["hints", "trials", "until"]), parts)
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_other_bytes_are_refused_as_garbage(data):
    try:
        contribution = decode(data)
    except FileFormatError:
        return
    assert all(hint.value in FIELDS[hint.field].domain and abs(hint.weight) <= 8 for hint in contribution.hints)
    assert contribution.trials >= 0 and math.isfinite(contribution.until)
