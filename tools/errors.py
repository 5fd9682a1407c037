"""What can go wrong in the workshop. One class each, of the kiosk's own tree: a code, what happened, what to do.

`run_main` is the process boundary of every command under tools/: an error of the tree becomes one line on stderr and
exit status 2; anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from firmware.errors import KioskError


class WorkshopError(KioskError):
    """Root of the workshop's errors."""

    code = "WRK-00"
    remedy = "tools/README.md describes each command."


class DataAbsentError(WorkshopError, FileNotFoundError):
    """A folder or file that a command should read is not there, or holds nothing usable."""

    code = "WRK-01"
    remedy = "Check the path; python -m tools.phantom OUT makes a labelled folder."


class TableError(WorkshopError, ValueError):
    """A CSV table lacks a column, or a row says something impossible."""

    code = "WRK-02"
    remedy = (
        "The columns are image_id,subject,label[,split,age,sex,skin_tone,pose,site]; tools/README.md shows a table."
    )


class CheckpointError(WorkshopError, ValueError):
    """A state dict cannot be read, does not fit its network, or holds numbers that are not finite."""

    code = "WRK-03"
    remedy = (
        "Give what torch.save(network.state_dict(), path) wrote of the very network that is named, before its weights "
        "ran away; only tensors are read, never code."
    )


class ConversionError(WorkshopError, ValueError):
    """A network cannot become a classifier.tflite of the bundle's form."""

    code = "WRK-04"
    remedy = "It must map [1,3,112,112] to embedding, logits and features; models/README.md states the form."


class ShapeError(WorkshopError, ValueError):
    """A face shape model is damaged or was measured from too few faces."""

    code = "WRK-05"
    remedy = "Measure it again: python -m tools.phantom.measure FACES..."


class UsageError(WorkshopError, ValueError):
    """An option has a value that cannot be used."""

    code = "WRK-06"
    remedy = "--help lists every option with its meaning."


class OutputError(WorkshopError, OSError):
    """A result cannot be written; what was there before is still whole."""

    code = "WRK-07"
    remedy = "Make room on the disk or name a folder you may write to, then run the same command again."


class DivergedError(WorkshopError, ArithmeticError):
    """A training ran away: its loss or its weights are no numbers any more."""

    code = "WRK-08"
    remedy = "Lower --rate, raise --batch, or look for photos that hold nothing."


class PhotoRefusedError(WorkshopError, ValueError):
    """A photo that should become a reference or a case is one that the device would refuse."""

    code = "WRK-09"
    remedy = "Take it out, or take it again; nothing was written. `python -m firmware analyse` says what is wrong."


class KeyFileError(WorkshopError, ValueError):
    """A file holds no key of the kind that is asked for."""

    code = "WRK-10"
    remedy = "Name the identity.txt or the signing.txt that python -m tools.records keys has written."


class EmulationError(WorkshopError, OSError):
    """The virtual ARM machine cannot be made, or does not do what it should."""

    code = "WRK-11"
    remedy = "It needs Debian's mmdebstrap and qemu-system-arm, and a network for the first time."


class CostError(WorkshopError, ArithmeticError):
    """A stage of a frame takes more instructions on ARM than it did."""

    code = "WRK-12"
    remedy = "Make it cheaper; where the cost is meant, take it over: python -m tools.bench_arm --accept."


class FlashError(WorkshopError, OSError):
    """The device, or the way to it, has refused what was to be flashed; the line is its own."""

    code = "WRK-13"
    remedy = "Its own line says what to do; what runs there was not touched."


class TargetAbsentError(FlashError, ConnectionError):
    """The target cannot be reached."""

    code = "WRK-14"
    remedy = "Check the folder, or the device's name, network and SSH key."


def run_main(main: Callable[[], int]) -> None:
    """Run one command to its end and leave the process with its status; a workshop error is one line and status 2."""
    try:
        status = main()
    except KioskError as error:
        print(error, file=sys.stderr)
        status = 2
    sys.exit(status)
