-- The search index over the nodes' audit logs: derived from them, rebuilt at any time, without a personal value in clear.

-- One row a log. `indexed` entries of it are below; ids of words, names and paths that its node adds begin at `next_id`.
CREATE TABLE audit_log (
    number  BIGINT NOT NULL PRIMARY KEY,
    origin  TEXT   NOT NULL UNIQUE,
    indexed BIGINT NOT NULL,
    tip     TEXT,
    size    BIGINT NOT NULL,
    next_id BIGINT NOT NULL,
    told_at BIGINT NOT NULL
);

-- Words that name nobody: kinds, outcomes, codes, collections, tasks, peers and the like.
CREATE TABLE audit_word (
    id   BIGINT NOT NULL PRIMARY KEY,
    word TEXT   NOT NULL UNIQUE
);

-- Keyed tokens of personal values: a person, or an address or purpose of theirs (`owner`, 0 where nobody is known).
CREATE TABLE audit_name (
    id    BIGINT NOT NULL PRIMARY KEY,
    owner BIGINT NOT NULL,
    token BYTEA  NOT NULL,
    UNIQUE (token, owner)
);
CREATE INDEX audit_name_owner ON audit_name (owner);

-- Keyed tokens of paths, each beneath its parent (0 at a collection's root).
CREATE TABLE audit_path (
    id         BIGINT NOT NULL PRIMARY KEY,
    collection BIGINT NOT NULL,
    parent     BIGINT NOT NULL,
    token      BYTEA  NOT NULL UNIQUE
);
CREATE INDEX audit_path_parent ON audit_path (parent);
CREATE INDEX audit_path_collection ON audit_path (collection);

-- One row an entry: numbers that mean something only through the tables above.
CREATE TABLE audit_entry (
    log        BIGINT NOT NULL,
    place      BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    phase      BIGINT NOT NULL,
    op         BYTEA  NOT NULL,
    outcome    BIGINT,
    code       BIGINT,
    issuer     BIGINT,
    person     BIGINT,
    via_site   BIGINT,
    session    BIGINT,
    client     BIGINT,
    purpose    BIGINT,
    collection BIGINT,
    path       BIGINT,
    task       BIGINT,
    class      BIGINT,
    bytes      BIGINT,
    files      BIGINT,
    digest     BYTEA,
    decision   BYTEA,
    rule       BIGINT,
    snapshot   BIGINT,
    peer       BIGINT,
    transport  BIGINT,
    PRIMARY KEY (log, place)
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_kind ON audit_entry (kind, at);
CREATE INDEX audit_entry_op ON audit_entry (op);
CREATE INDEX audit_entry_decision ON audit_entry (decision) WHERE decision IS NOT NULL;
CREATE INDEX audit_entry_person ON audit_entry (person, at) WHERE person IS NOT NULL;
CREATE INDEX audit_entry_client ON audit_entry (client, at) WHERE client IS NOT NULL;
CREATE INDEX audit_entry_session ON audit_entry (session) WHERE session IS NOT NULL;
CREATE INDEX audit_entry_collection ON audit_entry (collection, at) WHERE collection IS NOT NULL;
CREATE INDEX audit_entry_path ON audit_entry (path, at) WHERE path IS NOT NULL;
CREATE INDEX audit_entry_task ON audit_entry (task, at) WHERE task IS NOT NULL;
CREATE INDEX audit_entry_peer ON audit_entry (peer, at) WHERE peer IS NOT NULL;
