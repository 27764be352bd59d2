"""What was computed last and will be asked for again, kept up to a limit of its size; threads may share it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, the least recently used of which go when their sizes add up to more than ``limit`` (the newest stays)."""

    def __init__(self, limit: float, size: Callable[[T], float] = lambda value: 1) -> None:
        self.limit, self.size = limit, size
        self._values: dict[Hashable, T] = {}
        self._total = 0.0
        self._turn = Lock()  # never held while something is made

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key``, made if it is not there. Two threads that ask at once may both make it."""
        with self._turn:
            if key in self._values:
                self._values[key] = self._values.pop(key)
                return self._values[key]
        value = make()
        with self._turn:
            self._total += self.size(value) - (self.size(self._values.pop(key)) if key in self._values else 0)
            self._values[key] = value
            while self._total > self.limit and len(self._values) > 1:
                self._total -= self.size(self._values.pop(next(iter(self._values))))
        return value

    def __len__(self) -> int:
        return len(self._values)
