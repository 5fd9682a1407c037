"""The server at a socket of the own user: nobody else gets in, and a second kiosk takes nothing away."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.errors import PortInUseError
from kiosk.pages.server import WebServer
from tests.kiosk.pages.camp import Camp


@pytest.fixture
def at_socket(tmp_path: Path) -> Iterator[Callable[[], WebServer]]:
    servers: list[WebServer] = []

    def begin() -> WebServer:
        servers.append(WebServer(f"unix:{tmp_path}/page", 0, lambda _name, _error: None))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def test_the_page_can_be_served_at_a_socket_of_the_own_user(
    at_socket: Callable[[], WebServer], tmp_path: Path, camp: Camp
) -> None:
    server = at_socket()
    server.start(camp.app())
    assert server.address == f"unix:{tmp_path}/page"
    assert (tmp_path / "page").stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(10)
        caller.connect(str(tmp_path / "page"))
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert caller.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_second_kiosk_does_not_take_the_socket_away(at_socket: Callable[[], WebServer]) -> None:
    server = at_socket()
    server.start(lambda _environ, _start: [])
    with pytest.raises(PortInUseError, match=r"WEB-01 unix:.*is in use"):
        at_socket()


def test_a_socket_that_a_dead_kiosk_left_is_taken_over(at_socket: Callable[[], WebServer], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "page"))
    assert at_socket().address
