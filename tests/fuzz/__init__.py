"""Fuzzing of everything that reads what comes from outside: `make fuzz`, or `python -m tests.fuzz photo --runs 5000`.

`targets` is the table: what is fuzzed, what it is shown first, and which errors are its answer to bad input. Anything
else that leaves it, and anything that takes longer than a second, ends the run and is kept in build/fuzz/.
"""
