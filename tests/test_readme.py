"""The README's tables are the code's."""

from __future__ import annotations

from pathlib import Path

from tools.readme import README, TABLES, updated


def test_the_tables_are_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in text and f"<!-- end {name} -->" in text for name in TABLES)
    assert text == updated(text), "run: python -m tools.readme"


def test_every_file_it_links_to_is_there() -> None:
    for target in ("systemd/README.md", "docs/screenshots/positioning-1024x600.png"):
        assert target in README.read_text(encoding="utf-8")
        assert (Path(README).parent / target).exists()
