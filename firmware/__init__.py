"""The device: from photons to an Assessment, and the board around it. No web, no records."""
