"""The service's memory comes from few places."""

from __future__ import annotations

import platform

from kiosk.memory import few_arenas


def test_the_c_library_takes_the_wish() -> None:
    assert few_arenas() is (platform.libc_ver()[0] == "glibc")
