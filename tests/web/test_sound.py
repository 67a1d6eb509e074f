"""Sound in the page: files that the user gives, the microphone, and the examples that need them."""

from __future__ import annotations

import math
import re
import struct

from playwright.sync_api import expect

from tests.support.browser import OpenPages, adapter_name, launch
from tests.support.site import PROJECT
from tests.web.conftest import ON_SOFTWARE_GPU, Workbench

TRAINING_SECONDS = 240
# Chromium's stand-ins for hardware: a beep now and then, and a user who allows everything.
FAKE_MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
LISTEN = """
from spiraltorch_web import live
heard = 0
for piece in live.microphone(16000):
    heard += len(piece)
    if max(map(abs, piece)) > 0.02:
        break
print("heard a beep after", heard, "samples")
"""


def tone(rate: int, frequency: float, seconds: float) -> bytes:
    """A 16-bit WAV file."""
    levels = [round(16000 * math.sin(2 * math.pi * frequency * i / rate)) for i in range(int(rate * seconds))]
    content = struct.pack(f"<{len(levels)}h", *levels)
    head = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def give(bench: Workbench, name: str, content: bytes) -> None:
    files = bench.page.get_by_label("Files for the script")
    files.set_input_files({"name": name, "mimeType": "audio/wav", "buffer": content})
    bench.wait_for_output(f'The script can open "{name}"')


def example(name: str, words: str, instead: str) -> str:
    """An example's code with one change."""
    code = (PROJECT.web / "examples" / f"{name}.py").read_text(encoding="utf-8")
    assert words in code
    return code.replace(words, instead)


def test_a_given_file_is_there_for_the_script_and_survives_a_restart(bench):
    give(bench, "tone.wav", tone(8000, 1000, 0.1))
    read = "from spiraltorch_web import io\nprint(io.load_wav('tone.wav').samples.shape)"
    bench.run(read)
    assert "(1, 800)" in bench.output
    bench.page.get_by_label("Device:", exact=False).click()
    bench.page.get_by_role("button", name="Restart Python").click()
    bench.page.keyboard.press("Escape")
    bench.wait_until_ready()
    bench.run(read + "\nprint('again')")
    assert "again" in bench.output and "Error" not in bench.output


def test_the_spectrogram_of_a_file(bench):
    give(bench, "whistle.wav", tone(16000, 3000, 3))
    bench.start(example("spectrogram", 'SOURCE = "chirps"', 'SOURCE = "whistle.wav"'))
    expect(bench.page.locator("canvas[aria-label^='spectrogram']")).to_be_visible(timeout=1000 * TRAINING_SECONDS)
    bench.wait_for_end(TRAINING_SECONDS)
    loudest = float(re.search(r"loudest tone is near (\d+) Hz", bench.output)[1])
    assert abs(loudest - 3000) <= 31.25  # a row of the picture


def test_unreadable_sound_is_named(bench):
    give(bench, "notes.wav", b"no sound at all")
    bench.run("from spiraltorch_web import io\nio.load_wav('notes.wav')")
    assert "FileFormatError: notes.wav: not a WAV file" in bench.output


def test_the_learnt_filter_reaches_wieners_in_the_page(bench):
    bench.run(example("denoising", "default=300", "default=150"), TRAINING_SECONDS)
    before, after, best = map(float, re.findall(r"(-?[\d.]+) dB", bench.output)[-3:])
    assert before < 0 and after > best - 0.2


def test_the_microphone_is_heard_where_it_is_allowed(playwright, site_server):
    browser = launch(playwright, True, *FAKE_MICROPHONE)
    assert adapter_name(browser, site_server.address + "site.json"), "Chromium gave no WebGPU adapter"
    pages = OpenPages(browser)
    try:
        bench = Workbench(pages(site_server.address + ON_SOFTWARE_GPU, permissions=["microphone"]))
        bench.wait_until_ready()
        bench.run(LISTEN)
        heard = int(re.search(r"heard a beep after (\d+) samples", bench.output)[1])
        assert heard % 1024 == 0
        bench.start(LISTEN.replace("> 0.02", "> 2"))  # never that loud
        bench.page.wait_for_timeout(300)
        bench.button("Stop").click()
        bench.wait_for_end()
        assert pages.problems == []
    finally:
        pages.close()
        browser.close()


def test_a_refused_microphone_is_an_error_that_says_why(bench):
    bench.run(LISTEN)
    assert re.search(
        r"NoDeviceError: the microphone cannot be used: (this machine has none|.*did not allow it)", bench.output
    )
