"""Records, PINs, archives and the sticks that they are exported to: STK-, ARC-, REC-, PIN-."""

from __future__ import annotations

from firmware.errors.tree import KioskError


class StickError(KioskError, OSError):
    """The stick that records are exported to cannot be used."""

    code = "STK-00"
    remedy = "Take another stick and export again; what was exported before is not lost."


class StickGoneError(StickError):
    """The stick was pulled out, or fails."""

    code = "STK-01"
    remedy = "Put the stick in again and export again: it goes on with the records that are not on it yet."


class StickFullError(StickError):
    """There is no room left on the stick."""

    code = "STK-02"
    remedy = "Make room on the stick or take another one and export again: it goes on where it stopped."


class StickReadOnlyError(StickError):
    """The stick does not let itself be written."""

    code = "STK-03"
    remedy = "Move the stick's write lock, or take another one."


class StickTakenError(StickError):
    """What should be written is on the stick already, or a folder is in its place."""

    code = "STK-04"
    remedy = "Move it to another folder, or take another stick, and export again."


class StickAbsentError(StickGoneError):
    """No stick is mounted in the folder: what was written there would stay on the device's own disk."""

    code = "STK-05"
    remedy = "Mount the stick and export again; to write to this disk all the same, say --here."


class ArchiveError(KioskError, ValueError):
    """An archive of records is damaged, or is none."""

    code = "ARC-01"
    remedy = "Copy the archive from its stick again; if that does not help, export the records again on the kiosk."


class ArchiveLockedError(ArchiveError):
    """The archive was sealed for another key."""

    code = "ARC-02"
    remedy = "Name the programme's identity file of the time of the export; after a rotation keep the old one too."


class ArchiveNewerError(ArchiveError):
    """The archive was written by a newer version than this one."""

    code = "ARC-03"
    remedy = "Open it with the version of Phenokiosk that wrote it, or a later one."


class ArchiveOriginError(ArchiveError):
    """The archive was not signed by a device that the centre knows: it may be forged."""

    code = "ARC-04"
    remedy = "Keep it aside and ask whoever brought it; a new device belongs into the list that --devices names."


class RecordError(KioskError):
    """The records cannot be used."""

    code = "REC-00"
    remedy = "Restart the kiosk; `python -m kiosk audit verify` says how the records are."


class VaultBusyError(RecordError, BlockingIOError):
    """Another process has the vault open."""

    code = "REC-01"
    remedy = "Stop the kiosk first (the service: systemctl stop phenokiosk); only one program may own the records."


class VaultKeyError(RecordError, PermissionError):
    """The device secret is missing, or is not the one that the vault was made with."""

    code = "REC-02"
    remedy = "Put the right secret back (`records.device_secret`); the records are untouched. Do not start it anew."


class VaultDamagedError(RecordError, ValueError):
    """The vault's file is truncated or altered, or a file that it needs is gone."""

    code = "REC-03"
    remedy = "Copy the state folder away, do not repair it, and ask support; what was exported is not concerned."


class VaultNewerError(RecordError, ValueError):
    """The vault was written by a newer version of the kiosk."""

    code = "REC-04"
    remedy = "Install that version again; the records are untouched."


class DiskFullError(RecordError, OSError):
    """There is no room to keep a record."""

    code = "REC-05"
    remedy = "Export records and make room on the disk; the kiosk goes on by itself."


class VaultUnwritableError(RecordError, OSError):
    """The vault cannot be written: the disk is read-only or fails."""

    code = "REC-06"
    remedy = "Check the SD card or disk; the kiosk goes on by itself once it can write again."


class RecordDamagedError(RecordError, ValueError):
    """A stored record was altered, or is none of ours. Nothing of it is shown."""

    code = "REC-07"
    remedy = "Do not use this copy; the programme's copy of the record is in the last export."


class RecordSealedError(RecordError, PermissionError):
    """This device can no longer read the record: its time here is over, or the PIN was reset."""

    code = "REC-08"
    remedy = "Export it: the programme opens it with its own key."


class RecordAbsentError(RecordError, LookupError):
    """There is no such record."""

    code = "REC-09"
    remedy = "Check the number on the subject's card."


class AuditBrokenError(RecordError, ValueError):
    """The audit log was altered or cut short."""

    code = "REC-10"
    remedy = "Take the device out of service, keep it as it is, and tell the programme."


class ClockDoubtError(RecordError):
    """The clock says what cannot be: long ago, far ahead, or earlier than the last record."""

    code = "REC-11"
    remedy = "Set the clock (timedatectl), or confirm that it is right: `python -m kiosk clock accept`."


class ProgrammeKeyError(RecordError, ValueError):
    """A key of the programme cannot be understood."""

    code = "REC-12"
    remedy = "records.programme_key starts with age1; records.programme_signing_key is an Ed25519 key of 64 hex digits."


class RecordConsentError(RecordError, PermissionError):
    """Photos were to be kept to which nobody has agreed."""

    code = "REC-13"
    remedy = "Ask for consent to photos first, and begin again; without it none is kept."


class PinError(KioskError):
    """A PIN cannot be used."""

    code = "PIN-00"
    remedy = "A PIN has 6 to 12 digits."


class WrongPinError(PinError, PermissionError):
    """The PIN is wrong."""

    code = "PIN-01"
    remedy = "Try again; after some wrong ones the waits grow."


class LockedOutError(PinError, PermissionError):
    """Too many wrong PINs: the next may be tried later.

    seconds: how long to wait from now on.
    """

    code = "PIN-02"
    remedy = "Wait, or ask the programme for a reset token: `python -m kiosk pin forgot`."

    def __init__(self, what: str, seconds: int = 0) -> None:
        self.seconds = seconds
        super().__init__(what)


class NoPinError(PinError, LookupError):
    """No PIN is set yet."""

    code = "PIN-03"
    remedy = "Set one: `python -m kiosk pin set`."


class ResetTokenError(PinError, ValueError):
    """The token is not the programme's answer to this device's last question."""

    code = "PIN-04"
    remedy = "Ask again with `python -m kiosk pin forgot` and give the programme its whole answer."
