-- Every 64-bit number is a BLOB of 8 bytes, big-endian, so that all of them fit and sort; every id and
-- hash is a BLOB of 32 bytes. A position is a BLOB of 16 bytes: checkpoint (8), transaction (4), event
-- (4), big-endian.

CREATE TABLE stamp (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    format  INTEGER NOT NULL,
    chain   BLOB NOT NULL,
    network BLOB NOT NULL
) STRICT;

CREATE TABLE progress (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    next         BLOB NOT NULL,
    digest       BLOB,
    timestamp_ms BLOB NOT NULL,
    events       BLOB NOT NULL,
    undecoded    BLOB NOT NULL
) STRICT;

-- Every event of the package. Without body: one that this software cannot read, kept as it came.
CREATE TABLE event (
    position     BLOB PRIMARY KEY,
    digest       BLOB NOT NULL,
    timestamp_ms BLOB NOT NULL,
    name         TEXT NOT NULL,
    body         TEXT,
    bytes        BLOB,
    reason       TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE network (
    network      BLOB PRIMARY KEY,
    dev          INTEGER NOT NULL,
    gap_ms       BLOB NOT NULL,
    treasury     BLOB NOT NULL,
    paused       INTEGER NOT NULL,
    admin_cap    BLOB NOT NULL,
    params       TEXT NOT NULL,
    proposed     TEXT,
    attestors    BLOB,
    set_version  BLOB,
    threshold    BLOB,
    keys         TEXT,
    measurements BLOB,
    created      BLOB NOT NULL,
    updated      BLOB NOT NULL
) STRICT;

CREATE TABLE coin (
    coin    TEXT PRIMARY KEY,
    created BLOB NOT NULL
) STRICT;

CREATE TABLE measurement (
    kind        INTEGER NOT NULL,
    measurement BLOB NOT NULL,
    until_ms    BLOB NOT NULL,
    updated     BLOB NOT NULL,
    PRIMARY KEY (kind, measurement)
) STRICT;

CREATE TABLE model (
    model         BLOB PRIMARY KEY,
    name          TEXT NOT NULL,
    manifest_hash BLOB NOT NULL,
    modality      TEXT NOT NULL,
    weights_uri   TEXT NOT NULL,
    created       BLOB NOT NULL
) STRICT;

CREATE TABLE node (
    node                BLOB PRIMARY KEY,
    pool                BLOB NOT NULL,
    cap                 BLOB NOT NULL,
    status              TEXT NOT NULL,
    commission_bps      INTEGER NOT NULL,
    max_commission_bps  INTEGER NOT NULL,
    proposed_commission INTEGER,
    min_own_stake       BLOB NOT NULL,
    own_stake           BLOB NOT NULL,
    delegated_stake     BLOB NOT NULL,
    burned              BLOB NOT NULL,
    created             BLOB NOT NULL,
    updated             BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX node_pool ON node (pool);

CREATE TABLE offer (
    node            BLOB NOT NULL,
    model           BLOB NOT NULL,
    coin            TEXT NOT NULL,
    input_price     BLOB NOT NULL,
    output_price    BLOB NOT NULL,
    context_length  BLOB NOT NULL,
    engine_class    TEXT NOT NULL,
    credit          BLOB NOT NULL,
    max_routing_bps INTEGER NOT NULL,
    min_deposit     BLOB NOT NULL,
    updated         BLOB NOT NULL,
    PRIMARY KEY (node, model, coin)
) STRICT;

CREATE TABLE key_epoch (
    node                 BLOB NOT NULL,
    key_epoch            BLOB NOT NULL,
    kind                 INTEGER NOT NULL,
    measurement          BLOB NOT NULL,
    signing_key          BLOB NOT NULL,
    sealing_keys         BLOB NOT NULL,
    manifest_hash        BLOB NOT NULL,
    evidence_hash        BLOB NOT NULL,
    evidence_uri         TEXT NOT NULL,
    report_data          BLOB NOT NULL,
    anchor_seq           BLOB NOT NULL,
    anchor_digest        BLOB NOT NULL,
    posted_ms            BLOB NOT NULL,
    posted               BLOB NOT NULL,
    posted_digest        BLOB NOT NULL,
    grade                BLOB,
    anchor_ms            BLOB,
    expires_ms           BLOB,
    attestor_set_version BLOB,
    signers              BLOB,
    graded_digest        BLOB,
    ended                INTEGER NOT NULL,
    updated              BLOB NOT NULL,
    PRIMARY KEY (node, key_epoch)
) STRICT;
CREATE UNIQUE INDEX key_epoch_posted ON key_epoch (posted);

CREATE TABLE channel (
    channel              BLOB PRIMARY KEY,
    node                 BLOB NOT NULL,
    payer_cap            BLOB NOT NULL,
    coin                 TEXT NOT NULL,
    voucher_key          BLOB NOT NULL,
    refund_to            BLOB NOT NULL,
    router               BLOB NOT NULL,
    routing_bps          INTEGER NOT NULL,
    protocol_bps         INTEGER NOT NULL,
    slots                TEXT NOT NULL,
    need                 BLOB NOT NULL,
    credit               BLOB NOT NULL,
    grace_ms             BLOB NOT NULL,
    reap_ms              BLOB NOT NULL,
    expires_ms           BLOB NOT NULL,
    state                TEXT NOT NULL,
    funded               BLOB NOT NULL,
    authorized           BLOB NOT NULL,
    paid                 BLOB NOT NULL,
    folded               BLOB NOT NULL,
    refund               BLOB,
    routing_claimed      BLOB NOT NULL,
    compensated          BLOB NOT NULL,
    compensation_claimed BLOB NOT NULL,
    created              BLOB NOT NULL,
    created_digest       BLOB NOT NULL,
    updated              BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX channel_created ON channel (created);
CREATE INDEX channel_node ON channel (node, created);

CREATE TABLE settlement (
    position      BLOB PRIMARY KEY,
    digest        BLOB NOT NULL,
    timestamp_ms  BLOB NOT NULL,
    channel       BLOB NOT NULL,
    node          BLOB NOT NULL,
    vault         BLOB NOT NULL,
    key_epoch     BLOB NOT NULL,
    kind          INTEGER NOT NULL,
    taken         INTEGER NOT NULL,
    earned        BLOB NOT NULL,
    receipts      BLOB NOT NULL,
    input_tokens  BLOB NOT NULL,
    output_tokens BLOB NOT NULL,
    root          BLOB NOT NULL,
    authorized    BLOB NOT NULL,
    paid          BLOB NOT NULL,
    payment       BLOB NOT NULL,
    protocol      BLOB NOT NULL,
    routing       BLOB NOT NULL,
    stakers       BLOB NOT NULL,
    operator      BLOB NOT NULL
) STRICT;
CREATE INDEX settlement_channel ON settlement (channel, position);
CREATE INDEX settlement_lane ON settlement (channel, key_epoch, receipts);

CREATE TABLE vault (
    vault        BLOB PRIMARY KEY,
    node         BLOB NOT NULL,
    coin         TEXT NOT NULL,
    hold_back_ms BLOB NOT NULL,
    held         BLOB NOT NULL,
    free         BLOB NOT NULL,
    created      BLOB NOT NULL,
    updated      BLOB NOT NULL
) STRICT;
CREATE INDEX vault_node ON vault (node);

-- What left a vault: swept to the treasury, distributed to the pool, withdrawn by the operator.
CREATE TABLE vault_outflow (
    position     BLOB PRIMARY KEY,
    digest       BLOB NOT NULL,
    timestamp_ms BLOB NOT NULL,
    vault        BLOB NOT NULL,
    kind         TEXT NOT NULL,
    amount       BLOB NOT NULL,
    recipient    BLOB
) STRICT;
CREATE INDEX vault_outflow_vault ON vault_outflow (vault, position);

-- Signed heads of receipts, as handed in; `leaf` is the hash of the signed message.
CREATE TABLE receipt (
    channel   BLOB NOT NULL,
    key_epoch BLOB NOT NULL,
    seq       BLOB NOT NULL,
    fee       BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    signature BLOB NOT NULL,
    leaf      BLOB NOT NULL,
    PRIMARY KEY (channel, key_epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt_total (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO receipt_total (only, count) VALUES (1, 0);
