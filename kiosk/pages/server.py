"""The web server: waitress in a thread, with a clean end.

waitress's own `run` knows no way to end from another thread but to close its sockets under its feet; here its loop
turns a bit at a time and looks whether it shall end. It also bounds what a request may weigh before anybody has looked
at it: waitress would put a body of a gigabyte on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

from firmware.errors import PortInUseError
from firmware.runtime.worker import OnFailure, Worker

THREADS = 16
"""Requests wait for something new, two at a time for each page that is open."""
LIMITS: Final[Mapping[str, int]] = {
    "max_request_header_size": 16 * 1024,
    "max_request_body_size": 64 * 1024,
    "connection_limit": 64,
    "channel_timeout": 30,
}
"""Bytes, bytes, connections, seconds; each route's own limit of its body is lower, see `guard`."""
UNIX: Final = "unix:"
_TURN_S = 0.2


class WebServer:
    """Holds its address from construction on; serves an application between `start` and `stop`.

    host: 127.0.0.1, or unix:/path for a socket that only the own user may use. worker: the thread that serves, for
    those who watch over threads. Raises PortInUseError when the address is taken.
    """

    def __init__(self, host: str, port: int, on_failure: OnFailure) -> None:
        from waitress import wasyncore
        from waitress.server import create_server

        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests that wait are no news
        self._loop: Callable[..., None] = wasyncore.loop
        self._sockets: dict[int, Any] = {}
        try:
            where = _where(host, port)
            self._server = create_server(
                _nothing_yet, map=self._sockets, threads=THREADS, ident=None, **where, **LIMITS
            )
        except OSError as error:
            self._close_sockets()
            taken = error.errno == errno.EADDRINUSE
            name = host if host.startswith(UNIX) else f"port {port} of {host}"
            raise PortInUseError(f"{name} {'is in use' if taken else 'cannot be used'}") from error
        self.worker = Worker("web", self._turn, on_failure)
        self._host = host

    @property
    def port(self) -> int:
        """The TCP port, also when 0 was asked for."""
        return int(self._server.effective_port)

    @property
    def address(self) -> str:
        """Where the page is, for people."""
        return self._host if self._host.startswith(UNIX) else f"http://{self._host}:{self.port}/"

    def start(self, application: Callable[..., Any]) -> None:
        """Serve a WSGI application."""
        self._server.application = application
        self.worker.start()

    def stop(self) -> None:
        """End the thread and give the port back; may be called without `start`."""
        if self.worker.alive:
            self.worker.stopping.set()
            self._server.pull_trigger()
            self.worker.join(5)
        self._server.task_dispatcher.shutdown()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for each in list(self._sockets.values()):
            each.close()

    def _turn(self) -> None:
        self._loop(timeout=_TURN_S, map=self._sockets, count=1)


def _where(host: str, port: int) -> dict[str, Any]:
    """waitress's words for an address. Raises OSError when somebody listens at the socket: waitress would take it."""
    if not host.startswith(UNIX):
        return {"host": host, "port": port}
    path = host.removeprefix(UNIX)
    with socket.socket(socket.AF_UNIX) as caller, contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        caller.connect(path)
        raise OSError(errno.EADDRINUSE, "somebody listens")
    return {"unix_socket": path, "unix_socket_perms": "600"}


def _nothing_yet(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []
