-- Sites that were accepted here, and invitations that were used.

CREATE TABLE peer (
    site        TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL UNIQUE,
    lane_key    TEXT   NOT NULL UNIQUE,
    descriptor  TEXT   NOT NULL,
    issuers     TEXT   NOT NULL,
    ceiling     TEXT   NOT NULL,
    accepted_at BIGINT NOT NULL
);

CREATE TABLE invitation (
    id      TEXT   NOT NULL PRIMARY KEY,
    used_at BIGINT NOT NULL
);
