"""docs/security.md promises nothing without a test: every test that it names is there."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY

NOTES = REPOSITORY / "docs" / "security.md"


def test_every_test_that_is_named_exists() -> None:
    tests = {path.name: path.read_text(encoding="utf-8") for path in (REPOSITORY / "tests").rglob("test_*.py")}
    named = re.findall(r"`(?:tests/\S*/)?(test_\w+)(\.py)?`", NOTES.read_text(encoding="utf-8"))
    assert len(named) > 20
    defined = "\n".join(tests.values())
    missing = [name for name, end in named if not (f"{name}.py" in tests if end else f"def {name}(" in defined)]
    assert missing == []


def test_every_promise_says_how_it_is_shown() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", NOTES.read_text(encoding="utf-8"), re.MULTILINE)
    promises = [shown for promise, shown in rows if promise != "promise" and "|" not in promise]
    assert len(promises) > 15
    assert all("`test_" in shown or "/test_" in shown or shown.startswith("$ ") for shown in promises)
