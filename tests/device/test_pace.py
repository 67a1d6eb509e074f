"""How many submissions a native device keeps in flight."""

from __future__ import annotations

from spiraltorch_web.device.pace import SUBMITS_IN_FLIGHT, Pace


def test_a_fast_queue_grows_long_until_an_unknown_program_comes():
    waits: list[int] = []
    pace = Pace(waits.append)

    def waits_during(submissions: int) -> int:
        pace.drained()
        waits.clear()
        for submission in range(submissions):
            pace.submitted(submission)
        return len(waits)

    assert waits_during(SUBMITS_IN_FLIGHT + 1) == 1
    assert waits_during(1000)
    assert waits_during(SUBMITS_IN_FLIGHT + 1) == 0
    pace.restart()
    assert waits_during(SUBMITS_IN_FLIGHT + 1) == 1
