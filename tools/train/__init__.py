"""Training: `python -m tools.train`. `loop.train` is the whole of it, `__main__` the command around it."""
