"""What the roundtable learns in the page is there after a reload, and each tab minds its own."""

from __future__ import annotations

from pathlib import Path

from tests.web.conftest import eventually

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (ROOT / "tests" / "roundtable" / "inputs.py").read_text(encoding="utf-8")

LEARN = """
table = current()
decision = table.decide(PROBLEM, WRONG)
print("before:", decision.choice.mk)
for _ in range(8):
    table.record_trial(decision, 1e-4, 2e-4)
print("after:", table.decide(PROBLEM, WRONG).choice.mk)
"""
LOOK = """
table = current()
print("now:", table.decide(PROBLEM, WRONG).choice.mk, len(table.learnt()), len(table.transcript.read().records))
"""
# How many files and folders the page has stored.
STORED = """async () => {
  const settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await settled(indexedDB.open("/home/pyodide/.spiraltorch"));
  try {
    return await settled(database.transaction("FILE_DATA").objectStore("FILE_DATA").count());
  } finally {
    database.close();
  }
}"""


def script(body: str) -> str:
    return f"{INPUTS}\nfrom spiraltorch_web.roundtable import current\n{body}"


def last_line(bench) -> str:
    return bench.output.strip().split("\n")[-1]


def test_what_was_learnt_outlives_the_page_and_one_tab_keeps_it(open_bench):
    bench = open_bench()
    bench.wait_until_ready()
    bench.run(script(LEARN))
    bench.wait_for_output("before: 0")
    assert last_line(bench) == "after: 3"
    eventually(lambda: bench.page.evaluate(STORED) >= 3)
    # A second tab of the same visitor reads the files; what it changes ends with it.
    tab = bench.page.context.new_page()
    tab.goto(bench.page.url)
    second = type(bench)(tab)
    second.wait_until_ready()
    second.run(script(LOOK + "table.undo()\n" + LOOK))
    second.wait_for_output("now: 3 3 12")
    assert last_line(second).startswith("now: 0 0 ")
    tab.close()
    bench.page.reload()
    bench.wait_until_ready()
    bench.run(script(LOOK))
    bench.wait_for_output("now: 3 3 12")
