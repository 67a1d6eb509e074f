"""Which table serves a device: the user's own, the one that is shipped for its class, or the built-in."""

from __future__ import annotations

from dataclasses import dataclass

from ..config import tuner_folder
from ..errors import ArgumentError, FileFormatError
from ..host import HOSTS
from .builtin import BUILTIN_RECORDS
from .caps import DeviceCaps
from .table import TunerTable

BUILTIN = "built-in"


@dataclass(frozen=True)
class Loaded:
    """A table and where it came from: a path, a shipped table's name or "built-in"; ``note`` says why not another."""

    table: TunerTable
    source: str
    note: str = ""


def builtin_table() -> TunerTable:
    """The conservative table that has a choice for every problem."""
    return TunerTable(BUILTIN_RECORDS)


def load_table(caps: DeviceCaps) -> Loaded:
    """The table for a device: of the user's folder, else of those that are shipped, else the built-in with a note.

    Reads at most two files; in the page they are fetched from the site, only when this is called.
    """
    wanted = caps.device_class
    notes = []
    for find in (_own, _shipped):
        try:
            found = find(wanted)
        except (ArgumentError, OSError, UnicodeError) as problem:
            notes.append(f"a table for {wanted} cannot be used: {problem}")
            continue
        if found is None:
            continue
        source, text = found
        loaded = table_for(caps, text, source)
        if not loaded.note:
            return loaded
        notes.append(loaded.note)
    return Loaded(builtin_table(), BUILTIN, "; ".join(notes) or f"there is no tuner table for {wanted}")


def table_for(caps: DeviceCaps, text: str, source: str) -> Loaded:
    """The table in a text if it is one for the device, else the built-in and why."""
    try:
        table = TunerTable.from_json_str(text)
    except FileFormatError as problem:
        return Loaded(builtin_table(), BUILTIN, f"{source} cannot be used: {problem}")
    if table.provenance is not None and caps.device_class not in table.provenance.device_classes:
        made = ", ".join(table.provenance.device_classes)
        return Loaded(builtin_table(), BUILTIN, f"{source} is for {made}, this device is {caps.device_class}")
    return Loaded(table, source)


def _own(wanted: str) -> tuple[str, str] | None:
    """(path, text) of the user's table for a device class."""
    folder = tuner_folder()
    path = folder / f"{wanted}.json" if folder is not None else None
    if path is None or not path.is_file():
        return None
    return str(path), path.read_text(encoding="utf-8")


def _shipped(wanted: str) -> tuple[str, str] | None:
    """(name, text) of the shipped table for a device class."""
    host = HOSTS.current
    return (wanted, host.read_table(wanted)) if wanted in host.table_names() else None
