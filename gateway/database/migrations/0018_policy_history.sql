-- The rules as they were: any snapshot that once decided can be built again from these tables.

-- From which state of the rules on a rule is in force.
ALTER TABLE access_rule ADD COLUMN since_epoch BIGINT NOT NULL DEFAULT 0;
UPDATE access_rule SET since_epoch = (SELECT epoch FROM policy_epoch WHERE singleton = 1);

-- Rules that are no longer in force: from which state of the rules on they were, and from which on not any more.
-- What a rule said is one sealed cell, and null once it is erased.
CREATE TABLE access_rule_past (
    id          TEXT   NOT NULL,
    collection  TEXT   NOT NULL,
    since_epoch BIGINT NOT NULL,
    until_epoch BIGINT NOT NULL,
    expires_s   BIGINT,
    sealed      BYTEA,
    erased_at   BIGINT,
    PRIMARY KEY (id, since_epoch)
);
CREATE INDEX access_rule_past_until ON access_rule_past (until_epoch);
CREATE INDEX access_rule_past_collection ON access_rule_past (collection, until_epoch);

-- When each state of the rules began. The first one's time is that of the first start with this table.
CREATE TABLE policy_epoch_past (
    epoch    BIGINT NOT NULL PRIMARY KEY,
    began_at BIGINT
);
CREATE INDEX policy_epoch_past_began ON policy_epoch_past (began_at);
INSERT INTO policy_epoch_past (epoch, began_at) SELECT epoch, NULL FROM policy_epoch;

-- The snapshots that nodes decided with: what a hash in a decision stands for. A rule that had ended when the snapshot was
-- loaded is not in it.
CREATE TABLE policy_snapshot (
    hash     TEXT   NOT NULL,
    epoch    BIGINT NOT NULL,
    loaded_s BIGINT NOT NULL,
    tables   TEXT   NOT NULL,
    PRIMARY KEY (hash, epoch, loaded_s)
);

-- The class of a collection's data from that moment on.
CREATE TABLE collection_class (
    collection TEXT   NOT NULL,
    since_at   BIGINT NOT NULL,
    class      TEXT   NOT NULL,
    PRIMARY KEY (collection, since_at)
);
INSERT INTO collection_class (collection, since_at, class) SELECT id, created_at, class FROM collection;

-- Who has which role from that moment on: one sealed cell.
CREATE TABLE role_past (
    since_at BIGINT NOT NULL PRIMARY KEY,
    sealed   BYTEA  NOT NULL
);
