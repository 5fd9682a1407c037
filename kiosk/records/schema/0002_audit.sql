-- The audit log only grows.

CREATE TABLE audit (
  n     INTEGER PRIMARY KEY,
  at    TEXT NOT NULL,
  what  TEXT NOT NULL,
  about TEXT NOT NULL,
  mac   BLOB NOT NULL           -- HMAC over the entry before and this one
);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log only grows');
END;

CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log only grows');
END;
