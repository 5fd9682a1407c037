-- Who has another picture taken after an answer gets another record. Both are kept; of one visit the last one counts.

ALTER TABLE record ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;

DROP INDEX record_report;
CREATE INDEX record_report ON record (day, kind, superseded, outcome, bundle);
