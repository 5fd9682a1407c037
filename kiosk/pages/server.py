"""The web server: waitress in a thread, with a clean end.

waitress's own `run` knows no way to end from another thread but to close its sockets under its feet; here its loop
turns a bit at a time and looks whether it shall end.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import Any

from firmware.errors import PortInUseError
from firmware.runtime.worker import OnFailure, Worker

THREADS = 16
"""Requests wait for something new, two at a time for each page that is open."""
_TURN_S = 0.2


class WebServer:
    """Holds its port from construction on; serves an application between `start` and `stop`.

    worker: the thread that serves, for those who watch over threads.
    """

    def __init__(self, host: str, port: int, on_failure: OnFailure) -> None:
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
        self.worker = Worker("web", self._turn, on_failure)

    @property
    def port(self) -> int:
        """The TCP port, also when 0 was asked for."""
        return int(self._server.effective_port)

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
        for socket in list(self._sockets.values()):
            socket.close()

    def _turn(self) -> None:
        self._loop(timeout=_TURN_S, map=self._sockets, count=1)


def _nothing_yet(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []
