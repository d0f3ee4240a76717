-- Storage gateways, the collections on them, and who may do what there.

CREATE TABLE storage_gateway (
    id      TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    storage TEXT NOT NULL,
    classes TEXT NOT NULL
);

CREATE TABLE collection (
    id              TEXT   NOT NULL PRIMARY KEY,
    name            TEXT   NOT NULL UNIQUE,
    title           TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    storage_gateway TEXT   NOT NULL REFERENCES storage_gateway (id),
    class           TEXT   NOT NULL,
    mode            TEXT   NOT NULL,
    read_only       BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE access_rule (
    id                 TEXT   NOT NULL PRIMARY KEY,
    collection         TEXT   NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    path               TEXT   NOT NULL,
    principal          TEXT   NOT NULL,
    permissions        TEXT   NOT NULL,
    deny               BIGINT NOT NULL,
    expires_s          BIGINT,
    purpose            TEXT,
    created_by_issuer  TEXT,
    created_by_subject TEXT,
    created_at         BIGINT NOT NULL
);
CREATE INDEX access_rule_collection ON access_rule (collection, id);

-- Grows with every change of the rules, in the same transaction: nodes compare it to learn that theirs are old.
CREATE TABLE policy_epoch (
    singleton BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    epoch     BIGINT NOT NULL
);
INSERT INTO policy_epoch (singleton, epoch) VALUES (1, 0);
