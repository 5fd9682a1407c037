-- PINs that open pages and no key. The clinician's, which opens the records, lies in keyring.

CREATE TABLE staff (
  role TEXT PRIMARY KEY,
  salt BLOB NOT NULL,
  mac  BLOB NOT NULL    -- HKDF(device secret, argon2id(PIN, salt)): worth nothing without the device
) WITHOUT ROWID;
