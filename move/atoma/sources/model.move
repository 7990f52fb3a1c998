/// Models that nodes may offer. Anybody registers one; the manifest hash says exactly which weights.
///
/// | object     | kind   | fields                                                            | who writes |
/// |------------|--------|-------------------------------------------------------------------|------------|
/// | `Model`    | shared | `version, network, name, manifest_hash, modality, weights_uri, bond, cap` | nobody; `bond` is empty for now |
/// | `ModelCap` | owned  | `model`: right to the bond                                        | - |
module atoma::model;

use atoma::atoma::ATOMA;
use atoma::events;
use atoma::network::Network;
use atoma::version;
use std::string::String;
use sui::balance::{Self, Balance};

// === Errors ===

/// Name or URI is empty or too long.
#[error(code = 0)]
const EBadText: vector<u8> = b"A model has a name of 1 to 128 bytes and a weights URI of at most 512";
/// The modality is unknown.
#[error(code = 1)]
const EBadModality: vector<u8> = b"There is no such modality";
/// The model belongs to another network.
#[error(code = 2)]
const EWrongNetwork: vector<u8> = b"The model belongs to another network";

// === Constants ===

const MAX_NAME_LENGTH: u64 = 128;
const MAX_URI_LENGTH: u64 = 512;

/// Text in, text out.
const TEXT: u8 = 0;
/// Text in, vector out.
const EMBEDDING: u8 = 1;
/// Text and images in, text out.
const VISION: u8 = 2;

// === Structs ===

/// One model of one network.
public struct Model has key {
    id: UID,
    version: u64,
    network: ID,
    name: String,
    /// Hash of the manifest that lists every file of the model with its hash.
    manifest_hash: address,
    modality: u8,
    weights_uri: String,
    bond: Balance<ATOMA>,
    /// The one valid `ModelCap`.
    cap: ID,
}

/// Right to a model's bond.
public struct ModelCap has key, store {
    id: UID,
    model: ID,
}

// === Public functions ===

/// Registers and shares a model. Names are not unique: clients choose by id or manifest hash.
public fun register(
    network: &Network,
    name: String,
    manifest_hash: address,
    modality: u8,
    weights_uri: String,
    ctx: &mut TxContext,
): ModelCap {
    network.assert_open();
    assert!(
        !name.is_empty()
            && name.length() <= MAX_NAME_LENGTH
            && weights_uri.length() <= MAX_URI_LENGTH,
        EBadText,
    );
    assert!(modality <= VISION, EBadModality);
    let id = object::new(ctx);
    let cap = ModelCap { id: object::new(ctx), model: id.to_inner() };
    events::emit_model_registered(
        object::id(network),
        cap.model,
        object::id(&cap),
        name,
        manifest_hash,
        modality,
        weights_uri,
    );
    transfer::share_object(Model {
        id,
        version: version::current(),
        network: object::id(network),
        name,
        manifest_hash,
        modality,
        weights_uri,
        bond: balance::zero(),
        cap: object::id(&cap),
    });
    cap
}

// === View functions ===

/// Network of the model.
public fun network(model: &Model): ID { model.network }

/// Name of the model.
public fun name(model: &Model): String { model.name }

/// Hash of the model's manifest.
public fun manifest_hash(model: &Model): address { model.manifest_hash }

/// What the model takes and gives: `text`, `embedding` or `vision`.
public fun modality(model: &Model): u8 { model.modality }

/// Where the weights are.
public fun weights_uri(model: &Model): String { model.weights_uri }

/// Modality: text in, text out.
public fun text(): u8 { TEXT }

/// Modality: text in, vector out.
public fun embedding(): u8 { EMBEDDING }

/// Modality: text and images in, text out.
public fun vision(): u8 { VISION }

// === Package functions ===

/// Aborts with `EWrongNetwork` unless the model is of `network`.
public(package) fun assert_network(model: &Model, network: ID) {
    version::assert_current(model.version);
    assert!(model.network == network, EWrongNetwork);
}
