"""From won trials to rules in heur.kdsl that change what the next process does, and back."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiraltorch_web.errors import SpiralKError
from spiraltorch_web.kernels.rankk.choice import Choice
from spiraltorch_web.roundtable import Problem, Roundtable, Tally
from spiraltorch_web.roundtable.memory import Memory
from spiraltorch_web.roundtable.policy import read_rulebook
from spiraltorch_web.roundtable.problem import Bucket, bucket_of, bucket_of_condition
from spiraltorch_web.roundtable.rewrite import (
    BYTES_MOST,
    LearntRule,
    latest_lesson,
    learnt_rules,
    with_lesson,
    without_rules,
)
from spiraltorch_web.roundtable.shared import Keeper
from spiraltorch_web.spiralk import parse
from tests.roundtable.inputs import DEVICE, FAST, PROBLEM, SLOW_TABLE, WRONG, PlainFamily, settings_in
from tests.roundtable.test_transcript import run_together

ROOT = Path(__file__).resolve().parents[2]
BY_HAND = "# mine\nsoft(mk, 1, 0.01, k > 5);\n"


def faster(a: Choice, c: Choice) -> Iterator[tuple[float, float]]:
    """The challenger takes half of the time, whenever it is measured."""
    while True:
        yield 1e-4, 2e-4


def rule(number: int = 0, **more) -> LearntRule:
    facts = {
        "device": DEVICE,
        "field": "wg",
        "value": 256,
        "weight": 0.25,
        "condition": Bucket(DEVICE, "topk", number, 3).condition,
        "time": f"2026-11-22T00:{number // 60:02}:{number % 60:02}Z",
        "tally": Tally(8, 8),
    }
    return LearntRule(**{**facts, **more})


# -- learning ----------------------------------------------------------------------------------------------------------


def test_enough_won_trials_change_the_decision_of_the_next_table(tmp_path):
    table = Roundtable(settings_in(tmp_path))
    before = table.decide(PROBLEM, WRONG)
    assert before.choice == SLOW_TABLE
    for trial in range(8):
        assert Roundtable(settings_in(tmp_path)).decide(PROBLEM, WRONG).choice == SLOW_TABLE, trial
        lesson = Roundtable(settings_in(tmp_path)).record_trial(before, 1e-4, 2e-4)
    after = Roundtable(settings_in(tmp_path)).decide(PROBLEM, WRONG)
    assert (after.winner, after.choice) == ("A", FAST)
    assert after.tally == Tally(8, 8)
    assert {(each.field, each.value) for each in lesson} == {("mk", 3), ("wg", 256), ("tile", 4096)}
    gap = before.voice("C").score - before.challenger.score
    assert sum(each.weight for each in lesson) == pytest.approx(gap + 0.05, abs=1e-5)
    assert after.voice("A").score - after.voice("C").score == pytest.approx(0.05, abs=1e-5)


def test_the_lesson_is_a_program_that_says_the_same(tmp_path):
    """Learnt rules are matched by the name of their bucket; SpiralK's evaluator must agree, inside and outside."""
    table = Roundtable(settings_in(tmp_path, measure=True))
    table.decide(PROBLEM, WRONG, faster)
    text = (tmp_path / "heur.kdsl").read_text()
    program, rules = parse(text), read_rulebook(text, "heur.kdsl", "")
    assert program.check() == []
    for kind, cols, k, device in (
        ("topk", 65536, 1024, DEVICE),
        ("topk", 131071, 2047, DEVICE.upper()),
        ("topk", 131072, 1024, DEVICE),
        ("topk", 65535, 1024, DEVICE),
        ("topk", 65536, 2048, DEVICE),
        ("bottomk", 65536, 1024, DEVICE),
        ("topk", 65536, 1024, "another"),
    ):
        problem = Problem(kind, 1, cols, k, device)
        number = {"topk": 0, "midk": 1, "bottomk": 2}[kind]
        said = program.evaluate(r=1, c=cols, k=k, kind=number, device=device).soft
        ours = rules.policy(problem, {"sg": True, "sgc": 32}, (), True)(FAST).soft
        assert [(each.field, each.value, each.weight) for each in ours] == [tuple(hint) for hint in said]


def test_measuring_runs_trials_learns_and_decides_again(tmp_path):
    calls = []

    def measure(a, c):
        for seconds in faster(a, c):
            calls.append((a, c))
            yield seconds

    table = Roundtable(settings_in(tmp_path, measure=True))
    decision = table.decide(PROBLEM, WRONG, measure)
    assert decision.choice == FAST
    assert calls == [(FAST, SLOW_TABLE)] * 8
    assert table.decide(PROBLEM, WRONG, measure) is decision, "a decision is made once"
    events = [record["event"] for record in table.transcript.read().records]
    assert events == ["decision", *["trial"] * 8, "lesson", "decision"]
    Roundtable(settings_in(tmp_path, measure=True)).decide(PROBLEM, WRONG, measure)
    assert len(calls) == 8, "what is known is not measured again"


@pytest.mark.parametrize(
    ("ratios", "learns"),
    [
        ([0.5] * 8, True),
        ([0.5] * 7, False),  # too few
        ([0.985] * 8, False),  # faster, but by less than 2 %
        ([0.98] * 8, True),
        ([0.5] * 7 + [1.5], True),  # 7 of 8: lower bound 0.53
        ([0.5] * 6 + [1.5] * 2, False),  # 6 of 8: lower bound 0.41
        ([2.0] * 8, False),
    ],
)
def test_only_convincing_trials_teach(tmp_path, ratios, learns):
    table = Roundtable(settings_in(tmp_path))
    decision = table.decide(PROBLEM, WRONG)
    for ratio in ratios:
        table.record_trial(decision, ratio * 1e-4, 1e-4)
    assert bool(table.learnt()) == learns


def test_hard_rules_and_agreement_leave_nothing_to_measure(tmp_path):
    table = Roundtable(settings_in(tmp_path, program="mk: 1;", measure=True))

    def never(a, c):
        raise AssertionError("nothing is to be measured")

    assert table.decide(PROBLEM, WRONG, never).winner == "B"
    alone = PlainFamily({SLOW_TABLE: 1e-4}, SLOW_TABLE)
    table.settings = settings_in(tmp_path, measure=True)
    assert table.decide(PROBLEM, alone, never).choice == SLOW_TABLE


def test_a_lesson_is_for_its_bucket_and_device_only(tmp_path):
    table = Roundtable(settings_in(tmp_path, measure=True))
    table.decide(PROBLEM, WRONG, faster)
    table.settings = settings_in(tmp_path)
    assert table.decide(replace(PROBLEM, rows=1, cols=2 * PROBLEM.cols - 1, k=PROBLEM.k + 1), WRONG).choice == FAST
    for other in (
        replace(PROBLEM, cols=2 * PROBLEM.cols),
        replace(PROBLEM, k=PROBLEM.k - 1),
        replace(PROBLEM, kind="midk"),
    ):
        assert table.decide(other, WRONG).choice == SLOW_TABLE
    assert table.decide(replace(PROBLEM, device="another"), replace(WRONG, device="another")).choice == SLOW_TABLE


def test_fft_learns_its_own_fields(tmp_path):
    slow, fast = Choice(radix=2, segments=1), Choice(radix=4, segments=4)
    family = PlainFamily({slow: 1e-4, fast: 2e-4}, slow, fields=frozenset({"radix", "tile_cols", "segments"}))
    problem = Problem("fft", rows=8, cols=4096, k=1, device=DEVICE)
    Roundtable(settings_in(tmp_path, measure=True)).decide(problem, family, faster)
    after = Roundtable(settings_in(tmp_path))
    assert {(each.field, each.value) for each in after.learnt()} == {("radix", 4), ("segments", 4)}
    assert after.decide(problem, family).choice == fast


@given(
    st.dictionaries(
        st.builds(
            Choice,
            mk=st.integers(0, 3),
            wg=st.sampled_from((64, 128, 256)),
            tile=st.sampled_from((256, 512, 1024)),
            use_2ce=st.booleans(),
        ),
        st.floats(1e-5, 1e-4),
        min_size=2,
        max_size=8,
    ),
    st.integers(0, 7),
    st.floats(0, 0.5),
)
def test_whatever_the_candidates_the_challenger_wins_after_the_lesson(times, pick, prior):
    """With gaps below the cap of 8: no other choice gains as much by the lesson as the challenger."""
    family = PlainFamily(times, list(times)[pick % len(times)])
    settings = replace(settings_in(Path("/nowhere")), heur_file=None, log_file=None, measure=True, table_weight=prior)
    with warnings.catch_warnings(action="ignore"):
        table = Roundtable(settings)
        before = Roundtable(settings).decide(PROBLEM, family)
        after = table.decide(PROBLEM, family, faster)
    assert after.choice == before.challenger.choice
    assert after.winner == "A"


def test_no_lesson_weighs_more_than_eight(tmp_path):
    family = PlainFamily({FAST: 1.0, SLOW_TABLE: 1e-6}, SLOW_TABLE)
    table = Roundtable(settings_in(tmp_path, measure=True))
    table.decide(PROBLEM, family, faster)
    assert sum(each.weight for each in table.learnt()) == pytest.approx(8, abs=1e-4)


# -- two processes -----------------------------------------------------------------------------------------------------

LEARNER = """
import sys
from pathlib import Path
from spiraltorch_web.roundtable import Problem, Roundtable
from tests.roundtable.inputs import WRONG, settings_in
from dataclasses import replace

folder, first = Path(sys.argv[1]), int(sys.argv[2])
table = Roundtable(settings_in(folder, measure=True))
for number in range(first, first + 12):
    problem = Problem("topk", 1, 1 << (10 + number), 4, WRONG.device)
    table.decide(problem, WRONG, lambda a, c: (pair for pair in [(1e-4, 2e-4)] * 8))
"""


def test_processes_that_learn_at_once_lose_nothing(tmp_path, monkeypatch):
    """Three processes with 24 buckets between them; each bucket of the middle is learnt by two."""
    (tmp_path / "heur.kdsl").write_text(BY_HAND)
    script = f"import sys; sys.path[:0] = [{str(ROOT)!r}]\n{LEARNER}"
    run_together(script, (tmp_path, 0), (tmp_path, 6), (tmp_path, 12))
    text = (tmp_path / "heur.kdsl").read_text()
    assert text.startswith(BY_HAND)
    claims = [(each.field, each.condition) for each in learnt_rules(text)]
    assert len(claims) == len(set(claims)) == 24 * 3
    tallies = json.loads((tmp_path / "heur.trials.json").read_text())
    assert sum(trials for pairs in tallies.values() for _, trials in pairs.values()) >= 24 * 8
    assert not list(tmp_path.glob(".heur*")), "no temporary file is left"


USER = """
import sys; sys.path[:0] = {paths!r}
from spiraltorch_web.roundtable import current
from tests.roundtable.inputs import PROBLEM, WRONG
print(current().decide(PROBLEM, WRONG, lambda a, c: (pair for pair in [(1e-4, 2e-4)] * 8)).choice.mk)
"""


def test_the_next_run_of_a_user_chooses_the_faster_variant(tmp_path):
    def run(**variables):
        environment = {"HOME": str(tmp_path), **variables}
        script = USER.format(paths=[str(ROOT), str(ROOT / "py")])
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    assert run() == SLOW_TABLE.mk
    run(SPIRAL_MEASURE="1")
    assert run() == FAST.mk
    assert run(SPIRAL_HEUR_SOFT="0") == SLOW_TABLE.mk
    assert run(SPIRAL_HEUR_FILE=str(tmp_path / "other.kdsl")) == SLOW_TABLE.mk
    assert run(SPIRAL_HEUR_K="mk: 1;") == 1
    assert {path.name for path in (tmp_path / ".spiraltorch").iterdir()} >= {"heur.kdsl", "roundtable.log"}


# -- undoing -----------------------------------------------------------------------------------------------------------


def test_undo_takes_the_lesson_and_its_trials_back(tmp_path):
    (tmp_path / "heur.kdsl").write_text(BY_HAND)
    table = Roundtable(settings_in(tmp_path, measure=True))
    table.decide(PROBLEM, WRONG, faster)
    learnt = table.learnt()
    assert table.undo() == learnt
    assert (tmp_path / "heur.kdsl").read_text() == BY_HAND
    assert learnt_rules((tmp_path / "heur.kdsl.bak").read_text()) == learnt
    fresh = Roundtable(settings_in(tmp_path))
    decision = fresh.decide(PROBLEM, WRONG)
    assert (decision.choice, decision.tally) == (SLOW_TABLE, Tally())
    assert fresh.record_trial(decision, 1e-4, 2e-4) == (), "one more trial does not teach the same at once"
    assert table.undo() == ()


def test_undo_takes_the_latest_lesson_or_what_is_named(tmp_path):
    memory = Memory(tmp_path / "heur.kdsl", Keeper())
    first, second = rule(1), [rule(2), rule(2, field="mk", value=3)]
    memory.learn([first])
    memory.learn(second)
    assert {each.id for each in memory.undo()} == {each.id for each in second}
    memory.learn(second)
    assert [each.id for each in memory.undo([first.id, "no such id"])] == [first.id]
    assert [each.id for each in memory.learnt()] == [each.id for each in second]


# -- the file ----------------------------------------------------------------------------------------------------------

LINES = st.one_of(
    st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=40),
    st.sampled_from(["# device: other", "# device: any", "soft(mk, 1, 0.5, true);", rule(5).code, "soft(mk, 1", ""]),
)


@given(st.lists(LINES, max_size=12), st.integers(0, 3))
def test_lines_written_by_hand_come_through_learning_and_undoing(lines, number):
    before = "".join(f"{line}\n" for line in lines)
    lesson = [rule(number), rule(number, field="mk", value=3)]
    taught = with_lesson(before, lesson)
    assert {each.id for each in lesson} <= {each.id for each in learnt_rules(taught)}
    kept = [line for line in before.split("\n") if line]
    assert [line for line in taught.split("\n") if line in kept] == kept
    gone = {each.line for each in learnt_rules(taught) if each.id in {one.id for one in lesson}}
    left = without_rules(taught, gone)
    assert [line for line in left.split("\n") if line and not line.lstrip().startswith("#")] == [
        line for line in kept if not line.lstrip().startswith("#")
    ]


def test_the_same_lesson_twice_is_one_rule_with_more_weight():
    once = with_lesson("", [rule()])
    twice = with_lesson(once, [rule(time="2026-11-23T00:00:00Z", tally=Tally(9, 9))])
    (found,) = learnt_rules(twice)
    assert (found.weight, found.time, found.tally) == (0.5, "2026-11-23T00:00:00Z", Tally(9, 9))
    for _ in range(50):
        twice = with_lesson(twice, [rule()])
    assert learnt_rules(twice)[0].weight == 8


def test_rules_stand_in_the_section_of_their_device():
    text = with_lesson("soft(mk, 1, 1, true);\n", [rule(1), rule(2, device="other gpu"), rule(3)])
    assert text.split("\n")[0] == "soft(mk, 1, 1, true);"
    assert [each.device for each in learnt_rules(text)] == [DEVICE, DEVICE, "other gpu"]
    assert text.count("# device:") == 2
    assert [each.device for each in parse(text).rules] == [None, DEVICE, DEVICE, "other gpu"]


def test_the_oldest_rules_go_when_the_file_is_full_and_hand_written_ones_stay():
    text = "\n".join([BY_HAND, f"# device: {DEVICE}", *(rule(number).code for number in range(500)), ""])
    for number in range(500, 520):
        text = with_lesson(text, [rule(number)])
    assert text.startswith(BY_HAND)
    assert BYTES_MOST - 200 < len(text.encode()) <= BYTES_MOST
    times = [each.time for each in learnt_rules(text)]
    assert times == [rule(number).time for number in range(520 - len(times), 520)]
    assert latest_lesson(text)[0].time == rule(519).time


def test_corrupt_lines_are_reported_with_their_number_and_never_lost(tmp_path):
    broken = b"soft(mk, 3, 9, true);\n\xff\xfe garbage\nsoft(tile, 10\nmk: ;\n"
    (tmp_path / "heur.kdsl").write_bytes(broken)
    table = Roundtable(settings_in(tmp_path, measure=True))
    with pytest.warns(RuntimeWarning, match=r"heur.kdsl:2: skipped.*heur.kdsl:3: skipped.*heur.kdsl:4: skipped"):
        decision = table.decide(PROBLEM, WRONG)
    assert decision.choice == FAST, "the good line speaks"
    assert [note.split(" ")[0] for note in decision.notes] == ["heur.kdsl:2:", "heur.kdsl:3:", "heur.kdsl:4:"]
    table.memory.learn([rule()])
    assert (tmp_path / "heur.kdsl").read_bytes().startswith(broken)


def test_a_file_that_is_something_else_altogether_does_not_stop_plans(tmp_path):
    (tmp_path / "heur.kdsl").write_bytes(b"\x00" * 300_000)
    with pytest.warns(RuntimeWarning, match="heur.kdsl: skipped, a program of 300,001 characters"):
        assert Roundtable(settings_in(tmp_path)).decide(PROBLEM, WRONG).choice == SLOW_TABLE
    with pytest.raises(SpiralKError, match="^SPIRAL_HEUR_K, line 1, column 5: expected a value"):
        Roundtable(settings_in(tmp_path / "new", program="mk: ;")).decide(PROBLEM, WRONG)


def test_a_file_full_of_corrupt_lines_does_not_flood_the_transcript(tmp_path):
    """The first of them are named with their numbers, and how many more there are; all stay in the file."""
    broken = "".join(f"torn {number}\n" for number in range(3000))
    (tmp_path / "heur.kdsl").write_text(f"{broken}soft(mk, 3, 9, true);\n")
    table = Roundtable(settings_in(tmp_path))
    with pytest.warns(RuntimeWarning, match="heur.kdsl:1: skipped.*heur.kdsl: 2,992 more") as caught:
        assert table.decide(PROBLEM, WRONG).choice == FAST, "the good line speaks"
    assert len(caught) == 1
    assert (tmp_path / "roundtable.log").stat().st_size < 20_000
    table.memory.learn([rule()])
    assert (tmp_path / "heur.kdsl").read_text().startswith(broken)


@pytest.mark.parametrize(
    ("text", "k", "device"),
    [
        (f"# device: {DEVICE}\n{rule().code.replace('kc == 3', 'kc <= 3')}\n", 4, DEVICE),
        (f"# device: any\n{rule().code}\n", 8, "another"),
        (rule().code, 8, "another"),
    ],
)
def test_a_learnt_line_that_a_person_has_changed_is_theirs(tmp_path, text, k, device):
    """With another condition, or moved out of its section: it is evaluated as any rule, and undo leaves it alone."""
    (tmp_path / "heur.kdsl").write_text(text)
    memory = Memory(tmp_path / "heur.kdsl", Keeper())
    assert memory.learnt() == () and memory.undo() == ()
    said = memory.rulebook("").policy(Problem("topk", 1, 1, k, device), {"sg": True, "sgc": 32}, (), True)
    assert [each.value for each in said(FAST).soft] == [256]


def test_damaged_counts_start_afresh(tmp_path):
    for text in ("{", "[]", '{"a": 1}', '{"x/topk/1/2": {"p": [3, 2]}}', '{"x/best/1/2": {}}', "[" * 100_000):
        (tmp_path / "heur.trials.json").write_text(text)
        memory = Memory(tmp_path / "heur.kdsl", Keeper())
        assert memory.tally(PROBLEM.bucket, "p") == Tally()
        assert memory.count(PROBLEM.bucket, "p", True) == Tally(1, 1)


def test_bucket_keys_read_back():
    bucket = Bucket("a/b c", "fft", 3, 0)
    assert bucket_of(bucket.key) == bucket
    for kind in ("topk", "midk", "bottomk", "fft"):
        bucket = Bucket("gpu", kind, 31, 7)
        assert bucket_of_condition("gpu", bucket.condition) == bucket
    with pytest.raises(ValueError, match="no bucket"):
        bucket_of_condition("gpu", "true")


def test_a_home_that_cannot_be_written_degrades_to_memory_with_one_warning(tmp_path):
    (tmp_path / "file").write_text("")
    table = Roundtable(settings_in(tmp_path / "file", measure=True))
    with pytest.warns(RuntimeWarning, match="in memory only") as caught:
        assert table.decide(PROBLEM, WRONG, faster).choice == FAST
        assert len(table.learnt()) == 3
        assert table.undo() and not table.learnt()
    assert len(caught) == 1
    told = [record["notes"] for record in table.transcript.read().records if record["event"] == "decision"]
    assert "cannot be written" in told[-1][-1]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.kdsl").write_text(BY_HAND)
    (tmp_path / "heur.kdsl").symlink_to(tmp_path / "real.kdsl")
    Memory(tmp_path / "heur.kdsl", Keeper()).learn([rule()])
    assert (tmp_path / "heur.kdsl").is_symlink()
    assert rule().code in (tmp_path / "real.kdsl").read_text()


def test_an_edit_by_someone_else_is_seen_at_the_next_decision(tmp_path):
    table = Roundtable(settings_in(tmp_path))
    assert table.decide(PROBLEM, WRONG).choice == SLOW_TABLE
    (tmp_path / "heur.kdsl").write_text("soft(mk, 3, 1, true);\n")
    assert table.decide(PROBLEM, WRONG).choice == FAST


def test_times_are_utc(tmp_path):
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(milliseconds=5)
    table = Roundtable(settings_in(tmp_path, measure=True), now=lambda: moment)
    assert table.decide(PROBLEM, WRONG).time == "2026-11-22T12:00:00.005Z"
    table.decide(replace(PROBLEM, rows=2), WRONG, faster)
    assert {each.time for each in table.learnt()} == {"2026-11-22T12:00:00Z"}
