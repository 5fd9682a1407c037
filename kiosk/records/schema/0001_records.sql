-- What the day report and the search need is in columns; everything about a person is in sealed blobs.

CREATE TABLE fact (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- The device's key pairs. private is wrapped; only the newest can still be opened by the PIN.
CREATE TABLE keyring (
  n       INTEGER PRIMARY KEY,
  public  BLOB NOT NULL,
  private BLOB NOT NULL,
  salt    BLOB NOT NULL,
  pin     INTEGER NOT NULL
);

CREATE TABLE record (
  n         INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  camp      BLOB,               -- HMAC of the camp number; NULL: none was given, or the record was erased
  at        INTEGER NOT NULL,   -- seconds since 1970 by the device's clock
  since     INTEGER,            -- its time counts from here; NULL: no clock was believed since it was kept
  day       TEXT NOT NULL,
  outcome   TEXT NOT NULL,
  bundle    TEXT NOT NULL,
  key       BLOB,               -- wrapped to the device; NULL: the device can no longer read the record
  programme TEXT,               -- the recipient of its age blob; NULL: it has none
  exported  INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX record_camp ON record (camp) WHERE camp IS NOT NULL;
CREATE INDEX record_report ON record (day, outcome, bundle);
CREATE INDEX record_readable ON record (since) WHERE key IS NOT NULL;
CREATE INDEX record_sealed ON record (since) WHERE programme IS NOT NULL;

CREATE TABLE blob (
  record INTEGER NOT NULL REFERENCES record (n),
  kind   TEXT NOT NULL,         -- record, photo, crop (AES-GCM under the record's key), age
  sealed BLOB NOT NULL,
  PRIMARY KEY (record, kind)
);
