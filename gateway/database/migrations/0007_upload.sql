-- Resumable uploads under way.

CREATE TABLE upload (
    id               TEXT   NOT NULL PRIMARY KEY,
    owner_issuer     TEXT   NOT NULL,
    owner_subject    TEXT   NOT NULL,
    collection       TEXT   NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    path             TEXT   NOT NULL,
    size             BIGINT NOT NULL,
    modified_seconds BIGINT NOT NULL,
    modified_nanos   BIGINT NOT NULL,
    digest           TEXT,
    received         BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE INDEX upload_expires_at ON upload (expires_at);
