-- People, their sessions, and sign-ins under way.

CREATE TABLE person (
    issuer        TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    email         TEXT,
    name          TEXT,
    first_seen_at BIGINT NOT NULL,
    last_seen_at  BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX person_email ON person (email);

-- The token is never stored, only its SHA-256.
CREATE TABLE session (
    digest      TEXT   NOT NULL PRIMARY KEY,
    issuer      TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    group_names TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    assurance   TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    FOREIGN KEY (issuer, subject) REFERENCES person (issuer, subject)
);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE login (
    state_digest  TEXT   NOT NULL PRIMARY KEY,
    provider      TEXT   NOT NULL,
    nonce         TEXT   NOT NULL,
    pkce_verifier TEXT   NOT NULL,
    return_to     TEXT   NOT NULL,
    device_code   TEXT,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX login_expires_at ON login (expires_at);

CREATE TABLE device_login (
    device_digest TEXT   NOT NULL PRIMARY KEY,
    user_code     TEXT   NOT NULL UNIQUE,
    client_label  TEXT   NOT NULL,
    status        TEXT   NOT NULL CHECK (status IN ('pending', 'approved', 'denied')),
    facts         TEXT,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX device_login_expires_at ON device_login (expires_at);
