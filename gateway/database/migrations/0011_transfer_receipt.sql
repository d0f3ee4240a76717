-- Transfers with another site that ended well: what this site recorded, and whether the other has proven the same.

CREATE TABLE transfer_receipt (
    task     TEXT   NOT NULL PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
    peer     TEXT   NOT NULL,
    asks     BIGINT NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('owed', 'held', 'refused')),
    ours     TEXT   NOT NULL,
    document TEXT,
    cause    TEXT,
    tries    BIGINT NOT NULL,
    next_at  BIGINT NOT NULL,
    since    BIGINT NOT NULL
);
CREATE INDEX transfer_receipt_due ON transfer_receipt (next_at, task) WHERE state = 'owed' AND asks = 1;
