"""The device's own memory of its bundles: a small SQLite database that a pulled plug leaves old or new.

One transaction holds what belongs together: which slot runs, what of the signers' metadata was accepted (so that an
older publication is refused for ever, which no cache of an update library guarantees), and what the audit log is to
hear of it. The kiosk and an import are different processes; whoever changes something holds the database meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from firmware.bundle.selection import Selection, Slot
from firmware.durable import make_folder_durably, sync_folder
from firmware.errors import KioskError, StateError

NAME: Final = "state.db"
NEVER: Final = datetime.min.replace(tzinfo=UTC)
WAIT_S: Final = 10.0
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS trusted (anchor TEXT, name TEXT, content BLOB NOT NULL, PRIMARY KEY (anchor, name)) STRICT;
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL) STRICT;
"""
# EXTRA syncs the folder after the journal has gone, too: else a committed change could be undone by a cut.
SETUP: Final = ("PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA", "PRAGMA foreign_keys = ON")
_DAMAGED: Final = ("malformed", "not a database", "disk image")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the audit log has not heard of yet. at: ISO 8601, by the clock of that process."""

    seq: int
    at: str
    what: Mapping[str, str]


@dataclass
class Draft:
    """A change under way: all of it becomes durable when the `with` ends, or nothing."""

    selection: Selection
    connection: sqlite3.Connection
    now: datetime

    def note(self, **what: str) -> None:
        """Something for the audit log."""
        plain = {name: value.encode(errors="backslashreplace").decode() for name, value in what.items()}
        event = self.now.isoformat(timespec="seconds"), json.dumps(plain)
        self.connection.execute("INSERT INTO events (at, what) VALUES (?, ?)", event)
        _put(self.connection, "last", json.dumps(event))

    def trust(self, anchor: str, files: Mapping[str, bytes], published: datetime) -> None:
        """Remember what the signers have said last. published: when, as they have signed."""
        self.connection.execute("DELETE FROM trusted WHERE anchor = ?", (anchor,))
        self.connection.executemany(
            "INSERT INTO trusted VALUES (?, ?, ?)", [(anchor, name, content) for name, content in files.items()]
        )
        latest = max(published, _seen(self.connection))
        _put(self.connection, "seen", latest.isoformat())

    def forget_events(self, last: int) -> None:
        """The audit log has heard of all up to this one."""
        self.connection.execute("DELETE FROM events WHERE seq <= ?", (last,))


class State:
    """The database in the folder of the slots. A connection lives for one question or one change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / NAME

    @property
    def exists(self) -> bool:
        """Whether there ever was a bundle here."""
        return self._path.exists()

    def read(self) -> Selection:
        """What is where; nothing on a device that never had a bundle, which is left as it is. Raises StateError."""
        if not self.exists:
            return Selection()
        with self._open() as connection:
            return _selection(connection)

    def check(self) -> None:
        """Look through all of it. Raises StateError."""
        with self._open() as connection:
            if (found := connection.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
                raise StateError(f"{self._path} is malformed ({found})")
            _selection(connection)

    def trusted(self, anchor: str, root: bytes) -> dict[str, bytes]:
        """The metadata that was accepted last under an anchor, or under one whose chain holds this root.

        File name -> content.
        """
        if not self.exists:
            return {}
        of = "SELECT name, content FROM trusted WHERE anchor = ?"
        with self._open() as connection:
            if found := dict(connection.execute(of, (anchor,))):
                return found
            row = connection.execute("SELECT anchor FROM trusted WHERE content = ? LIMIT 1", (root,)).fetchone()
            return dict(connection.execute(of, row)) if row else {}

    @property
    def seen(self) -> datetime:
        """The latest date that a signature vouches for."""
        if not self.exists:
            return NEVER
        with self._open() as connection:
            return _seen(connection)

    def last(self) -> Event | None:
        """What happened last, whoever has heard of it."""
        with self._open() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = 'last'").fetchone()
        at, what = json.loads(row[0]) if row else ("", "{}")
        return Event(0, at, json.loads(what)) if at else None

    def events(self) -> tuple[Event, ...]:
        """What the audit log has not heard of."""
        with self._open() as connection:
            rows = connection.execute("SELECT seq, at, what FROM events ORDER BY seq").fetchall()
        return tuple(Event(seq, at, json.loads(what)) for seq, at, what in rows)

    @contextlib.contextmanager
    def changing(self, now: datetime) -> Iterator[Draft]:
        """Change something: what the block leaves in the draft is durable after it. Raises StateError."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            draft = Draft(_selection(connection), connection, now)
            try:
                yield draft
                _put(connection, "selection", json.dumps(asdict(draft.selection)))
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def set_aside(self) -> None:
        """A database that is damaged makes place for a new one; its bytes stay for whoever wants to know why."""
        with _as_state_error(self._path):
            self._path.replace(self._path.with_suffix(".damaged"))
            sync_folder(self.folder)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with _as_state_error(self._path):
            make_folder_durably(self.folder)
            fresh = not self._path.exists()
            connection = sqlite3.connect(self._path, timeout=WAIT_S, isolation_level=None)
            try:
                for line in SETUP:
                    connection.execute(line)
                connection.executescript(SCHEMA)
                if fresh:
                    sync_folder(self.folder)
                yield connection
            finally:
                connection.close()


def is_damage(error: StateError) -> bool:
    """Whether the database itself is broken, rather than the disk full or the folder closed."""
    return any(word in str(error) for word in _DAMAGED)


@contextlib.contextmanager
def _as_state_error(path: Path) -> Iterator[None]:
    try:
        yield
    except KioskError:  # some of which are builtins, too
        raise
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror})") from error
    except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path} cannot be used ({error})") from error


def _selection(connection: sqlite3.Connection) -> Selection:
    row = connection.execute("SELECT value FROM facts WHERE name = 'selection'").fetchone()
    if row is None:
        return Selection()
    try:
        said: dict[str, Any] = json.loads(row[0])
        slots = {letter: Slot(**_known(Slot, slot)) for letter, slot in said["slots"].items()}
        return Selection(**{**_known(Selection, said), "slots": slots, "failed": tuple(said["failed"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"the selection of slots is malformed ({error})") from error


def _known(kind: type[Slot] | type[Selection], said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that this software knows; newer software may have written more."""
    return {name: value for name, value in said.items() if name in kind.__slots__}


def _seen(connection: sqlite3.Connection) -> datetime:
    row = connection.execute("SELECT value FROM facts WHERE name = 'seen'").fetchone()
    return datetime.fromisoformat(row[0]) if row else NEVER


def _put(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
