-- Requests that change something, by the key that their sender gave them: done once, answered alike.

CREATE TABLE idempotency (
    key            TEXT   NOT NULL,
    owner_issuer   TEXT   NOT NULL,
    owner_subject  TEXT   NOT NULL,
    request_digest TEXT   NOT NULL,
    claimed_at     BIGINT NOT NULL,
    status         BIGINT,
    response       TEXT,
    PRIMARY KEY (owner_issuer, owner_subject, key)
);
CREATE INDEX idempotency_claimed_at ON idempotency (claimed_at);
