"""The conditions: for each a code, how much it matters, what to do, and one small function that looks.

Rules: a check is a pure function of a reading and of whether its condition holds already, so that a value on the edge
does not flicker; it answers with what was measured and the threshold, or None when all is well. Nothing nags: what only
was, and is over, is for the diagnostics. What blocks refuses the next session and lets the present one end.
"""

from __future__ import annotations

from typing import Final

from kiosk.health import looks
from kiosk.health.condition import Check, Severity
from kiosk.language import N_

BLOCKS, BANNER, NOTE = Severity
CHECKS: Final[tuple[Check, ...]] = (
    Check("camera", "HEA-01", BLOCKS, N_("The camera gives no pictures."),
          N_("Check the camera's cable; the kiosk goes on by itself."), looks.camera, "s"),
    Check("threads", "HEA-02", BLOCKS, N_("A part of the program has stopped."), N_("It is started again by itself."),
          looks.threads),
    Check("records", "HEA-03", BLOCKS, N_("Records cannot be kept: the disk cannot be written."),
          N_("Nothing that was kept is lost; call the engineer."), looks.unwell("records")),
    Check("disk", "HEA-04", BLOCKS, N_("The disk is full."), N_("Export records; the kiosk goes on by itself."),
          looks.unwell("disk")),
    Check("disk low", "HEA-05", BANNER, N_("The disk is nearly full."), N_("Export records soon."),
          looks.below(lambda reading: reading.board.disk_free_mib, 512, 640), "MiB"),
    Check("clock", "HEA-06", BLOCKS, N_("The date cannot be right."), N_("Set the clock."), looks.unwell("clock")),
    Check("clock unset", "HEA-07", NOTE, N_("Nothing has confirmed the date since the start."),
          N_("Look whether date and time are right."), looks.clock_unset),
    Check("warm", "HEA-10", NOTE, N_("The device is warm."), N_("Nothing is to be done yet."),
          looks.band("amber"), "°C"),
    Check("hot", "HEA-11", BANNER, N_("The device is hot."), N_("Move it out of the sun and clear its air slots."),
          looks.band("red"), "°C"),
    Check("too hot", "HEA-12", BLOCKS, N_("The device is too hot."), N_("Let it cool down; it goes on by itself."),
          looks.band("stop"), "°C"),
    Check("under-voltage", "HEA-20", BANNER, N_("The power supply is too weak."),
          N_("Use the supply and the cable that came with the device."), looks.under_voltage, lingers_s=30),
    Check("over-current", "HEA-21", BANNER, N_("The device draws more power than its supply gives."),
          N_("Use the supply and the cable that came with the device."), looks.over_current, lingers_s=30),
    Check("slowed", "HEA-22", NOTE, N_("The processor is slowed down."), N_("See to cooling and supply."), looks.slowed,
          lingers_s=30),
    Check("supply before", "HEA-23", NOTE,
          N_("Since it was switched on, the device was short of power or slowed down."),
          N_("If it comes again, change supply and cable."), looks.supply_before),
    Check("memory low", "HEA-30", BANNER, N_("Memory is short."),
          N_("Restart the kiosk when nobody is in front of it."),
          looks.below(lambda reading: reading.board.memory_free_mib, 128, 192), "MiB"),
    Check("camera memory low", "HEA-31", NOTE, N_("The memory that cameras need is short."),
          N_("Restart the device if the camera does not come back."),
          looks.below(lambda reading: reading.board.cma_free_mib, 16, 24), "MiB"),
    Check("bundle", "HEA-40", BLOCKS, N_("No model is installed."), N_("Install a model bundle."), looks.bundle),
    Check("bundle on trial", "HEA-41", BANNER, N_("A new model is on trial."),
          N_("If it fails, the one before comes back by itself."), looks.trial),
    Check("battery low", "HEA-50", BANNER, N_("The battery is low."), N_("Plug the device in."),
          looks.below(looks.charge, 20, 25), "%"),
    Check("battery empty", "HEA-51", BLOCKS, N_("The battery is nearly empty."),
          N_("Plug the device in. A session that runs may be finished."), looks.below(looks.charge, 10, 15), "%"),
    Check("settings", "HEA-60", BANNER,
          N_("Settings that were changed here could not be used; those before them hold."),
          N_("Look at the settings and change them again."), looks.settings),
)  # fmt: skip
"""In the order in which the page shows them."""
