"""The kiosk's settings: one tree of tables that drives reading, checking, writing, documentation and the page.

table    what is known of a setting        tree     the settings themselves
toml     files to values and back          layers   default < file < page < command line
overlay  what the page changed, on disk    edits    the desk at which the page changes them
"""

from kiosk.settings.edits import SettingRow, SettingsDesk
from kiosk.settings.layers import Layers, Source
from kiosk.settings.tree import Settings

__all__ = ["Layers", "SettingRow", "Settings", "SettingsDesk", "Source"]
