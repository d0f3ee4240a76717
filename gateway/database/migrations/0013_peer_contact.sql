-- Name, address and telephone of peers, for accounting of disclosures. Kept when a peer is removed.

CREATE TABLE peer_contact (
    site         TEXT NOT NULL PRIMARY KEY,
    organisation TEXT,
    address      TEXT,
    phone        TEXT
);
