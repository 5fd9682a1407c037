"""What a day costs: memory of the program and of its page, and how long the page was busy at a stretch."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

WATCH: Final = """
window.busyMs = [];
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.busyMs.push(entry.duration); })
  .observe({ type: "longtask", buffered: true });
"""
"""Notes every stretch of more than 50 ms in which the page answered nobody (the Long Tasks API)."""
KIB: Final = 1024


@dataclass
class Costs:
    """Samples after each subject. MiB, and seconds from next to the answer."""

    server_mib: list[float] = field(default_factory=list)
    page_mib: list[float] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    answer_s: list[float] = field(default_factory=list)


def server_mib(pid: int) -> float:
    """Memory that only this process has: what it would give back."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / KIB


class Tab:
    """The page's own memory, asked of Chromium after it has collected its garbage."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Performance.enable")

    def measure(self) -> tuple[float, int]:
        """MiB of its heap, and nodes of its document."""
        self._devtools.send("HeapProfiler.collectGarbage")
        rows = self._devtools.send("Performance.getMetrics")["metrics"]
        found = {row["name"]: row["value"] for row in rows}
        return found["JSHeapUsedSize"] / KIB**2, int(found["Nodes"])

    def forget(self) -> None:
        """The page is loaded: from now on it has to answer at once."""
        self._page.evaluate("window.busyMs = []")

    def busy_ms(self) -> list[float]:
        """Stretches of more than 50 ms without an answer, since `forget`."""
        return [float(ms) for ms in self._page.evaluate("window.busyMs")]


def growth(samples: Sequence[float], first: int, around: int = 5) -> float:
    """By which share the last samples exceed those around number `first`, medians of a few each."""
    before = statistics.median(samples[max(first - around, 0) : first])
    return statistics.median(samples[-around:]) / before - 1
