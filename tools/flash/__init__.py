"""Flashing: a publication on its way to a stick, to a device over SSH, or into a device's root folder."""
