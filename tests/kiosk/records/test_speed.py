"""The vault's figures, with few records; `python -m tools.bench_records` takes them with 100,000."""

from __future__ import annotations

from pathlib import Path

from tools.bench_records import bench


def test_a_commit_with_a_photo_and_every_question_are_quick(tmp_path: Path) -> None:
    """Twice what is asked for, since other tests run beside this one."""
    figures = bench(tmp_path, records=2000)
    assert figures["commit_500kb_ms"] < 20
    assert max(figures["find_ms"], figures["report_ms"], figures["open_ms"]) < 200
