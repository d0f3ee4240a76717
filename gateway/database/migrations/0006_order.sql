-- Signed transfer orders, and the lanes that were opened with them.

CREATE TABLE transfer_order (
    id        TEXT   NOT NULL PRIMARY KEY,
    task      TEXT   NOT NULL,
    signed    TEXT   NOT NULL,
    issued_at BIGINT NOT NULL
);
CREATE INDEX transfer_order_task ON transfer_order (task, issued_at, id);

CREATE TABLE lane_ticket (
    order_id TEXT   NOT NULL,
    lane     BIGINT NOT NULL,
    used_at  BIGINT NOT NULL,
    PRIMARY KEY (order_id, lane)
);
CREATE INDEX lane_ticket_used_at ON lane_ticket (used_at);
