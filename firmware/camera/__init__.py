"""Cameras: every source of frames behind one Protocol, opened by URI."""
