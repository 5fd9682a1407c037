"""The vault's figures, with few records; `python -m tools.bench_records` takes them with 100,000."""

from __future__ import annotations

from pathlib import Path

from tools.bench_records import bench

TRIES = 3
"""A machine that does something else beside this may be slow once."""


def test_a_commit_with_a_photo_and_every_question_are_quick(tmp_path: Path) -> None:
    """Thrice what is asked for, for a machine that is not the reference or does something else beside."""
    worst = []
    for n in range(TRIES):
        (tmp_path / str(n)).mkdir()
        figures = bench(tmp_path / str(n), records=2000)
        worst.append(figures)
        if figures["commit_500kb_ms"] < 30 and max(figures[name] for name in ("find_ms", "report_ms", "open_ms")) < 300:
            return
    raise AssertionError(worst)
