/// The bytes that keys sign.
///
/// A message is the BCS of one struct whose first field is the domain, `blake2b256` of a string
/// such as `atoma/voucher/1`, and whose second is the id of the `Network` object. Signatures are
/// ed25519 (ZIP-215, as Sui checks) directly over these bytes. A contract rebuilds a message from
/// its own fields with one `bcs::to_bytes`; it never decodes one. 32-byte hashes are typed
/// `address`, which BCS writes without a length.
module atoma::message;

use sui::address;
use sui::bcs;
use sui::ed25519;
use sui::hash::blake2b256;

// === Errors ===

/// The bytes are not a public key of 32 bytes that binds its signatures.
#[error(code = 0)]
const EBadKey: vector<u8> = b"A public key has 32 bytes and is not of small order";

// === Constants ===

/// `blake2b256("atoma/voucher/1")`.
const VOUCHER: address = @0x17a7c322ba84c8056d5f1d3affb108c20c111d52d0fdab063052ba5aa971973d;
/// `blake2b256("atoma/statement/1")`.
const STATEMENT: address = @0x3484a43901a8238b6c5407273ace5b95b7e2ae91692341f5c59affafe2fb722c;
/// `blake2b256("atoma/receipt/1")`.
const RECEIPT: address = @0x04c951dc6b964fa572db0a82217af1ef79f5dee282b4688d3776739dfb23ae7a;
/// `blake2b256("atoma/verdict/1")`.
const VERDICT: address = @0xe88d362b1e16d7b377e86dd8e4a45f30aa0f932aefa42305b77e3780f9549ae8;
/// `blake2b256("atoma/report/1")`.
const REPORT: address = @0x55573ecf6aa3e28af65614a3c0ea69ce20dec9ad0d8096b9a5117fdab8c0376a;
/// `blake2b256("atoma/promise/1")`.
const PROMISE: address = @0xbdb74a311e049f8b3a3268fb1bbeec6926810c371fa28715a345c3598fdc4f61;

/// Bytes of an ed25519 public key.
const KEY_LENGTH: u64 = 32;

/// Every encoding of a point of small order that ZIP-215 decodes, the non-canonical ones included.
/// A key among them accepts signatures over messages that its owner never saw.
const SMALL_ORDER_KEYS: vector<vector<u8>> = vector[
    x"0100000000000000000000000000000000000000000000000000000000000000",
    x"0100000000000000000000000000000000000000000000000000000000000080",
    x"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    x"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    x"0000000000000000000000000000000000000000000000000000000000000000",
    x"0000000000000000000000000000000000000000000000000000000000000080",
    x"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    x"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    x"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    x"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    x"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    x"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    x"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    x"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

// === Structs ===

/// Payer to node: everything authorized on a channel since it was opened. 104 bytes.
public struct Voucher has copy, drop {
    domain: address,
    network: address,
    channel: address,
    cumulative: u64,
}

/// Node to payer: what one key earned on a channel, and the root over its receipts. 168 bytes.
public struct Statement has copy, drop {
    domain: address,
    network: address,
    channel: address,
    key_epoch: u64,
    earned: u64,
    receipts: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: address,
}

/// Node to payer: the head of one receipt, a leaf of the statement's tree. 152 bytes.
public struct Receipt has copy, drop {
    domain: address,
    network: address,
    account: address,
    key_epoch: u64,
    seq: u64,
    fee: u64,
    body_hash: address,
}

/// Attestor: what a node's evidence proves.
public struct Verdict has copy, drop {
    domain: address,
    network: address,
    node: address,
    key_epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    evidence_hash: address,
    report_data: address,
    grade: u64,
    anchor_ms: u64,
    attestor_set_version: u64,
}

/// What a TEE report must carry: its `blake2b256`, followed by zeros where there is room.
public struct Report has copy, drop {
    domain: address,
    network: address,
    node: address,
    kind: u8,
    key_epoch: u64,
    signing_key: vector<u8>,
    sealing_keys_hash: address,
    manifest_hash: address,
    anchor_seq: u64,
    anchor_digest: address,
}

/// Sequencer to requester: the request is in its batch at `seq`. 176 bytes.
public struct Promise has copy, drop {
    domain: address,
    network: address,
    sequencer: address,
    seq: u64,
    commitment: address,
    node: address,
    at_ms: u64,
}

// === Public functions ===

/// Bytes of a voucher.
public fun voucher(network: ID, channel: ID, cumulative: u64): vector<u8> {
    bcs::to_bytes(
        &Voucher {
            domain: VOUCHER,
            network: network.to_address(),
            channel: channel.to_address(),
            cumulative,
        },
    )
}

/// Bytes of a statement.
public fun statement(
    network: ID,
    channel: ID,
    key_epoch: u64,
    earned: u64,
    receipts: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: address,
): vector<u8> {
    bcs::to_bytes(
        &Statement {
            domain: STATEMENT,
            network: network.to_address(),
            channel: channel.to_address(),
            key_epoch,
            earned,
            receipts,
            input_tokens,
            output_tokens,
            root,
        },
    )
}

/// Bytes of a receipt's head.
public fun receipt(
    network: ID,
    account: ID,
    key_epoch: u64,
    seq: u64,
    fee: u64,
    body_hash: address,
): vector<u8> {
    bcs::to_bytes(
        &Receipt {
            domain: RECEIPT,
            network: network.to_address(),
            account: account.to_address(),
            key_epoch,
            seq,
            fee,
            body_hash,
        },
    )
}

/// Bytes of an attestor's verdict.
public fun verdict(
    network: ID,
    node: ID,
    key_epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    evidence_hash: address,
    report_data: address,
    grade: u64,
    anchor_ms: u64,
    attestor_set_version: u64,
): vector<u8> {
    bcs::to_bytes(
        &Verdict {
            domain: VERDICT,
            network: network.to_address(),
            node: node.to_address(),
            key_epoch,
            kind,
            measurement,
            evidence_hash,
            report_data,
            grade,
            anchor_ms,
            attestor_set_version,
        },
    )
}

/// The 32 bytes that a TEE report must carry for a key epoch.
public fun report_data(
    network: ID,
    node: ID,
    kind: u8,
    key_epoch: u64,
    signing_key: vector<u8>,
    sealing_keys_hash: address,
    manifest_hash: address,
    anchor_seq: u64,
    anchor_digest: address,
): address {
    hash(
        &bcs::to_bytes(
            &Report {
                domain: REPORT,
                network: network.to_address(),
                node: node.to_address(),
                kind,
                key_epoch,
                signing_key,
                sealing_keys_hash,
                manifest_hash,
                anchor_seq,
                anchor_digest,
            },
        ),
    )
}

/// Bytes of a sequencer's promise.
public fun promise(
    network: ID,
    sequencer: ID,
    seq: u64,
    commitment: address,
    node: ID,
    at_ms: u64,
): vector<u8> {
    bcs::to_bytes(
        &Promise {
            domain: PROMISE,
            network: network.to_address(),
            sequencer: sequencer.to_address(),
            seq,
            commitment,
            node: node.to_address(),
            at_ms,
        },
    )
}

/// Whether `signature` is by `key` over `message`.
public fun is_signed(message: &vector<u8>, signature: &vector<u8>, key: &vector<u8>): bool {
    ed25519::ed25519_verify(signature, key, message)
}

/// `blake2b256` of `bytes`, typed as 32 bytes.
public fun hash(bytes: &vector<u8>): address {
    address::from_bytes(blake2b256(bytes))
}

/// Whether `key` has 32 bytes and is not of small order.
public fun is_usable_key(key: &vector<u8>): bool {
    let small_order = SMALL_ORDER_KEYS;
    key.length() == KEY_LENGTH && !small_order.contains(key)
}

// === Package functions ===

/// Aborts with `EBadKey` unless the key is usable.
public(package) fun assert_usable_key(key: &vector<u8>) {
    assert!(is_usable_key(key), EBadKey);
}

// === Test-only functions ===

#[test_only]
public fun domains(): vector<address> { vector[VOUCHER, STATEMENT, RECEIPT, VERDICT, REPORT, PROMISE] }
