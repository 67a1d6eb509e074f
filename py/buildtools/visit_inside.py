"""Run by bytecode.mjs and snapshot.mjs inside Pyodide: imports what a visit to the page imports."""

import importlib

# The page's bridge, and what its examples and a first training step import.
VISIT = (
    "argparse",
    "importlib.metadata",
    "importlib.readers",
    "importlib.resources._adapters",
    "importlib.resources.readers",
    "random",
    "spiraltorch_web.bridge",
    "spiraltorch_web.compiled",
    "spiraltorch_web.compiler.build",
    "spiraltorch_web.data",
    "spiraltorch_web.device.browser_open",
    "spiraltorch_web.live",
    "spiraltorch_web.nn",
    "spiraltorch_web.optim",
)
# What Pyodide imports to load a wheel.
LOADING = ("tarfile",)


def import_all(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)
