"""The benchmark: how fast and how large the kiosk is, against the libraries it stands on."""
