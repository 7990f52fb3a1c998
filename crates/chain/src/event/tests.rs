use std::{collections::BTreeSet, fs};

use atoma_protocol::{
    hash::MerkleRoot,
    ids::{ChannelId, KeyEpoch, NetworkId, ObjectId, PackageId},
    money::{Amount, Bps, Price},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};
use proptest::prelude::*;
use sui_sdk_types::{Address, Identifier, StructTag};

use super::*;
use crate::id::SuiId as _;

const ORIGINAL: u8 = 0xa1;
const UPGRADE: u8 = 0xa2;
const STRANGER: u8 = 0xb1;

const AT: Position = Position {
    checkpoint: CheckpointSeq(7),
    transaction: 2,
    event: 1,
};

fn lineage() -> Lineage {
    Lineage::new(vec![
        PackageId::new([ORIGINAL; 32]),
        PackageId::new([UPGRADE; 32]),
    ])
    .unwrap()
}

fn event(package: u8, module: &str, name: &str, contents: Vec<u8>) -> Event {
    Event {
        package_id: Address::new([package; 32]),
        module: Identifier::from_static("channel"),
        sender: Address::new([0x5e; 32]),
        type_: StructTag::new(
            Address::new([package; 32]),
            Identifier::new(module).unwrap(),
            Identifier::new(name).unwrap(),
            Vec::new(),
        ),
        contents,
    }
}

/// `ChannelSettled`, byte by byte.
fn settled_bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend([0xc4; 32]); // channel
    bytes.extend([0x7a; 32]); // vault
    bytes.extend(3_u64.to_le_bytes()); // key_epoch
    bytes.push(0); // kind
    bytes.push(1); // taken
    bytes.extend(500_u64.to_le_bytes()); // earned
    bytes.extend(4_u64.to_le_bytes()); // receipts
    bytes.extend(u64::MAX.to_le_bytes()); // input_tokens
    bytes.extend(21_u64.to_le_bytes()); // output_tokens
    bytes.extend([0x20; 32]); // root
    for amount in [900_u64, 500, 120, 6, 12, 20, 82] {
        bytes.extend(amount.to_le_bytes());
    }
    bytes
}

fn settled() -> AtomaEvent {
    AtomaEvent::ChannelSettled(ChannelSettled {
        channel: ChannelId::new([0xc4; 32]),
        vault: ObjectId::new([0x7a; 32]),
        key_epoch: KeyEpoch(3),
        kind: EvidenceKind::Simulated,
        taken: true,
        earned: Amount(500),
        receipts: 4,
        input_tokens: u64::MAX,
        output_tokens: 21,
        root: MerkleRoot::new([0x20; 32]),
        authorized: Amount(900),
        paid: Amount(500),
        payment: Amount(120),
        protocol: Amount(6),
        routing: Amount(12),
        stakers: Amount(20),
        operator: Amount(82),
    })
}

#[test]
fn decodes_bytes_written_by_hand() {
    for package in [ORIGINAL, UPGRADE] {
        let event = event(package, "events", "ChannelSettled", settled_bytes());
        assert_eq!(decode(&lineage(), &event, AT).unwrap(), Some(settled()));
    }
}

#[test]
fn decodes_strings_types_keys_and_vectors() {
    let coin = format!("{}::usd::USD", "0b".repeat(32));
    // An ed25519 public key that is not of small order: the base point.
    let key: [u8; 32] =
        hex::decode("5866666666666666666666666666666666666666666666666666666666666666")
            .unwrap()
            .try_into()
            .unwrap();
    let mut bytes = Vec::new();
    for id in [1_u8, 2, 3, 4] {
        bytes.extend([id; 32]); // network, channel, node, payer_cap
    }
    bytes.push(u8::try_from(coin.len()).unwrap());
    bytes.extend(coin.as_bytes());
    bytes.push(32);
    bytes.extend(key);
    bytes.extend([5; 32]); // refund_to
    bytes.extend([6; 32]); // router
    bytes.extend(250_u64.to_le_bytes()); // routing_bps
    bytes.extend(500_u64.to_le_bytes()); // protocol_bps
    bytes.push(1);
    bytes.extend([7; 32]); // models
    bytes.push(1);
    bytes.extend(1_000_u64.to_le_bytes()); // input_prices
    bytes.push(1);
    bytes.extend(2_000_u64.to_le_bytes()); // output_prices
    for number in [1_u64 << 63, 10, 20, 30, 40, 50] {
        bytes.extend(number.to_le_bytes()); // need, credit, grace_ms, reap_ms, expires_ms, funded
    }
    let event = event(ORIGINAL, "events", "ChannelOpened", bytes);
    let Some(AtomaEvent::ChannelOpened(opened)) = decode(&lineage(), &event, AT).unwrap() else {
        panic!("a channel was opened");
    };
    assert_eq!(opened.network, NetworkId::new([1; 32]));
    assert_eq!(opened.coin.to_string(), format!("0x{coin}"));
    assert_eq!(opened.voucher_key.as_bytes(), &key);
    assert_eq!(opened.routing_bps, Bps::new(250).unwrap());
    assert_eq!(opened.output_prices, [Price::new(2_000).unwrap()]);
    assert_eq!(opened.need, Grade::SIMULATED);
    assert_eq!(opened.expires_ms, TimestampMs(40));
    assert_eq!(opened.funded, Amount(50));
}

#[test]
fn a_look_alike_package_is_not_heard() {
    let fake = event(STRANGER, "events", "ChannelSettled", settled_bytes());
    assert_eq!(decode(&lineage(), &fake, AT).unwrap(), None);

    // A stranger that calls our code emits our event: it is the type that counts, not the caller.
    let mut called = event(ORIGINAL, "events", "ChannelSettled", settled_bytes());
    called.package_id = Address::new([STRANGER; 32]);
    called.module = Identifier::from_static("evil");
    assert_eq!(decode(&lineage(), &called, AT).unwrap(), Some(settled()));

    // And our package called by whomever, emitting a stranger's type, is a stranger's event.
    let mut foreign = fake;
    foreign.package_id = Address::new([ORIGINAL; 32]);
    assert_eq!(decode(&lineage(), &foreign, AT).unwrap(), None);
}

#[test]
fn a_strangers_broken_event_is_no_error() {
    let fake = event(STRANGER, "events", "ChannelSettled", vec![1, 2, 3]);
    assert_eq!(decode(&lineage(), &fake, AT).unwrap(), None);
}

#[test]
fn what_does_not_decode_says_where() {
    let short = settled_bytes()[1..].to_vec();
    let mut long = settled_bytes();
    long.push(0);
    let mut bad_kind = settled_bytes();
    bad_kind[72] = 99;
    let generic = {
        let mut event = event(ORIGINAL, "events", "ChannelSettled", settled_bytes());
        event.type_ = StructTag::new(
            Address::new([ORIGINAL; 32]),
            Identifier::from_static("events"),
            Identifier::from_static("ChannelSettled"),
            vec![sui_sdk_types::TypeTag::U8],
        );
        event
    };
    for bad in [
        event(ORIGINAL, "events", "ChannelSettled", short),
        event(ORIGINAL, "events", "ChannelSettled", long),
        event(ORIGINAL, "events", "ChannelSettled", bad_kind),
        event(ORIGINAL, "events", "NotYetKnown", settled_bytes()),
        event(UPGRADE, "news", "ChannelSettled", settled_bytes()),
        generic,
    ] {
        let error = decode(&lineage(), &bad, AT).unwrap_err();
        assert!(
            matches!(&error, ChainError::UndecodableEvent { position, .. } if *position == AT),
            "{error}"
        );
        assert!(error.to_string().contains("7:2:1"), "{error}");
    }
}

#[test]
fn every_event_of_the_source_is_known() {
    let source = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../move/atoma/sources/events.move"
    ))
    .unwrap();
    let declared: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("public struct "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(declared, AtomaEvent::NAMES.iter().copied().collect());
}

#[test]
fn positions_are_ordered_as_things_happened() {
    let at = |checkpoint, transaction, event| Position {
        checkpoint: CheckpointSeq(checkpoint),
        transaction,
        event,
    };
    let mut order = [at(2, 0, 0), at(1, 1, 0), at(1, 0, 9), at(1, 0, 1)];
    order.sort();
    assert_eq!(order, [at(1, 0, 1), at(1, 0, 9), at(1, 1, 0), at(2, 0, 0)]);
}

#[test]
fn is_tagged_in_json() {
    let json = serde_json::to_value(settled()).unwrap();
    assert_eq!(json["type"], "ChannelSettled");
    assert_eq!(json["channel"], format!("0x{}", "c4".repeat(32)));
    assert_eq!(settled().name(), "ChannelSettled");
    assert_eq!(
        PackageId::new([ORIGINAL; 32]).to_sui(),
        Address::new([ORIGINAL; 32])
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(
        name in proptest::sample::select(AtomaEvent::NAMES),
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let event = event(ORIGINAL, "events", name, bytes);
        if let Ok(decoded) = decode(&lineage(), &event, AT) {
            prop_assert_eq!(decoded.map(|event| event.name()), Some(name));
        }
    }
}
