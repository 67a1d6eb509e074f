"""A dictionary that forgets what was unused the longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """Holds at most ``capacity`` values; ``dropped`` is told of every value that leaves."""

    def __init__(self, capacity: int, dropped: Callable[[Value], None] | None = None) -> None:
        self.capacity = capacity
        self._dropped = dropped
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """The value, now the most recently used, or None."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value and return it."""
        self._values[key] = value
        if len(self._values) > self.capacity:
            _, old = self._values.popitem(last=False)
            self._drop(old)
        return value

    def clear(self) -> None:
        """Forget everything."""
        while self._values:
            _, old = self._values.popitem(last=False)
            self._drop(old)

    def _drop(self, value: Value) -> None:
        if self._dropped is not None:
            self._dropped(value)
