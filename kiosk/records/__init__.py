"""What the kiosk remembers of a screening. For now in memory only: switching the kiosk off forgets everything."""
