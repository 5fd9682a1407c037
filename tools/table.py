"""A CSV table as rows, or one line that says what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from tools.errors import DataAbsentError, TableError


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str | None]]:
    """The rows by column name. DataAbsentError without the file; TableError for no UTF-8, no CSV, a column missing."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise DataAbsentError(f"there is no table {path}") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is no UTF-8 text") from error
    reader = csv.DictReader(text.splitlines())
    try:
        lacking = [name for name in needed if name not in (reader.fieldnames or ())]
        rows = list(reader)
    except csv.Error as error:
        raise TableError(f"{path} line {reader.line_num + 1}: {error}") from error
    if lacking:
        raise TableError(f"{path} lacks the column {', '.join(lacking)}")
    return rows
