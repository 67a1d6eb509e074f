"""The roundtable's view as a user meets it: voices while a script runs, the policy, its maps, what was learnt."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.conftest import ON_SOFTWARE_GPU, eventually
from tests.web.test_accessibility import violations_in_any_light

PATIENCE = 120_000  # milliseconds
INPUTS = (Path(__file__).parents[1] / "roundtable" / "inputs.py").read_text(encoding="utf-8")
VIEW = f"{ON_SOFTWARE_GPU}&view=roundtable"
DECIDE_AND_WAIT = """import time
from spiraltorch_web.rankk import RankKind, plan_rank
plan = plan_rank(RankKind.TOPK, 12, 900, 7)
print("decided", plan.winner, plan.choice.wg)
while True:
    time.sleep(0.01)
"""
PLAN = """from spiraltorch_web.rankk import RankKind, plan_rank
plan = plan_rank(RankKind.TOPK, 12, 900, 7)
print("decided", plan.winner, plan.choice.mk)
"""
LEARN = f"""{INPUTS}
from spiraltorch_web.roundtable import current
table = current()
decision = table.decide(PROBLEM, WRONG)
for _ in range(8):
    table.record_trial(decision, 1e-4, 2e-4)
print("learnt", len(table.learnt()))
"""


class RoundtableView:
    """What a user sees and does in the view."""

    def __init__(self, bench):
        self.bench = bench
        self.page = bench.page

    def sheet(self, name: str):
        return self.page.get_by_role("region", name=name, exact=True)

    def open(self) -> None:
        self.page.get_by_role("link", name="Roundtable").click()

    def run(self, code: str, output: str) -> None:
        """Run a script in the Playground, and come back."""
        self.page.get_by_role("link", name="Playground").click()
        self.bench.wait_until_ready()
        self.bench.start(code)
        self.bench.wait_for_output(output)

    def wait_for_maps(self) -> None:
        expect(self.sheet("What the policy chooses")).to_contain_text("problems. ", timeout=PATIENCE)
        expect(self.page.locator(".survey-map")).to_have_count(4, timeout=PATIENCE)

    def write(self, text: str) -> None:
        self.page.locator("#roundtable .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    @property
    def policy(self) -> str:
        return "\n".join(self.page.locator("#roundtable .cm-line").all_text_contents())

    def cell(self, k: int, rows: str, place: int):
        """The cell of a map in the row of so many rows."""
        table = self.page.get_by_role("grid", name=f"k = {k}:")
        return table.get_by_role("row", name=re.compile(f"^{rows} ")).get_by_role("gridcell").nth(place)


@pytest.fixture
def view(open_bench):
    """The view on a fresh page, with its maps."""
    found = RoundtableView(open_bench(VIEW))
    found.wait_for_maps()
    return found


@pytest.fixture
def shared_view(bench):
    """The view on the page of all tests here that leave policy and rules alone."""
    found = RoundtableView(bench)
    found.open()
    found.wait_for_maps()
    yield found
    found.page.get_by_role("link", name="Playground").click()  # where the next test expects the page


def test_voices_and_winner_show_while_the_script_runs(shared_view):
    view = shared_view
    view.run(DECIDE_AND_WAIT, "decided")
    _, winner, workgroup = view.bench.output.split()
    view.open()
    decisions = view.sheet("Decisions")
    expect(decisions.get_by_role("button", name="topk 12 × 900, k 7")).to_be_visible()
    expect(view.page.locator("#roundtable .status-label")).to_have_text("Running")  # the script is still at it
    won = decisions.locator(".voice[data-won]")
    expect(won.get_by_role("heading")).to_contain_text(f"{winner} · ")
    expect(won).to_contain_text(f"wg {workgroup} ")
    scores = [float(text) for text in decisions.locator(".voice-figures strong").all_text_contents()[::2]]
    assert len(scores) == 2 and max(scores) == scores[["A", "C"].index(winner)]
    view.page.get_by_role("link", name="Playground").click()
    view.bench.button("Stop").click()
    view.bench.wait_for_end()
    view.open()
    with view.page.expect_download() as coming:
        decisions.get_by_label("Decisions: file").click()
        decisions.get_by_role("button", name="Save as roundtable.log").click()
    last = json.loads(coming.value.path().read_text().splitlines()[-1])
    assert (last["event"], last["rows"], last["winner"]) == ("decision", 12, winner)


def test_policy_shows_errors_live_and_steers_launches_once_it_is_saved(view):
    view.write("mk: sel(c > 500, 1, 0);\nsoft(mkk, 2, 0.25, k <= 128);\n")
    policy = view.sheet("Policy")
    expect(policy.locator(".findings")).to_contain_text("unknown field mkk. Did you mean mk?", timeout=PATIENCE)
    expect(policy.locator(".cm-lintRange-error")).to_have_count(1)
    cell = view.cell(16, "1", 2).element_handle()
    view.write("mk: sel(c > 500, 1, 0);\n")
    expect(policy.locator(".findings li")).to_have_count(0, timeout=PATIENCE)
    maps = view.sheet("What the policy chooses")
    expect(maps).to_contain_text("are decided otherwise than by the saved policy", timeout=PATIENCE)
    expect(view.cell(16, "1", 2)).to_have_attribute("title", re.compile("1 × 1,024, k 16: shared"))
    assert cell.evaluate("(cell) => cell.isConnected"), "a click on a cell is not lost when it changes"
    view.run(PLAN, "decided")
    assert view.bench.output.split()[1] != "B", "nothing is in force before it is saved"
    view.open()
    policy.get_by_role("button", name="Save policy").click()
    expect(policy.get_by_role("button", name="Save policy")).to_be_disabled(timeout=PATIENCE)
    view.run(PLAN, "decided B 1")
    eventually(lambda: stored(view.page, "heur.kdsl"), seconds=90)
    view.page.reload()
    view.open()
    eventually(lambda: view.policy.startswith("mk: sel(c > 500, 1, 0);"), seconds=60)
    expect(policy.get_by_role("button", name="Save policy")).to_be_disabled()


def stored(page, name: str) -> bool:
    """Whether the browser has stored a file of Python's folder."""
    return page.evaluate(
        """async (name) => {
          const settled = (request) => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
          const database = await settled(indexedDB.open("/home/pyodide/.spiraltorch"));
          try {
            const keys = await settled(database.transaction("FILE_DATA").objectStore("FILE_DATA").getAllKeys());
            return keys.some((key) => key.endsWith(name));
          } finally {
            database.close();
          }
        }""",
        name,
    )


def test_cells_are_looked_into_by_keyboard(shared_view):
    view = shared_view
    first = view.cell(1, "1", 0)
    first.focus()
    view.page.keyboard.press("ArrowDown")
    view.page.keyboard.press("ArrowRight")
    expect(view.cell(1, "4", 1)).to_be_focused()
    view.page.keyboard.press("Enter")
    decisions = view.sheet("Decisions")
    expect(decisions).to_contain_text("topk 4 × 256, k 1 – by the policy in the editor", timeout=PATIENCE)
    assert decisions.locator(".voice").count() == 2


def test_draft_survives_a_reload(view):
    view.write("mk: 0;\n")
    expect(view.sheet("What the policy chooses")).to_contain_text("decided otherwise", timeout=PATIENCE)
    view.page.reload()
    eventually(lambda: view.policy.startswith("mk: 0;"), seconds=60)
    expect(view.sheet("Policy").get_by_role("button", name="Save policy")).to_be_enabled()


def test_learnt_rules_are_shown_and_undone_and_a_draft_is_not_lost_over_them(view):
    view.write("# mine\n")
    view.run(LEARN, "learnt 3")
    view.open()
    learnt = view.sheet("Learnt rules")
    expect(learnt.locator("article")).to_have_count(3, timeout=PATIENCE)
    expect(learnt.locator("article").first).to_contain_text("A won 8 of 8 trials")
    assert view.policy.startswith("# mine")
    expect(view.sheet("Decisions").locator("tr[data-event=lesson]")).to_contain_text("Learnt from 8 of 8 trials")
    view.sheet("Policy").get_by_role("button", name="Discard changes").click()
    assert view.policy.count("# learnt ") == 3
    for left in (2, 1, 0):
        learnt.get_by_role("button", name=re.compile("^Undo soft")).first.click()
        expect(learnt.locator("article")).to_have_count(left, timeout=PATIENCE)
    assert "# learnt " not in view.policy
    undone = view.sheet("Decisions").locator("tr[data-event=undo]")
    expect(undone).to_have_count(3)
    expect(undone.first).to_contain_text(re.compile(r"Forgotten:soft\(wg, 256, .* on vulkan-test-gpu"))
    learn_and_undo_the_lesson(view, learnt)


def learn_and_undo_the_lesson(view, learnt) -> None:
    """Once more, and all of it is taken back at once."""
    view.run(LEARN, "learnt 3")
    view.open()
    decisions = view.sheet("Decisions")
    expect(learnt.locator("article")).to_have_count(3, timeout=PATIENCE)
    expect(decisions.locator("tr[data-event=trial]").first).to_contain_text(
        "mk=3 tile=4096 wg=256 took 100 µs, the table's mk=0 tile=1024 wg=128 200 µs; it has won 8 of 8."
    )
    expect(decisions.locator("tr[data-event=lesson] code")).to_have_count(6)
    learnt.get_by_role("button", name="Undo the latest lesson").click()
    expect(learnt.locator("article")).to_have_count(0, timeout=PATIENCE)
    expect(learnt.get_by_role("button")).to_have_count(0)
    expect(learnt).to_contain_text("None yet.")


def test_files_come_and_go(view, tmp_path):
    policy, decisions = view.sheet("Policy"), view.sheet("Decisions")
    brought = tmp_path / "theirs.kdsl"
    brought.write_text("mk: 3;\n")
    policy.get_by_label("Policy file to open").set_input_files(brought)
    eventually(lambda: view.policy.startswith("mk: 3;"))
    with view.page.expect_download() as coming:
        policy.get_by_label("Policy: file").click()
        policy.get_by_role("button", name="Save as heur.kdsl").click()
    assert coming.value.path().read_text() == "mk: 3;\n"
    view.run(PLAN, "decided")
    view.open()
    rows = decisions.locator(".transcript tbody tr")
    expect(rows).to_have_count(1)
    with view.page.expect_download() as coming:
        decisions.get_by_label("Decisions: file").click()
        decisions.get_by_role("button", name="Save as roundtable.log").click()
    record = json.loads(coming.value.path().read_text())
    log = tmp_path / "theirs.log"
    other = json.dumps({**record, "rows": 77})
    log.write_text(f'{json.dumps(record)}\n{other}\n{{"event": "decision"}}\n{{"event": "lesson"}}\nnonsense\n')
    decisions.get_by_label("Transcript to import").set_input_files(log)
    expect(rows).to_have_count(2, timeout=PATIENCE)
    expect(decisions).to_contain_text("topk 77 × 900, k 7")
    expect(view.page.get_by_role("status")).to_contain_text(
        "1 record was added to the transcript; 3 lines were no record and left out."
    )


def test_axe_finds_nothing(open_bench):
    view = RoundtableView(open_bench(VIEW))
    view.wait_for_maps()
    view.write("mk: 0;\nfoo(2;\n")
    expect(view.page.locator(".findings li")).to_have_count(1, timeout=PATIENCE)
    view.cell(1, "1", 0).click()
    expect(view.page.locator(".voice[data-won]")).to_be_visible(timeout=PATIENCE)
    view.page.locator("#roundtable details.menu").first.evaluate("(element) => { element.open = true; }")
    assert violations_in_any_light(view.page) == {}


def test_view_fits_a_phone(open_bench):
    view = RoundtableView(open_bench(VIEW, viewport={"width": 360, "height": 740}, has_touch=True))
    view.wait_for_maps()
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 360
    view.cell(1, "1", 0).click()
    expect(view.page.locator(".voice[data-won]")).to_be_in_viewport(timeout=PATIENCE)
