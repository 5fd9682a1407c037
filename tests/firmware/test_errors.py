"""The tree of errors: what the screen, the log and the README rely on."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import firmware
import kiosk
from firmware.errors import KioskError, all_errors

ELSEWHERE = ("tools.",)
"""The workshop's errors live with the workshop: a device never raises them."""


def device_errors() -> list[type[KioskError]]:
    return [error for error in all_errors() if not error.__module__.startswith(ELSEWHERE)]


def test_no_error_is_missed_by_the_table_because_it_hides_in_a_module() -> None:
    for package in (firmware, kiosk):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", "_io")):  # *_io need the libraries of one machine
                importlib.import_module(module.name)
    assert {error.__module__.rpartition(".")[0] for error in device_errors()} == {"firmware.errors"}


def test_code_on_the_screen_names_one_error() -> None:
    codes = [error.code for error in device_errors()]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("error", device_errors(), ids=lambda error: error.__name__)
def test_error_says_what_to_do_in_one_line(error: type[KioskError]) -> None:
    assert re.fullmatch(r"[A-Z]{3}-\d\d", error.code)
    line = str(error("the thing is broken."))
    assert line == f"{error.code} the thing is broken. {error.remedy}"
    assert line.endswith(".") and "\n" not in line
    assert error.__doc__


def test_question_in_an_error_is_not_followed_by_a_full_stop() -> None:
    assert str(KioskError("there is no idel; did you mean idle?", "Try.")).endswith("did you mean idle? Try.")
