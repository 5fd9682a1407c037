-- Counts of a day that tell of nobody: only what happened, and how long it took.

CREATE TABLE tally (
  day      TEXT NOT NULL,
  what     TEXT NOT NULL,               -- see tally.py
  key      TEXT NOT NULL,               -- which one of it, a word of the program's own
  n        INTEGER NOT NULL,
  total_ms INTEGER NOT NULL,
  PRIMARY KEY (day, what, key)
) WITHOUT ROWID;
