-- Whatever can tell of a person goes into sealed cells. This is the first half: where it goes. Between the halves every
-- row is sealed; the second half (0015_sealed_cells_clear.sql) drops what was in clear. One transaction holds all three.

-- Something known, sealed: by it a wrong key is told at once. `cleared` is 0 until no page of the database holds what was
-- in clear before.
CREATE TABLE cell_key (
    singleton BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    sealed    BYTEA  NOT NULL,
    cleared   BIGINT NOT NULL
);

ALTER TABLE setting ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE access_rule ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE access_rule ADD COLUMN configured BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peer_contact ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN sealed_status BYTEA NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN sealed_cancel BYTEA;
ALTER TABLE task ADD COLUMN owner_token BYTEA NOT NULL DEFAULT '';
ALTER TABLE task_event ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE unit ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE expansion ADD COLUMN sealed BYTEA;
ALTER TABLE transfer_order ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE upload ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE erasure ADD COLUMN sealed_request BYTEA NOT NULL DEFAULT '';
ALTER TABLE erasure ADD COLUMN sealed_approval BYTEA;
ALTER TABLE audit_hold ADD COLUMN sealed_placing BYTEA NOT NULL DEFAULT '';
ALTER TABLE audit_hold ADD COLUMN sealed_release BYTEA;
ALTER TABLE audit_hold ADD COLUMN release_token BYTEA;

-- Tables whose key was a name are made anew: their rows are found by a keyed code.
DROP INDEX person_email;
DROP INDEX session_expires_at;
DROP INDEX idempotency_claimed_at;
ALTER TABLE session RENAME TO session_clear;
ALTER TABLE person RENAME TO person_clear;
ALTER TABLE idempotency RENAME TO idempotency_clear;

CREATE TABLE person (
    token         BYTEA  NOT NULL PRIMARY KEY,
    email_token   BYTEA,
    sealed        BYTEA  NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at  BIGINT NOT NULL
);
CREATE INDEX person_email_token ON person (email_token);

CREATE TABLE session (
    digest     TEXT   NOT NULL PRIMARY KEY,
    person     BYTEA  NOT NULL REFERENCES person (token),
    kind       TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE idempotency (
    token         BYTEA  NOT NULL PRIMARY KEY,
    request_token BYTEA  NOT NULL,
    claimed_at    BIGINT NOT NULL,
    status        BIGINT,
    sealed        BYTEA
);
CREATE INDEX idempotency_claimed_at ON idempotency (claimed_at);

-- Sign-ins under way live for minutes: they begin anew.
DROP TABLE login;
DROP TABLE device_login;

CREATE TABLE login (
    state_digest TEXT   NOT NULL PRIMARY KEY,
    provider     TEXT   NOT NULL,
    sealed       BYTEA  NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX login_expires_at ON login (expires_at);

CREATE TABLE device_login (
    device_digest TEXT   NOT NULL PRIMARY KEY,
    token         BYTEA  NOT NULL UNIQUE,
    status        TEXT   NOT NULL CHECK (status IN ('pending', 'approved', 'denied')),
    sealed        BYTEA  NOT NULL,
    sealed_facts  BYTEA,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX device_login_expires_at ON device_login (expires_at);
