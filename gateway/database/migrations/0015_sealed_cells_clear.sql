-- The second half of 0015_sealed_cells.sql: every row is sealed, and what was in clear goes.

DROP TABLE session_clear;
DROP TABLE person_clear;
DROP TABLE idempotency_clear;
DROP INDEX task_owner;

ALTER TABLE setting DROP COLUMN value;
ALTER TABLE access_rule DROP COLUMN path;
ALTER TABLE access_rule DROP COLUMN principal;
ALTER TABLE access_rule DROP COLUMN purpose;
ALTER TABLE access_rule DROP COLUMN created_by_issuer;
ALTER TABLE access_rule DROP COLUMN created_by_subject;
ALTER TABLE peer_contact DROP COLUMN organisation;
ALTER TABLE peer_contact DROP COLUMN address;
ALTER TABLE peer_contact DROP COLUMN phone;
ALTER TABLE task DROP COLUMN owner_issuer;
ALTER TABLE task DROP COLUMN owner_subject;
ALTER TABLE task DROP COLUMN label;
ALTER TABLE task DROP COLUMN items;
ALTER TABLE task DROP COLUMN purpose;
ALTER TABLE task DROP COLUMN failure_message;
ALTER TABLE task DROP COLUMN nice_status;
ALTER TABLE task DROP COLUMN cancel_requested_by;
ALTER TABLE task_event DROP COLUMN message;
ALTER TABLE unit DROP COLUMN value;
ALTER TABLE expansion DROP COLUMN after_path;
ALTER TABLE transfer_order DROP COLUMN signed;
ALTER TABLE upload DROP COLUMN owner_issuer;
ALTER TABLE upload DROP COLUMN owner_subject;
ALTER TABLE upload DROP COLUMN path;
ALTER TABLE erasure DROP COLUMN requested_by_issuer;
ALTER TABLE erasure DROP COLUMN requested_by_subject;
ALTER TABLE erasure DROP COLUMN approved_by_issuer;
ALTER TABLE erasure DROP COLUMN approved_by_subject;
ALTER TABLE audit_hold DROP COLUMN placed_by_issuer;
ALTER TABLE audit_hold DROP COLUMN placed_by_subject;
ALTER TABLE audit_hold DROP COLUMN release_asked_by_issuer;
ALTER TABLE audit_hold DROP COLUMN release_asked_by_subject;

CREATE INDEX task_owner ON task (owner_token, id);
