-- Keys of logs that handed over to another, each with the proof that the old and the new key signed that.

CREATE TABLE log_key_rotation (
    origin     TEXT   NOT NULL,
    begins     BIGINT NOT NULL,
    old_vkey   TEXT   NOT NULL,
    new_vkey   TEXT   NOT NULL,
    proof      TEXT   NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (origin, begins)
);
