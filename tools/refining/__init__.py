"""Learns what moves Face Mesh's points to where a picture shows them: `python -m tools.refining`."""
