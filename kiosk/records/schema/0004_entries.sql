-- Beside screenings there are sets of photos, and what became of a subject later. All are sealed, found, exported and
-- erased alike, so they are rows of one table. outcome and bundle are empty for what is no screening.

ALTER TABLE record ADD COLUMN kind TEXT NOT NULL DEFAULT 'screening';  -- screening, photos, outcome

DROP INDEX record_report;
CREATE INDEX record_report ON record (day, kind, outcome, bundle);
