"""The badge tells the truth about the device, and a lost one is no dead end."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.conftest import BOOT_MILLISECONDS, Workbench


def test_badge_names_the_adapter_and_says_software(bench):
    badge = bench.page.locator(".badge-text")
    expect(badge).to_contain_text("swiftshader")
    expect(badge).to_contain_text("(software)")


def test_parameters_are_counted(bench):
    bench.run("from spiraltorch_web import live, nn\nlive.watch(nn.Linear(784, 10))\n")
    expect(bench.page.locator(".status-parameters")).to_have_text("7,850 parameters")


def test_page_without_a_gpu_says_why_and_still_runs_python(plain_page, site_server):
    bench = Workbench(plain_page(site_server.address, viewport={"width": 1400, "height": 900}))
    bench.wait_until_ready()
    expect(bench.page.locator(".badge-text")).to_have_text("No device")
    bench.page.get_by_label("Device: No device").click()
    expect(bench.page.locator(".badge-facts")).to_contain_text("WebGPU")
    assert bench.status.startswith("There is nothing to compute on.")
    bench.run("print(6 * 7)\n")
    assert bench.output.strip() == "42"
    bench.run("import spiraltorch_web as st\nprint(st.ones(3).sum().item())\n")
    assert "NoDeviceError" in bench.output and 'File "main.py", line 2' in bench.output


def test_page_without_a_gpu_computes_on_the_cpu_where_numpy_is_hosted(plain_page, cpu_site_server):
    bench = Workbench(plain_page(cpu_site_server.address, viewport={"width": 1400, "height": 900}))
    bench.wait_until_ready()
    expect(bench.page.locator(".badge-text")).to_have_text("CPU")
    bench.run("import spiraltorch_web as st\nprint(st.ones(3).sum().item())\n")
    assert "3.0" in bench.output


def test_lost_device_offers_a_restart_that_works(open_bench):
    bench = open_bench()
    bench.wait_until_ready()
    bench.run("import js\njs.spiraltorchExecutor.current.device.destroy()\nimport time\ntime.sleep(0.2)\n")
    expect(bench.page.locator(".badge-text")).to_have_text("Graphics device lost")
    expect(bench.page.locator(".status-label")).to_contain_text("Your code is kept")
    bench.page.locator(".region-status").get_by_role("button", name="Restart Python").click()
    expect(bench.page.locator(".badge-text")).to_contain_text("swiftshader", timeout=BOOT_MILLISECONDS)
    bench.wait_until_ready()
    bench.run("import spiraltorch_web as st\nprint(st.ones(3).sum().item())\n")
    assert "3.0" in bench.output


def test_device_chosen_in_the_menu_takes_a_new_worker(open_bench):
    bench = open_bench()
    bench.wait_until_ready()
    bench.page.get_by_label("Settings").click()
    bench.page.get_by_role("combobox", name="Device").select_option("cpu")
    expect(bench.page.locator(".badge-text")).to_have_text("No device", timeout=BOOT_MILLISECONDS)
    assert "device=cpu" in bench.page.url
