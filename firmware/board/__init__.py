"""The board around the camera: lights, buttons, health, power, watchdog."""
