//! One channel, its keys and its terms.

use atoma_protocol::{
    channel::{ModelTerms, PayeeConfig, StreamSpec, Terms},
    commitment::{ClientNonce, commit_request},
    hash::ManifestHash,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    keys::SigningKey,
    money::{Amount, Price, Prices, Tokens},
};

/// Base units of credit; a part is half of it.
pub(crate) const CREDIT: Amount = Amount(1_000);
pub(crate) const STARTING_CREDIT: Amount = Amount(150);
pub(crate) const STEP_TOKENS: u64 = 4;
pub(crate) const MANIFEST: ManifestHash = ManifestHash::new([0x33; 32]);

pub(crate) fn tokens(count: u64) -> Tokens {
    Tokens::new(count).unwrap()
}

/// Model 0 costs 2 and 5 units a token, model 1 a third and two thirds, model 2 nothing.
pub(crate) fn model(index: u8) -> ModelId {
    ModelId::new([index % 3; 32])
}

pub(crate) fn voucher_key() -> SigningKey {
    SigningKey::from_seed([0x11; 32])
}

pub(crate) fn epoch_key(epoch: KeyEpoch) -> SigningKey {
    let mut seed = [0x22; 32];
    seed[..8].copy_from_slice(&epoch.0.to_le_bytes());
    SigningKey::from_seed(seed)
}

pub(crate) fn terms() -> Terms {
    let prices = |input, output| Prices {
        input: Price::new(input).unwrap(),
        output: Price::new(output).unwrap(),
    };
    let models = [
        prices(2_000_000, 5_000_000),
        prices(333_333, 666_667),
        prices(0, 0),
    ];
    Terms {
        network: NetworkId::new([0xaa; 32]),
        channel: ChannelId::new([0xcc; 32]),
        node: NodeId::new([0xdd; 32]),
        voucher_key: voucher_key().public(),
        credit: CREDIT,
        models: (0u8..)
            .zip(models)
            .map(|(index, prices)| ModelTerms {
                model: model(index),
                prices,
            })
            .collect(),
    }
}

pub(crate) fn payee_config() -> PayeeConfig {
    PayeeConfig {
        starting_credit: STARTING_CREDIT,
        paid_per_credit: 2,
        step_tokens: tokens(STEP_TOKENS),
        max_strikes: 3,
    }
}

pub(crate) fn nonce(number: u64) -> ClientNonce {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    ClientNonce::new(bytes)
}

/// A request; `number` makes it unlike any other.
pub(crate) fn spec(number: u64, model_index: u8, input_bound: u64, max_output: u64) -> StreamSpec {
    StreamSpec {
        model: model(model_index),
        input_bound: tokens(input_bound),
        max_output: tokens(max_output),
        request_commitment: commit_request(&nonce(number), "/v1/completions", b"{}"),
        manifest_hash: MANIFEST,
    }
}
