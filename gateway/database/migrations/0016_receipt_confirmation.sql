-- Receipts that both sites hold are exchanged once more when witnesses have cosigned heads that cover them.

ALTER TABLE transfer_receipt ADD COLUMN confirmed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX transfer_receipt_unconfirmed ON transfer_receipt (next_at, task)
    WHERE state = 'held' AND confirmed = 0 AND asks = 1;
