-- Witnessing: the logs of sites that are known here, the newest head that was cosigned of each, and forks that were found.

-- Keys of logs by their origin; a key that is pinned is never replaced.
CREATE TABLE log_key (
    origin     TEXT   NOT NULL PRIMARY KEY,
    site       TEXT   NOT NULL,
    vkey       TEXT   NOT NULL,
    learned_at BIGINT NOT NULL
);
CREATE INDEX log_key_site ON log_key (site);

-- The newest head that this site cosigned of each log. `note` is the head as its log signed it.
CREATE TABLE witnessed_log (
    origin TEXT   NOT NULL PRIMARY KEY,
    size   BIGINT NOT NULL,
    root   BYTEA  NOT NULL,
    note   TEXT   NOT NULL,
    at     BIGINT NOT NULL
);

-- Evidence against logs: two heads that contradict each other. `id` is the SHA-256 of the evidence.
CREATE TABLE log_fork (
    id       TEXT   NOT NULL PRIMARY KEY,
    origin   TEXT   NOT NULL,
    evidence TEXT   NOT NULL,
    found_at BIGINT NOT NULL
);
CREATE INDEX log_fork_origin ON log_fork (origin);
