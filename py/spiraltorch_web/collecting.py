"""Python's cyclic garbage collector, kept out of short work that must answer in time."""

from __future__ import annotations

import gc


class PostponedCollection:
    """Do short work that makes many objects without the collections that these set off; they come right after it.

    A full collection looks at every object of the process, 25 to 45 ms with the library loaded (x86 core, 2026-11),
    and may fall into any work, however short. In syntax trees, choices and predictions it has nothing to find: they
    are free of cycles, so what is needed no more is given back at once.

    The switch is the process's. Where it is off already nothing changes, so uses may be inside of each other. With
    several threads the first to be done turns it on again for all, and the others only lose the favour; their own
    cycles wait as long as the work takes.
    """

    # Not contextlib's: leaving a generator makes an object, which would set off what is due while still inside.
    __slots__ = ("_was_on",)

    def __enter__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._was_on:
            gc.enable()
