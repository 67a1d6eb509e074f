"""What the roundtable learns in the page is there after a reload, and each tab minds its own."""

from __future__ import annotations

from tests.web.conftest import eventually

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


LOOK = "from spiraltorch_web.roundtable import current\nprint('learnt:', len(current().learnt()))\n"


def first_line(bench) -> str:
    return bench.output.strip().split("\n")[0]


def test_a_launch_that_was_learnt_is_chosen_after_a_reload(open_bench):
    """With a table that is wrong on purpose; measured on the browser's own GPU."""
    bench = open_bench()
    bench.page.get_by_role("button", name="A launch that learns").click()
    eventually(lambda: "A launch that learns." in bench.code)
    bench.wait_until_ready()
    bench.button("Run").click()
    bench.wait_for_end(120)
    assert "sort whole rows" in first_line(bench)
    taught = bench.output.count("soft(")
    assert taught >= 1 and "Now: sort whole rows" not in bench.output
    eventually(lambda: bench.page.evaluate(STORED) >= 3)
    # A second tab of the same visitor reads the files; what it changes ends with it.
    tab = bench.page.context.new_page()
    tab.goto(bench.page.url)
    second = type(bench)(tab)
    second.wait_until_shell()
    tab.get_by_role("button", name="Curve fit").click()  # code is kept by example, in all tabs
    eventually(lambda: "Curve fit." in second.code)
    second.wait_until_ready()
    second.run(LOOK + "current().undo()\n" + LOOK)
    second.wait_for_output(f"learnt: {taught}")
    second.wait_for_output("learnt: 0")
    tab.close()
    bench.page.reload()
    bench.wait_until_ready()
    bench.button("Run").click()
    bench.wait_for_end(120)
    assert "sort whole rows" not in first_line(bench)
    bench.wait_for_output("An earlier run has taught this")
