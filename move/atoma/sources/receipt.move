/// Receipts: a public head, signed and a leaf of the statement's tree, over a sealed body.
///
/// The head is signed as `message::Receipt`; its bytes are the Merkle leaf. The body is not signed:
/// the head holds `body_hash = blake2b256(bcs(body))`.
module atoma::receipt;

use atoma::merkle;
use atoma::message;
use sui::bcs;

// === Structs ===

/// What everybody may see of a receipt.
public struct Head has copy, drop {
    /// Id of the channel or task.
    account: ID,
    key_epoch: u64,
    /// Dense from 0 per account and key epoch; the index of the leaf.
    seq: u64,
    /// Base units for this part.
    fee: u64,
    body_hash: address,
}

/// What only the requester sees, until somebody proves an overcharge with it. Counts are of this
/// part; `*_before` are of the earlier parts of the same answer.
public struct Body has copy, drop {
    request_commitment: address,
    response_commitment: address,
    part: u32,
    last: bool,
    model: address,
    manifest_hash: address,
    input_before: u64,
    output_before: u64,
    input_tokens: u64,
    output_tokens: u64,
    finished_at_ms: u64,
}

// === Public functions ===

/// A head from its fields.
public fun new_head(account: ID, key_epoch: u64, seq: u64, fee: u64, body_hash: address): Head {
    Head { account, key_epoch, seq, fee, body_hash }
}

/// A body from its fields.
public fun new_body(
    request_commitment: address,
    response_commitment: address,
    part: u32,
    last: bool,
    model: ID,
    manifest_hash: address,
    input_before: u64,
    output_before: u64,
    input_tokens: u64,
    output_tokens: u64,
    finished_at_ms: u64,
): Body {
    Body {
        request_commitment,
        response_commitment,
        part,
        last,
        model: model.to_address(),
        manifest_hash,
        input_before,
        output_before,
        input_tokens,
        output_tokens,
        finished_at_ms,
    }
}

/// The bytes that the head's signature is over, and that its leaf hashes.
public fun bytes(head: &Head, network: ID): vector<u8> {
    message::receipt(
        network,
        head.account,
        head.key_epoch,
        head.seq,
        head.fee,
        head.body_hash,
    )
}

/// Whether `signature` over the head is by `key`.
public fun is_signed(head: &Head, network: ID, signature: &vector<u8>, key: &vector<u8>): bool {
    message::is_signed(&head.bytes(network), signature, key)
}

/// Whether the head is the leaf at its own `seq` under `root`, a tree of `count` receipts.
public fun is_included(
    head: &Head,
    network: ID,
    root: address,
    count: u64,
    siblings: vector<address>,
): bool {
    merkle::includes(root, count, head.seq, merkle::leaf(head.bytes(network)), siblings)
}

/// Whether both heads have one number but differ: no honest key signs both.
public fun conflicts_with(head: &Head, other: &Head): bool {
    head != other
        && head.account == other.account
        && head.key_epoch == other.key_epoch
        && head.seq == other.seq
}

/// Whether `body` is the body of the head.
public fun has_body(head: &Head, body: &Body): bool {
    head.body_hash == body.hash()
}

public use fun body_hash as Body.hash;

/// `blake2b256(bcs(body))`.
public fun body_hash(body: &Body): address {
    message::hash(&bcs::to_bytes(body))
}

// === View functions ===

/// Id of the channel or task.
public fun account(head: &Head): ID { head.account }

/// Key epoch whose key signed the head.
public fun key_epoch(head: &Head): u64 { head.key_epoch }

/// Number of the receipt within its account and key epoch.
public fun seq(head: &Head): u64 { head.seq }

/// Fee of this part in base units.
public fun fee(head: &Head): u64 { head.fee }

/// Model that answered.
public fun model(body: &Body): ID { body.model.to_id() }

/// Tokens of this part: input, output.
public fun tokens(body: &Body): (u64, u64) { (body.input_tokens, body.output_tokens) }

/// Tokens of the earlier parts of the same answer: input, output.
public fun tokens_before(body: &Body): (u64, u64) { (body.input_before, body.output_before) }
