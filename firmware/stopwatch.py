"""How long each stage took, in milliseconds; part of every result's provenance."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from firmware.clock import Clock


class Stopwatch:
    """Adds up durations by stage name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ms: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside to this stage."""
        start_ns = self._clock.monotonic_ns()
        try:
            yield
        finally:
            self._ms[name] = self._ms.get(name, 0.0) + (self._clock.monotonic_ns() - start_ns) / 1e6

    def timing_ms(self) -> dict[str, float]:
        """Milliseconds by stage, and their `total`."""
        return {name: round(ms, 3) for name, ms in {**self._ms, "total": sum(self._ms.values())}.items()}
