"""Nothing is lost: code, sizes and settings survive a reload; code from a link waits."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.conftest import ON_SOFTWARE_GPU, eventually


def test_edits_survive_a_reload_at_once(open_bench):
    bench = open_bench()
    bench.type_code("print('kept')\n")
    bench.page.reload()
    bench.wait_until_shell()
    assert bench.code.startswith("print('kept')")
    expect(bench.page.locator(".file-origin")).to_have_text("edited")


def test_each_example_keeps_its_own_draft_and_can_go_back(open_bench):
    bench = open_bench()
    bench.type_code("# mine\n")
    bench.page.get_by_role("button", name="Curve fit").click()
    eventually(lambda: "Curve fit" in bench.code)
    bench.page.get_by_role("button", name="Two spirals").click()
    eventually(lambda: bench.code.startswith("# mine"))
    bench.page.get_by_label("File", exact=True).click()
    bench.button("Back to the example's code").click()
    eventually(lambda: "def spirals(" in bench.code)


def test_panel_sizes_survive_a_reload(open_bench):
    bench = open_bench()
    splitter = bench.page.get_by_role("separator", name="Height of the console")
    splitter.focus()
    for _ in range(3):
        bench.page.keyboard.press("ArrowUp")
    size = splitter.get_attribute("aria-valuenow")
    bench.page.reload()
    bench.wait_until_shell()
    expect(splitter).to_have_attribute("aria-valuenow", size)


def test_code_of_a_link_is_shown_and_not_run(open_bench):
    writer = open_bench()
    writer.type_code("print('from afar')\n")
    link = writer.page.evaluate("""async () => {
      const { encodeCode } = await import(new URL("share.js", location.href).href);
      return encodeCode("print('from afar')\\n");
    }""")
    reader = open_bench(f"{ON_SOFTWARE_GPU}&code={link}")
    reader.wait_until_ready()
    reader.page.wait_for_timeout(500)
    assert reader.output.strip() == ""
    assert reader.code.startswith("print('from afar')")
    expect(reader.page.locator(".editor-notice")).to_contain_text("came from a link")
    reader.button("Run").click()
    reader.wait_for_output("from afar")


def test_damaged_link_says_so_and_shows_the_example(open_bench):
    bench = open_bench(f"{ON_SOFTWARE_GPU}&code=%%%not-a-code")
    assert "def spirals(" in bench.code
    expect(bench.page.locator(".editor-notice")).to_contain_text("The link is damaged")


def test_link_that_unfolds_without_end_is_refused(open_bench):
    bench = open_bench()
    message = bench.page.evaluate("""async () => {
      const { encodeCode, decodeCode } = await import(new URL("share.js", location.href).href);
      return decodeCode(await encodeCode("x".repeat(3_000_000))).then(() => "taken", (error) => error.message);
    }""")
    assert message == "The link holds more than 400,000 characters of code."


def test_settings_follow_the_address_and_the_address_them(open_bench):
    bench = open_bench("#device=webgpu&theme=dark&hidden=nonsense")
    assert bench.page.evaluate("document.documentElement.dataset.theme") == "dark"
    bench.page.get_by_label("Settings").click()
    bench.page.get_by_label("Colours").select_option("light")
    assert bench.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert "theme=light" in bench.page.url and "nonsense" not in bench.page.url


def test_shell_is_there_before_python(open_bench, site_server):
    bench = open_bench()
    assert "import spiraltorch_web" in bench.code
    assert bench.page.locator(".status-label").inner_text().startswith("Loading Python")
    assert bench.page.locator(".first-picture img").evaluate("(image) => image.complete && image.naturalWidth > 0")


def test_edited_code_of_a_link_survives_a_reload(open_bench):
    writer = open_bench()
    link = writer.page.evaluate("""async () => {
      const { encodeCode } = await import(new URL("share.js", location.href).href);
      return encodeCode("print('from afar')\\n");
    }""")
    reader = open_bench(f"{ON_SOFTWARE_GPU}&code={link}")
    assert "code=" not in reader.page.url
    reader.type_code("print('mine now')\n")
    reader.page.reload()
    reader.wait_until_shell()
    assert reader.code.startswith("print('mine now')")
    reader.page.get_by_role("button", name="Two spirals").click()
    eventually(lambda: "def spirals(" in reader.code)


def test_undo_stays_within_an_example(open_bench):
    bench = open_bench()
    bench.page.get_by_role("button", name="Curve fit").click()
    eventually(lambda: "Curve fit" in bench.code)
    bench.page.locator(".cm-content").click()
    bench.page.keyboard.press("Control+z")
    assert "Curve fit" in bench.code


def test_notes_of_a_hidden_tab_do_not_undo_later_edits(open_bench):
    bench = open_bench()
    bench.type_code("# first\n")
    bench.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    bench.type_code("# second\n")
    bench.page.wait_for_timeout(600)
    bench.page.reload()
    bench.wait_until_shell()
    assert bench.code.startswith("# second")
