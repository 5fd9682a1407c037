"""What the renderer wrote down of its photos: metadata.jsonl beside labels.csv, a line a photo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tools.errors import TableError

TABLE: Final = "metadata.jsonl"


def known_photos(folder: Path) -> Iterator[dict[str, Any]]:
    """What is known of each photo of a folder; `image_id` is text. TableError for a damaged table, and without one."""
    path = folder / TABLE
    try:
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            yield {**line, "image_id": str(line["image_id"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path} does not say what its photos show: {error}") from error
