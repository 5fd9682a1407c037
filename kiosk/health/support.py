"""The archive that support asks for first: how the kiosk is and how it is set up, and nothing of a person.

It is made of what is clean already (diagnostics, the log's tail) and of the settings without their keys. Records, audit
log and pictures are never opened for it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from kiosk.health.logtail import GAP, without_owner

README: Final = """Phenokiosk: what support needs, and nothing of a person.

diagnostics.json  versions, conditions, board, camera, counts
settings.json     every setting with where it comes from; keys and free text are left out
log.txt           the last lines; what was filled into them is left out, but for numbers and the machine's own errors
"""


def support_archive(
    diagnostics: Mapping[str, Any], settings: Iterable[Mapping[str, Any]], log: Iterable[str], at: datetime
) -> bytes:
    """A ZIP file. settings: rows of the desk as plain values, `hidden` ones by whether they are set. at: now."""
    files = {
        "README.txt": README,
        "diagnostics.json": _json(diagnostics),
        "settings.json": _json([_setting(row) for row in settings]),
        "log.txt": "".join(f"{line}\n" for line in log),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(
                zipfile.ZipInfo(f"phenokiosk-support/{name}", at.timetuple()[:6]), text, zipfile.ZIP_DEFLATED
            )
    return content.getvalue()


def _setting(row: Mapping[str, Any]) -> dict[str, Any]:
    """A setting without what is not for support, and without who owns a folder."""
    value = row["value"]
    if row.get("hidden"):
        value = GAP if value else ""
    told = without_owner(value) if isinstance(value, str) else value
    return {"name": row["name"], "value": told, "source": row["source"]}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
