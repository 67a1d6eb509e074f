"""Running scripts: output, errors, queues, floods."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.conftest import ON_SOFTWARE_GPU, Workbench


def test_prints_appear_in_order(bench):
    bench.run("for i in range(3):\n    print('line', i)\n")
    assert bench.output.splitlines()[:3] == ["line 0", "line 1", "line 2"]
    assert bench.status.startswith("Finished in")


def test_run_before_python_is_ready_is_queued_and_says_so(pages, site_server):
    page = pages()
    page.context.route("**/pyodide.asm.*", lambda route: None)  # held back
    page.goto(site_server.address + ON_SOFTWARE_GPU)
    bench = Workbench(page)
    bench.wait_until_shell()
    bench.start("print('patient')\n")
    expect(bench.page.locator(".status-label")).to_contain_text("queued")
    expect(bench.page.locator(".run-button")).to_have_text("Queued")
    page.context.unroute("**/pyodide.asm.*")
    bench.wait_for_output("patient")


def test_error_names_the_users_line_and_marks_it(bench):
    bench.run("def half(x):\n    return x / 0\n\nhalf(1)\n")
    assert 'File "main.py", line 2, in half' in bench.output
    assert "_pyodide" not in bench.output and "bridge.py" not in bench.output
    assert bench.status == "ZeroDivisionError in line 2: division by zero"
    assert "return x / 0" in bench.page.locator(".error-line").inner_text()


def test_link_in_a_traceback_moves_the_editor_there(bench):
    bench.run("a = 1\n" * 80 + "undefined_name\n" + "b = 2\n" * 80)
    bench.page.locator(".cm-scroller").evaluate("(element) => { element.scrollTop = 0; }")
    bench.page.get_by_role("button", name='File "main.py", line 81').click()
    expect(bench.page.locator(".cm-activeLine").first).to_have_text("undefined_name")


def test_syntax_error_marks_its_line(bench):
    bench.run("x = 1\nfor = 2\n")
    assert bench.page.locator(".error-line").inner_text() == "for = 2"
    assert bench.status.startswith("SyntaxError in line 2")


def test_error_mark_goes_with_the_next_run(bench):
    bench.run("1 / 0\n")
    bench.run("print('well')\n")
    assert bench.page.locator(".error-line").count() == 0


def test_library_error_shows_the_users_line_not_the_librarys(bench):
    bench.run("from spiraltorch_web import live\nlive.add_image('x', [1, 2, 3])\n")
    assert 'File "main.py", line 2' in bench.output
    assert "spiraltorch_web/live" not in bench.output
    assert "ShapeError: add_image needs 2 or 3 dimensions; got shape (3,)" in bench.output


def test_each_run_starts_fresh(bench):
    bench.run("kept = 1\n")
    bench.run("print('kept' in globals(), __name__)\n")
    assert bench.output.strip() == "False __main__"


def test_exit_ends_a_script_quietly(bench):
    bench.run("import sys\nprint('before')\nsys.exit()\nprint('after')\n")
    assert bench.output.strip() == "before"
    assert bench.status.startswith("Finished")


def test_top_level_await_works(bench):
    bench.run("import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')\n")
    assert "awaited" in bench.output


def test_second_run_stops_the_first(bench):
    bench.start("import time\nprint('first')\nwhile True:\n    time.sleep(0.01)\n")
    bench.wait_for_output("first")
    bench.start("print('second')\n")
    bench.wait_for_output("second")
    bench.wait_for_end()
    assert bench.output.strip() == "second"


def test_flood_of_prints_keeps_the_page_alive_and_bounded(bench):
    bench.start("for i in range(100_000):\n    print('x' * 40, i)\nprint('the end')\n")
    bench.wait_for_output("the end")
    bench.wait_for_end()
    assert bench.page.locator(".console-line").count() <= 2000
    assert bench.output.startswith("… earlier lines are gone")
    longest_gap = bench.page.evaluate("""async () => {
      let longest = 0;
      let last = performance.now();
      for (let frame = 0; frame < 20; frame += 1) {
        await new Promise(requestAnimationFrame);
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
      return longest;
    }""")
    assert longest_gap < 1000


def test_one_endless_line_is_cut(bench):
    bench.run("print('y' * 50_000)\n")
    assert "(line cut)" in bench.output and len(bench.output) < 6000


def test_carriage_return_overwrites_the_line(bench):
    bench.run("import sys\nfor i in range(5):\n    sys.stdout.write(f'\\r{i} of 4')\nprint()\n")
    assert bench.output.strip() == "4 of 4"


def test_markup_in_output_stays_text(bench):
    bench.run("print('<img src=x onerror=alert(1)><b>bold</b>')\n")
    assert bench.output.strip() == "<img src=x onerror=alert(1)><b>bold</b>"
    assert bench.page.locator(".console-lines img, .console-lines b").count() == 0


def test_script_cannot_reach_the_page(bench):
    bench.run("import js\nprint(hasattr(js, 'document'), hasattr(js, 'window'))\n")
    assert bench.output.strip() == "False False"


def test_stdin_is_empty_not_a_hang(bench):
    bench.run("input('name? ')\n")
    assert "EOFError" in bench.output


def test_crash_of_python_itself_restarts_it_and_keeps_the_code(open_bench, pages):
    bench = open_bench()
    bench.wait_until_ready()
    bench.start("import ctypes\nctypes.string_at(-1 & 0xFFFFFFFF, 10)\n")
    bench.wait_for_output("restarting")
    assert "string_at" in bench.code
    bench.wait_until_ready()
    bench.run("print('alive')\n")
    assert "alive" in bench.output
    pages.problems.clear()  # Pyodide tells of its end on the browser's console
