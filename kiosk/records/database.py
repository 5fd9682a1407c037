"""One SQLCipher file with one writer: transactions, errors with a code, and healing after a failed write.

Rules: WAL with synchronous=FULL loses no acknowledged commit when the power goes (measured). Every commit is brought
into the file before it is acknowledged: in the log a flipped bit looks like a commit that the power has cut, and SQLite
drops it and all that follow without a word, while each page of the file has a MAC. So the log never holds more than
one transaction. secure_delete and a truncated log leave nothing of what was erased. The file is locked exclusively,
which also spares the shared-memory file that a full disk would turn into a crash. After a failed write the file is
opened anew, since what the page cache says then is not what the disk holds. A file that is gone is never made anew by
opening it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from sqlcipher3 import dbapi2 as sqlite

from firmware.errors import DiskFullError, RecordError, VaultBusyError, VaultDamagedError, VaultNewerError
from firmware.errors import VaultUnwritableError as Unwritable

PAGE_BYTES: Final = 16384
SETUP: Final = (
    "PRAGMA cipher_log_level = NONE",
    "PRAGMA key = \"x'{key}'\"",
    f"PRAGMA cipher_page_size = {PAGE_BYTES}",  # a photo is 30 pages then: half the time of the default
    "PRAGMA cipher_hmac_algorithm = HMAC_SHA256",  # processors have it built in; a tenth of a commit's time
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
_log = logging.getLogger(__name__)


class Database:
    """The file, opened and brought up to date. Safe for any number of threads; they wait for each other."""

    def __init__(self, path: Path, key: bytes, *, make: bool = False) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}"
        self._key = key
        self._lock = threading.RLock()
        self._depth = 0
        self._behind = True
        self._closed = False
        self._connection: Any = None
        with self._lock, _named():
            self._open()

    @property
    def behind(self) -> bool:
        """Whether the log may hold what the file does not: the disk has refused it. Nothing is written until it has."""
        return self._behind

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable once it is left; one inside another belongs to the outer one."""
        with self._lock:
            if self._depth:
                yield
                return
            with _named(), self._healing():
                if self._behind:
                    self._checkpoint("TRUNCATE")
                self._connection.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield
                    self._connection.execute("COMMIT")
                finally:
                    self._depth -= 1
            self._follow()

    def execute(self, sql: str, *values: object) -> int:
        """Change something inside a transaction; returns the row id of an INSERT."""
        with self.transaction():
            return int(self._connection.execute(sql, values).lastrowid or 0)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask something."""
        with self._lock, _named():
            self._reopen()
            return list(self._connection.execute(sql, values).fetchall())

    def spare_bytes(self) -> int:
        """What the file has room for before it grows: pages of what was erased are written again."""
        ((pages,),) = self.rows("PRAGMA freelist_count")
        return int(pages) * PAGE_BYTES

    def truncate_log(self) -> None:
        """Bring everything from the WAL into the file and empty it. Raises RecordError when it could not be done."""
        with self._lock, _named(), self._healing():
            self._checkpoint("TRUNCATE")

    def close(self) -> None:
        """Give the file back, for good: another process may have it from now on."""
        with self._lock:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite.Error):
                connection.close()

    def _follow(self) -> None:
        """Bring the commit into the file. It is durable in the log, so a disk that refuses makes it no failure."""
        self._behind = True
        try:
            self._checkpoint("RESTART")  # the log's file is kept, which spares a quarter of a commit's time
        except (sqlite.Error, VaultBusyError) as error:
            _log.error("a commit lies in the log alone: %s", error)
            self._drop()

    def _checkpoint(self, how: str) -> None:
        busy, *_ = self._connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        if busy:
            raise VaultBusyError("the records' log cannot be emptied now")
        self._behind = False

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
                self._drop()
            raise

    def _reopen(self) -> None:
        if self._closed:
            raise RecordError("the records were closed")
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
        self._connection, self._behind = connection, True


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
