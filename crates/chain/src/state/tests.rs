use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId, ObjectId, PackageId},
    money::{Amount, Bps},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};
use proptest::prelude::*;
use sui_sdk_types::{
    Address as SuiAddress, Digest, Identifier, MoveStruct, Object, ObjectData, Owner, StructTag,
    TypeTag,
};

use super::{mirror::FromMove, object::sealed::Decode, *};
use crate::{
    deployment::{CoinType, Lineage},
    error::ChainError,
    generated::atoma::key_epoch::KeyEpoch as RawKeyEpoch,
    id::SuiId as _,
};

const ORIGINAL: u8 = 0xa1;

fn lineage() -> Lineage {
    Lineage::new(vec![
        PackageId::new([ORIGINAL; 32]),
        PackageId::new([0xa2; 32]),
    ])
    .unwrap()
}

fn usd() -> CoinType {
    CoinType::new(PackageId::new([0xd0; 32]), "usd", "USD").unwrap()
}

fn tag(package: u8, module: &str, name: &str, params: Vec<TypeTag>) -> StructTag {
    StructTag::new(
        SuiAddress::new([package; 32]),
        Identifier::new(module).unwrap(),
        Identifier::new(name).unwrap(),
        params,
    )
}

fn object(tag: StructTag, owner: Owner, contents: Vec<u8>) -> Object {
    Object::new(
        ObjectData::Struct(MoveStruct::new(tag, false, 1, contents).unwrap()),
        owner,
        Digest::ZERO,
        0,
    )
}

/// Bytes written by hand, field by field.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn id(mut self, byte: u8) -> Self {
        self.0.extend([byte; 32]);
        self
    }

    fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn u8(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push(u8::try_from(bytes.len()).unwrap());
        self.0.extend(bytes);
        self
    }
}

/// An ed25519 public key that is not of small order: the base point.
fn key() -> Vec<u8> {
    let mut key = vec![0x66; 32];
    key[0] = 0x58;
    key
}

fn channel() -> Vec<u8> {
    Bytes::default()
        .id(1) // id
        .u64(1) // version
        .id(2) // network
        .id(3) // node
        .id(4) // payer_cap
        .bytes(&key()) // voucher_key
        .id(5) // refund_to
        .id(6) // router
        .u64(300) // routing_bps
        .u64(500) // protocol_bps
        .u8(1) // one slot
        .id(7) // model
        .u64(10) // input_price
        .u64(20) // output_price
        .u64(1 << 63) // need
        .u64(1_000) // credit
        .u64(5_000) // grace_ms
        .u64(10_000) // reap_ms
        .u64(99) // expires_ms
        .u8(1) // state: closing
        .u8(1) // since: some
        .u64(11) // live_ms
        .u64(12) // clock_ms
        .u64(9_400) // balance
        .u64(10_000) // funded
        .u64(800) // authorized
        .u64(700) // paid
        .u64(100) // folded
        .u8(1) // one lane
        .u64(3) // epoch
        .u64(650) // earned
        .u64(9) // receipts
        .id(8) // root
        .u64(1) // routing_claimed
        .u64(40) // compensated
        .u64(15) // compensation_claimed
        .0
}

fn channel_object(package: u8) -> Object {
    let tag = tag(package, "channel", "Channel", vec![usd().type_tag()]);
    object(tag, Owner::Shared(1), channel())
}

#[test]
fn a_channel_decodes_from_bytes_written_by_hand() {
    let state: ChannelState = decode(&lineage(), &channel_object(ORIGINAL)).unwrap();
    assert_eq!(state.id, ChannelId::new([1; 32]));
    assert_eq!(state.coin, usd());
    assert_eq!(state.network, NetworkId::new([2; 32]));
    assert_eq!(state.node, NodeId::new([3; 32]));
    assert_eq!(state.routing_bps, Bps::new(300).unwrap());
    assert_eq!(state.need, Grade::SIMULATED);
    assert_eq!(state.state, ChannelStatus::Closing);
    assert_eq!(
        state.since,
        Some(Window {
            live_ms: LiveMs(11),
            clock_ms: TimestampMs(12)
        })
    );
    assert_eq!(state.due(), Amount(750));
    assert_eq!(state.routing_due(), Amount(20));
    assert_eq!(state.compensation_due(), Amount(25));
    assert_eq!(state.lanes[0].epoch, KeyEpoch(3));
    assert!(state.slot(ModelId::new([7; 32])).is_some());
    assert!(state.slot(ModelId::new([8; 32])).is_none());
}

#[test]
fn objects_of_other_packages_modules_types_and_shapes_are_refused() {
    let usd = vec![usd().type_tag()];
    let refused = [
        channel_object(0xb1),
        object(
            tag(ORIGINAL, "tunnel", "Channel", usd.clone()),
            Owner::Shared(1),
            channel(),
        ),
        object(
            tag(ORIGINAL, "channel", "Canal", usd.clone()),
            Owner::Shared(1),
            channel(),
        ),
        object(
            tag(ORIGINAL, "channel", "Channel", vec![]),
            Owner::Shared(1),
            channel(),
        ),
        object(
            tag(ORIGINAL, "channel", "Channel", vec![TypeTag::U64]),
            Owner::Shared(1),
            channel(),
        ),
        object(
            tag(ORIGINAL, "channel", "Channel", usd.clone()),
            Owner::Shared(1),
            channel()[..200].to_vec(),
        ),
        object(
            tag(ORIGINAL, "channel", "Channel", usd),
            Owner::Shared(1),
            [channel(), vec![0]].concat(),
        ),
    ];
    for object in refused {
        let error = decode::<ChannelState>(&lineage(), &object).unwrap_err();
        assert!(
            matches!(&error, ChainError::WrongObject { expected, .. } if expected == "channel::Channel"),
            "{error}"
        );
    }
}

fn key_epoch(epoch: u64) -> Vec<u8> {
    Bytes::default()
        .u64(epoch)
        .u8(0) // kind
        .u64(1 << 63) // grade
        .bytes(&[1, 2, 3]) // measurement
        .bytes(&key()) // signing_key
        .id(4) // sealing_keys_hash
        .id(5) // manifest_hash
        .id(6) // evidence_hash
        .bytes(b"https://example.org") // evidence_uri
        .id(7) // report_data
        .u64(8) // anchor_seq
        .id(9) // anchor_digest
        .u64(100) // anchor_ms
        .u64(110) // posted_ms
        .u64(900) // expires_ms
        .0
}

#[test]
fn a_key_epoch_is_live_until_it_expires_and_paid_for_ever() {
    let raw: RawKeyEpoch = bcs::from_bytes(&key_epoch(2)).unwrap();
    let state = KeyEpochState::from_move(raw).unwrap();
    assert_eq!(
        (state.epoch, state.kind),
        (KeyEpoch(2), EvidenceKind::Simulated)
    );
    assert_eq!(state.evidence_uri, "https://example.org");
    assert!(state.is_live(TimestampMs(899)) && !state.is_live(TimestampMs(900)));
    assert!(state.covers(Grade::SIMULATED) && !state.covers(Grade::TCB));
    let ungraded = KeyEpochState {
        grade: Grade(0),
        ..state
    };
    assert!(!ungraded.covers(Grade(0)) && !ungraded.is_live(TimestampMs(0)));
}

#[test]
fn a_node_finds_its_offers_vaults_and_epochs() {
    let coin = format!("{}::usd::USD", "d0".repeat(32));
    let mut bytes = Bytes::default()
        .id(1)
        .u64(1)
        .id(2) // network
        .id(3) // cap
        .id(4) // pool
        .u8(0) // status
        .u64(8_000)
        .u64(9_000)
        .u8(0) // no pending commission
        .u8(0) // not jailed
        .u64(10_000) // jail_ms
        .u8(1) // one offer
        .id(5)
        .bytes(coin.as_bytes())
        .u64(10)
        .u64(20)
        .u64(u64::MAX) // context_length: any number is allowed
        .bytes(b"candle")
        .u64(1_000)
        .u64(300)
        .u64(5_000)
        .u8(1) // one vault
        .bytes(coin.as_bytes())
        .id(6)
        .u64(3) // next_epoch
        .u8(1); // one epoch at hand
    bytes.0.extend(key_epoch(2));
    let bytes = bytes.id(7).u64(2).0; // archive: id, size
    let object = object(tag(0xa2, "node", "Node", vec![]), Owner::Shared(1), bytes);
    let state: NodeState = decode(&lineage(), &object).unwrap();
    assert_eq!(state.status, NodeStatus::Active);
    assert_eq!(state.vault(&usd()), Some(ObjectId::new([6; 32])));
    assert_eq!(state.vault(&CoinType::sui()), None);
    let offer = state.offer(ModelId::new([5; 32]), &usd()).unwrap();
    assert_eq!(offer.prices().output.get(), 20);
    assert!(
        state
            .offer(ModelId::new([5; 32]), &CoinType::sui())
            .is_none()
    );
    assert!(state.latest_epoch(KeyEpoch(2)).is_some());
    assert!(state.latest_epoch(KeyEpoch(1)).is_none());
    assert_eq!(state.archive, ObjectId::new([7; 32]));
}

#[test]
fn an_archived_epoch_must_be_the_field_of_that_table() {
    let archive = ObjectId::new([7; 32]);
    let field = |parent: u8, key: u64, kind: StructTag| {
        let mut bytes = Bytes::default().id(0xf1).u64(key);
        bytes.0.extend(key_epoch(1));
        object(kind, Owner::Object(SuiAddress::new([parent; 32])), bytes.0)
    };
    let kind = || {
        let value = tag(ORIGINAL, "key_epoch", "KeyEpoch", vec![]);
        StructTag::new(
            SuiAddress::TWO,
            Identifier::from_static("dynamic_field"),
            Identifier::from_static("Field"),
            vec![TypeTag::U64, TypeTag::Struct(Box::new(value))],
        )
    };
    let read =
        |object: &Object| decode_field::<u64, RawKeyEpoch, KeyEpochState>(archive, &1, object);
    assert_eq!(read(&field(7, 1, kind())).unwrap().epoch, KeyEpoch(1));
    for wrong in [
        field(8, 1, kind()),
        field(7, 2, kind()),
        field(7, 1, tag(0xb1, "dynamic_field", "Field", vec![])),
    ] {
        assert!(matches!(read(&wrong), Err(ChainError::WrongObject { .. })));
    }
}

#[test]
fn a_fields_id_is_suis() {
    // Field 2 (u64) of object 0x5: the inner object of mainnet's system state.
    let mut parent = [0; 32];
    parent[31] = 5;
    let id = field_id(ObjectId::new(parent), &TypeTag::U64, &2_u64.to_le_bytes());
    assert_eq!(
        id.to_string(),
        "0x5b890eaf2abcfa2ab90b77b8e6f3d5d8609586c3e583baf3dccd5af17edf48d1"
    );
}

#[test]
fn live_time_is_as_in_the_contracts() {
    let state = LiveTimeState {
        id: ObjectId::new([1; 32]),
        version: 1,
        network: NetworkId::new([2; 32]),
        gap_ms: 1_000,
        live_ms: LiveMs(5_000),
        last_ms: TimestampMs(100_000),
    };
    assert_eq!(state.now(TimestampMs(100_400)), LiveMs(5_400));
    // A halt adds one gap at most, a clock behind the last tick nothing.
    assert_eq!(state.now(TimestampMs(900_000)), LiveMs(6_000));
    assert_eq!(state.now(TimestampMs(1)), LiveMs(5_000));
    let window = Window {
        live_ms: LiveMs(4_000),
        clock_ms: TimestampMs(99_000),
    };
    assert!(!state.is_over(&window, 999, TimestampMs(100_998)));
    assert!(state.is_over(&window, 999, TimestampMs(100_999)));
    let last_day = 99_000 + 10_000 + 1_000 + 7 * 24 * 3_600_000;
    assert!(!state.is_over(&window, 10_000, TimestampMs(last_day - 1)));
    assert!(state.is_over(&window, 10_000, TimestampMs(last_day)));
}

#[test]
fn listings_ask_for_the_original_type() {
    let tag = struct_tag::<NodeCapState>(&lineage());
    assert_eq!(PackageId::from_sui(*tag.address()), lineage().original());
    assert_eq!(tag.name().as_str(), "NodeCap");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = ChannelState::decode(&bytes, Some(usd()));
        let _ = VaultState::decode(&bytes, Some(usd()));
        let _ = NodeState::decode(&bytes, None);
        let _ = NetworkState::decode(&bytes, None);
        let _ = PoolState::decode(&bytes, None);
        let _ = AttestorsState::decode(&bytes, None);
        let _ = ModelState::decode(&bytes, None);
    }
}
