-- Tasks, what happened to them, who works on them, and their work units.

CREATE TABLE task (
    id                     TEXT   NOT NULL PRIMARY KEY,
    owner_issuer           TEXT   NOT NULL,
    owner_subject          TEXT   NOT NULL,
    label                  TEXT,
    role                   TEXT   NOT NULL CHECK (role IN ('source', 'destination', 'both')),
    coordinator            BIGINT NOT NULL,
    source_site            TEXT   NOT NULL,
    source_collection      TEXT   NOT NULL,
    destination_site       TEXT   NOT NULL,
    destination_collection TEXT   NOT NULL,
    items                  TEXT   NOT NULL,
    purpose                TEXT,
    lanes                  BIGINT NOT NULL,
    state                  TEXT   NOT NULL CHECK (state IN ('ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED')),
    pause                  TEXT,
    failure_code           TEXT,
    failure_message        TEXT,
    files_total            BIGINT NOT NULL,
    bytes_total            BIGINT NOT NULL,
    expanded               BIGINT NOT NULL,
    files_done             BIGINT NOT NULL,
    bytes_done             BIGINT NOT NULL,
    bytes_moved            BIGINT NOT NULL,
    skipped                BIGINT NOT NULL,
    directories            BIGINT NOT NULL,
    lanes_open             BIGINT NOT NULL,
    nice_status            TEXT   NOT NULL,
    manifest               TEXT,
    cipher                 TEXT,
    cancel_requested_by    TEXT,
    events                 BIGINT NOT NULL,
    submitted_at           BIGINT NOT NULL,
    completed_at           BIGINT
);
CREATE INDEX task_owner ON task (owner_issuer, owner_subject, id);
CREATE INDEX task_unfinished ON task (id) WHERE state IN ('ACTIVE', 'INACTIVE');

CREATE TABLE task_event (
    task     TEXT   NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    sequence BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    code     TEXT   NOT NULL,
    message  TEXT   NOT NULL,
    is_error BIGINT NOT NULL,
    PRIMARY KEY (task, sequence)
);

-- A row stays when its lease ends: the fence must never go back.
CREATE TABLE lease (
    task       TEXT   NOT NULL PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
    node       TEXT   NOT NULL,
    fence      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE unit (
    task   TEXT   NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    item   BIGINT NOT NULL,
    kind   TEXT   NOT NULL CHECK (kind IN ('directory', 'batch', 'run')),
    file   BIGINT NOT NULL,
    state  TEXT   NOT NULL CHECK (state IN ('pending', 'done')),
    bytes  BIGINT NOT NULL,
    files  BIGINT NOT NULL,
    value  BYTEA  NOT NULL,
    PRIMARY KEY (task, number)
);
CREATE INDEX unit_file ON unit (task, file, number);
CREATE INDEX unit_pending ON unit (task, number) WHERE state = 'pending';

-- How far a task's items have been listed.
CREATE TABLE expansion (
    task       TEXT   NOT NULL PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
    item       BIGINT NOT NULL,
    after_path TEXT,
    finished   BIGINT NOT NULL
);
