"""docs/security.md promises nothing without a test: every test that it names is there."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY

NOTES = REPOSITORY / "docs" / "security.md"


def test_every_test_that_is_named_exists() -> None:
    tests = list((REPOSITORY / "tests").rglob("test_*.py"))
    files, defined = {path.name for path in tests}, "\n".join(path.read_text(encoding="utf-8") for path in tests)
    named = re.findall(r"`(?:tests/\S*/)?(test_\w+)(\.py)?`", NOTES.read_text(encoding="utf-8"))
    assert len(named) > 20
    missing = [name for name, end in named if not (f"{name}.py" in files if end else f"def {name}(" in defined)]
    assert missing == []


def test_every_promise_says_how_it_is_shown() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", NOTES.read_text(encoding="utf-8"), re.MULTILINE)
    promises = [shown for promise, shown in rows if promise != "promise" and "|" not in promise]
    assert len(promises) > 15
    assert all("`test_" in shown or "/test_" in shown or shown.startswith("$ ") for shown in promises)
