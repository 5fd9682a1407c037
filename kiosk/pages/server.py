"""The web server: waitress in a thread, with a clean end.

waitress's own `run` knows no way to end from another thread but to close its sockets under its feet; here its loop
turns a bit at a time and looks whether it shall end.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable
from typing import Any

from firmware.errors import PortInUseError

THREADS = 8
"""Requests wait for something new, two at a time for each page that is open."""
_TURN_S = 0.2


class WebServer:
    """Holds its port from construction on; serves an application between `start` and `stop`."""

    def __init__(self, host: str, port: int) -> None:
        from waitress import wasyncore
        from waitress.server import create_server

        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests that wait are no news
        self._loop: Callable[..., None] = wasyncore.loop
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(_nothing_yet, map=self._sockets, host=host, port=port, threads=THREADS)
        except OSError as error:
            self._close_sockets()
            taken = error.errno == errno.EADDRINUSE
            raise PortInUseError(f"port {port} of {host} {'is in use' if taken else 'cannot be used'}") from error
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """The TCP port, also when 0 was asked for."""
        return int(self._server.effective_port)

    def start(self, application: Callable[..., Any]) -> None:
        """Serve a WSGI application."""
        self._server.application = application
        self._thread.start()

    def stop(self) -> None:
        """End the thread and give the port back; may be called without `start`."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._server.pull_trigger()
            self._thread.join(5)
        self._server.task_dispatcher.shutdown()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for socket in list(self._sockets.values()):
            socket.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._loop(timeout=_TURN_S, map=self._sockets, count=1)


def _nothing_yet(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []
