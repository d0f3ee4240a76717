-- Erasing personal values from the audit log: who asked and who agreed, what each log still has to do, holds against it.

-- Whom it is about stands here as a keyed code and sealed, and is gone when the last log has done its part.
CREATE TABLE erasure (
    id                   TEXT   NOT NULL PRIMARY KEY,
    token                TEXT   UNIQUE,
    sealed               BYTEA,
    requested_by_issuer  TEXT   NOT NULL,
    requested_by_subject TEXT   NOT NULL,
    requested_at         BIGINT NOT NULL,
    expires_at           BIGINT NOT NULL,
    approved_by_issuer   TEXT,
    approved_by_subject  TEXT,
    approved_at          BIGINT
);

CREATE TABLE erasure_part (
    erasure       TEXT   NOT NULL REFERENCES erasure (id) ON DELETE CASCADE,
    origin        TEXT   NOT NULL REFERENCES audit_log (origin),
    erased_values BIGINT,
    done_at       BIGINT,
    PRIMARY KEY (erasure, origin)
);
CREATE INDEX erasure_part_pending ON erasure_part (origin) WHERE done_at IS NULL;

-- A legal hold: nothing of that person or collection is erased while one stands.
CREATE TABLE audit_hold (
    id                       TEXT   NOT NULL PRIMARY KEY,
    token                    TEXT   NOT NULL,
    sealed                   BYTEA  NOT NULL,
    placed_by_issuer         TEXT   NOT NULL,
    placed_by_subject        TEXT   NOT NULL,
    placed_at                BIGINT NOT NULL,
    release_asked_by_issuer  TEXT,
    release_asked_by_subject TEXT,
    release_asked_at         BIGINT
);
CREATE INDEX audit_hold_token ON audit_hold (token);
