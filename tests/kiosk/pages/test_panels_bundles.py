"""The engineer's panel of model bundles: what runs, what is on trial, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kiosk.roles import Role
from tests.kiosk.pages.browser import Browser, said, wrong
from tests.kiosk.pages.camp import Camp
from tests.publishing import PHANTOM, SHIPPED, commit, flash

Come = Callable[[Role], Browser]


def test_panel_shows_what_runs_and_what_is_on_trial(camp: Camp, come: Come, tmp_path: Path) -> None:
    flash(camp.updates.slots, tmp_path, "2.0.0", epoch=3)
    engineer: Browser = come(Role.ENGINEER)
    html = engineer.panel("bundles")
    assert f"phantom {SHIPPED}" in html and "phantom 2.0.0" in html
    assert "on trial, tries left: 3" in html and "at least 1" in html
    assert said(engineer.panel("bundles", do="fall back")) == "The kiosk starts anew."
    assert camp.asked == ["restart"]
    assert not camp.updates.selection().trial


def test_falling_back_below_the_floor_is_refused_at_the_page(camp: Camp, come: Come, tmp_path: Path) -> None:
    flash(camp.updates.slots, tmp_path, "2.0.0", epoch=3)
    camp.updates.slots.take(PHANTOM)
    commit(camp.updates.slots)
    engineer: Browser = come(Role.ENGINEER)
    assert wrong(engineer.panel("bundles", do="fall back"))
    assert camp.asked == []
    assert camp.updates.selection().slots[camp.updates.selection().good].version == "2.0.0"
