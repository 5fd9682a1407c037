"""Settings, page, light, power and the state folder: SET-, WEB-, LGT-, PWR-, STA-."""

from __future__ import annotations

from firmware.errors.tree import KioskError


class SettingError(KioskError, ValueError):
    """A setting is unknown, or its value cannot be used."""

    code = "SET-01"
    remedy = "`python -m kiosk --dump-config` shows every setting with its meaning."


class SettingFileError(SettingError):
    """The configuration file cannot be read."""

    code = "SET-02"
    remedy = "Give a readable TOML file; `python -m kiosk --dump-config` writes one."


class SettingFixedError(SettingError, PermissionError):
    """A setting is not to be changed from the page."""

    code = "SET-03"
    remedy = "Change it in the configuration file or on the command line, and start the kiosk again."


class PortInUseError(KioskError, OSError):
    """The web address is taken by another program."""

    code = "WEB-01"
    remedy = "Stop the other program, or choose another port: the setting `page.port`, or PORT=8081 make demo."


class RouteError(KioskError, LookupError):
    """A page's route has no rule that says who may ask for it, or a rule has no route."""

    code = "WEB-02"
    remedy = "This is a mistake in the program: install it again, or give the route a row in kiosk/pages/guard.py."


class LightError(KioskError, OSError):
    """The lights or the button cannot be reached."""

    code = "LGT-01"
    remedy = 'Check the wiring and the settings of [board]; "simulated" runs without lamps.'


class PowerError(KioskError, OSError):
    """The machine cannot be switched off from here."""

    code = "PWR-01"
    remedy = "Switch it off with `sudo poweroff`; the shipped image allows the kiosk to do it."


class StateError(KioskError, OSError):
    """The kiosk's own folder cannot be written."""

    code = "STA-01"
    remedy = "Check the disk and the setting `records.state`; the kiosk needs a folder it may write to."
