"""Reading a publication from a web server in the same building; nothing of it is believed, as with a stick.

The kiosk's own unit reaches no network, so this is for whoever is logged in to the device: `python -m firmware.bundle
import http://depot/stock`. No proxy, no redirect to another place, a limit on how long nothing may come; lengths are
limited by who reads.
"""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import quote

from firmware.bundle.source import CHUNK_BYTES, AbsentError, names_of
from firmware.errors import PublicationLostError

SILENCE_S: Final = 20.0
IN_ALL_S: Final = 900.0
"""An import keeps others out, so a server that drips does not keep it for ever."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A server that sends elsewhere is not the one that was named."""

    def redirect_request(self, *_: Any) -> None:
        """Refuse."""


class WebSource:
    """A publication's folder on a server. url: http:// or https://, of the folder that holds `metadata`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._until = time.monotonic() + IN_ALL_S
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def __enter__(self) -> WebSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Every file has its own connection, and none is left open."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file piece by piece. Raises AbsentError or PublicationLostError."""
        url = f"{self._url}/{'/'.join(quote(name) for name in names_of(path))}"
        with self._reading(path), self._opener.open(url, timeout=SILENCE_S) as answer:
            while chunk := answer.read1(CHUNK_BYTES):
                if time.monotonic() > self._until:
                    raise TimeoutError("it takes too long")
                yield chunk

    @contextlib.contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in {404, 410}:
                raise AbsentError(path) from error
            raise PublicationLostError(f"{self._url}/{path}: the server says {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise PublicationLostError(f"{self._url}/{path} cannot be read ({error})") from error
