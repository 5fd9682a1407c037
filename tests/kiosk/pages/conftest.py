"""A device for each test, and somebody at its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.face.mesh import MediaPipeMesher
from kiosk.roles import Role
from tests.kiosk.pages.browser import Browser
from tests.kiosk.pages.camp import Camp

OpenCamp = Callable[..., Camp]


@pytest.fixture
def open_camp(tmp_path: Path, mesher: MediaPipeMesher) -> Iterator[OpenCamp]:
    """Opens a device with other settings and another policy; it closes with the test."""
    camps: list[Camp] = []

    def begin(policy: dict[str, Any] | None = None, **settings: str) -> Camp:
        (state := tmp_path / f"state{len(camps)}").mkdir()
        camps.append(Camp(state, mesher, policy or {}, **settings))
        return camps[-1]

    yield begin
    for camp in camps:
        camp.close()


@pytest.fixture
def camp(open_camp: OpenCamp) -> Camp:
    """A device on which each role has its PIN."""
    found = open_camp()
    found.set_pins()
    return found


@pytest.fixture
def come(camp: Camp) -> Callable[[Role], Browser]:
    """Somebody comes to its page and gives the PIN of a role."""
    url = camp.serve()

    def arrive(role: Role) -> Browser:
        browser = Browser(url)
        assert role is Role.ANYONE or browser.unlock(role).status == 200
        return browser

    return arrive
