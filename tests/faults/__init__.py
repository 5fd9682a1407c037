"""Records and updates under power cuts, kills and full disks, on a real file system that loses what was not synced."""
