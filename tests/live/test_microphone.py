"""The microphone where there is none: an error that says what to do; tests/web/test_sound.py has the page's."""

from __future__ import annotations

import pytest

from spiraltorch_web import live
from spiraltorch_web.errors import ArgumentError, NoDeviceError


def test_a_terminal_has_no_microphone():
    with pytest.raises(NoDeviceError, match="record a WAV file and use st.io.load_wav"):
        live.microphone()


@pytest.mark.parametrize("rate", [0, 1e4, 10**6])
def test_rates_that_no_microphone_has(rate):
    with pytest.raises(ArgumentError, match="3,000 to 384,000"):
        live.microphone(rate)
