"""One SQLCipher file with one writer: transactions, errors with a code, and healing after a failed write.

Rules: WAL with synchronous=FULL loses no acknowledged commit when the power goes (measured); secure_delete and a
truncated WAL leave nothing of what was erased. The file is locked exclusively, which also spares the shared-memory file
that a full disk would turn into a crash. After a failed write the file is opened anew, since what the page cache says
then is not what the disk holds. A file that is gone is never made anew by opening it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from sqlcipher3 import dbapi2 as sqlite

from firmware.errors import DiskFullError, RecordError, VaultBusyError, VaultDamagedError, VaultNewerError
from firmware.errors import VaultUnwritableError as Unwritable

SETUP: Final = (
    "PRAGMA cipher_log_level = NONE",
    "PRAGMA key = \"x'{key}'\"",
    "PRAGMA cipher_page_size = 16384",  # a photo is 30 pages then: half the time of the default
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)
ERRORS: Final[Mapping[str, tuple[type[RecordError], str]]] = {
    "SQLITE_FULL": (DiskFullError, "the disk is full"),
    "SQLITE_BUSY": (VaultBusyError, "another process has the records open"),
    "SQLITE_READONLY": (Unwritable, "the disk is read-only"),
    "SQLITE_IOERR": (Unwritable, "the disk fails"),
    "SQLITE_CANTOPEN": (Unwritable, "the records' file cannot be opened"),
    "SQLITE_PERM": (Unwritable, "the records' file may not be opened"),
    "SQLITE_CORRUPT": (VaultDamagedError, "the records' file is damaged"),
    "SQLITE_NOTADB": (VaultDamagedError, "the records' file is damaged at its beginning"),
}
"""SQLite's name of an error, without its extension -> what it is here."""


class Database:
    """The file, opened and brought up to date. Safe for any number of threads; they wait for each other."""

    def __init__(self, path: Path, key: bytes, *, make: bool = False) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}"
        self._key = key
        self._lock = threading.RLock()
        self._depth = 0
        self._connection: Any = None
        with self._lock, _named():
            self._open()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable once it is left; one inside another belongs to the outer one."""
        with self._lock:
            if self._depth:
                yield
                return
            with _named(), self._healing():
                self._connection.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield
                    self._connection.execute("COMMIT")
                finally:
                    self._depth -= 1

    def execute(self, sql: str, *values: object) -> int:
        """Change something inside a transaction; returns the row id of an INSERT."""
        with self.transaction():
            return int(self._connection.execute(sql, values).lastrowid or 0)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask something."""
        with self._lock, _named():
            self._reopen()
            return list(self._connection.execute(sql, values).fetchall())

    def truncate_log(self) -> None:
        """Bring everything from the WAL into the file and empty it. Raises RecordError when it could not be done."""
        with self._lock, _named(), self._healing():
            busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise VaultBusyError("the records' log cannot be emptied now")

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                with contextlib.suppress(sqlite.Error):
                    connection.close()

    @contextlib.contextmanager
    def _healing(self) -> Iterator[None]:
        """Open anew what an earlier failure has closed; take back what fails now, and close when SQLite failed."""
        self._reopen()
        try:
            yield
        except BaseException as error:
            with contextlib.suppress(sqlite.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite.Error | RecordError):
                self.close()
            raise

    def _reopen(self) -> None:
        if self._connection is None:
            self._open()

    def _open(self) -> None:
        options = {"uri": True, "check_same_thread": False, "timeout": 1}
        connection = sqlite.connect(self._uri, isolation_level=None, **options)  # this class says what a transaction is
        try:
            for line in SETUP:
                connection.execute(line.format(key=self._key.hex())).fetchall()
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection


def _migrate(connection: Any) -> None:
    """Bring the schema up to date, one numbered file after the other, each all or nothing."""
    steps = sorted((f for f in _schema().iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise VaultNewerError(f"the records are of version {version}, this kiosk knows {len(steps)}")
    for number, step in enumerate(steps[version:], version + 1):
        sql = step.read_text(encoding="utf-8")
        connection.executescript(f"BEGIN IMMEDIATE; {sql} PRAGMA user_version = {number}; COMMIT;")


def _schema() -> Any:
    return resources.files("kiosk.records") / "schema"


@contextlib.contextmanager
def _named() -> Iterator[None]:
    """SQLite's errors as ours; what a statement does wrong stays SQLite's, since it is our mistake."""
    try:
        yield
    except sqlite.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        for begins, (kind, what) in ERRORS.items():
            if name.startswith(begins):
                raise kind(f"{what} ({name})") from error
        raise
