"""What a frame costs on 64-bit ARM, in instructions: the same number on any machine, so that a regression shows."""
