-- Rules that watch the audit logs, the alerts that they raise, and the reviews that people sign. Of personal values there are
-- keyed tokens only, as in the search index, and sealed cells: what a rule asks for, who signed.

CREATE TABLE alert_rule (
    id        TEXT   NOT NULL PRIMARY KEY,
    name      TEXT   NOT NULL UNIQUE,
    sealed    BYTEA  NOT NULL,
    measure   TEXT   NOT NULL,
    at_least  BIGINT NOT NULL,
    window_us BIGINT NOT NULL,
    grouped_by TEXT  NOT NULL,
    severity  TEXT   NOT NULL,
    concerns  TEXT   NOT NULL,
    built_in  BIGINT NOT NULL,
    paused    BIGINT NOT NULL,
    turn      BIGINT NOT NULL
);

-- How far each log was looked at by rules. Emptying the search index does not move it; what is indexed already raises nothing.
CREATE TABLE audit_watch (
    log     BIGINT NOT NULL PRIMARY KEY,
    watched BIGINT NOT NULL
);
INSERT INTO audit_watch (log, watched) SELECT number, indexed FROM audit_log;

-- Matching entries that have raised no alert yet, each or several of one log summed up.
CREATE TABLE alert_hit (
    rule        TEXT   NOT NULL REFERENCES alert_rule (id) ON DELETE CASCADE,
    group_key   TEXT   NOT NULL,
    log         BIGINT NOT NULL,
    first_place BIGINT NOT NULL,
    last_place  BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    entries     BIGINT NOT NULL,
    amount      BIGINT NOT NULL,
    people      BYTEA  NOT NULL,
    PRIMARY KEY (rule, group_key, log, first_place)
);
CREATE INDEX alert_hit_at ON alert_hit (at);

-- An alert. `raised_by` is the leaf hash of the entry that made it enough, so that nothing is told twice; `log` tells of it in
-- an entry at or after `floor`, at `raised_place` once that is known.
CREATE TABLE alert (
    id                      TEXT   NOT NULL PRIMARY KEY,
    rule                    TEXT   NOT NULL,
    rule_name               TEXT   NOT NULL,
    severity                TEXT   NOT NULL,
    concerns                TEXT   NOT NULL,
    raised_by               TEXT   NOT NULL,
    group_key               TEXT   NOT NULL,
    alarm                   TEXT,
    subject                 TEXT,
    raised_at               BIGINT NOT NULL,
    first_at                BIGINT NOT NULL,
    last_at                 BIGINT NOT NULL,
    entries                 BIGINT NOT NULL,
    amount                  BIGINT NOT NULL,
    log                     TEXT   NOT NULL,
    floor                   BIGINT NOT NULL,
    raised_place            BIGINT,
    cleared_at              BIGINT,
    cleared_place           BIGINT,
    state                   TEXT   NOT NULL,
    sealed_acknowledgement  BYTEA,
    acknowledged_at         BIGINT,
    sealed_closing          BYTEA,
    closed_at               BIGINT,
    closed_op               TEXT,
    finding                 TEXT,
    UNIQUE (rule, raised_by)
);
CREATE UNIQUE INDEX alert_alarm ON alert (alarm, subject) WHERE alarm IS NOT NULL AND cleared_at IS NULL;
CREATE INDEX alert_state ON alert (state, severity);
CREATE INDEX alert_group ON alert (rule, group_key) WHERE state = 'open';
CREATE INDEX alert_untold ON alert (log) WHERE raised_place IS NULL OR (cleared_at IS NOT NULL AND cleared_place IS NULL);

-- The entries of an alert: single ones, or stretches of one log in which so many match.
CREATE TABLE alert_entry (
    alert       TEXT   NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    log         BIGINT NOT NULL,
    first_place BIGINT NOT NULL,
    last_place  BIGINT NOT NULL,
    entries     BIGINT NOT NULL,
    PRIMARY KEY (alert, log, first_place)
);

-- Whom an alert is about: keyed tokens. None of them may sign it off.
CREATE TABLE alert_person (
    alert TEXT  NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    token BYTEA NOT NULL,
    PRIMARY KEY (alert, token)
);
CREATE INDEX alert_person_token ON alert_person (token);

-- Reviews of the log that were signed, and which entries of each log they cover.
CREATE TABLE audit_review (
    id                TEXT   NOT NULL PRIMARY KEY,
    sealed            BYTEA  NOT NULL,
    signed_at         BIGINT NOT NULL,
    op                TEXT   NOT NULL
);
CREATE INDEX audit_review_at ON audit_review (signed_at);
CREATE TABLE audit_review_range (
    review      TEXT   NOT NULL REFERENCES audit_review (id) ON DELETE CASCADE,
    log         TEXT   NOT NULL,
    first_place BIGINT NOT NULL,
    size        BIGINT NOT NULL,
    head        TEXT   NOT NULL,
    PRIMARY KEY (review, log)
);
