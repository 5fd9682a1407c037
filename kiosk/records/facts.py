"""Small things that the vault must remember: name -> text. What may change unseen is compared with what was noted."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.records.database import Database


class Facts:
    """The table of facts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str, otherwise: str = "") -> str:
        """What is remembered."""
        found = self._database.rows("SELECT value FROM fact WHERE name = ?", name)
        return str(found[0][0]) if found else otherwise

    def put(self, name: str, value: str) -> None:
        """Remember, durably."""
        self._database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, value)

    def drop(self, name: str) -> None:
        """Forget."""
        self._database.execute("DELETE FROM fact WHERE name = ?", name)

    def changed(self, about: str, values: Mapping[str, str]) -> dict[str, str]:
        """Which of these differ from what was noted the last time; notes them."""
        new = {name: value for name, value in values.items() if self.get(f"{about}.{name}", "\0") != value}
        for name, value in new.items():
            self.put(f"{about}.{name}", value)
        return new
