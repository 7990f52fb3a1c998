//! A package that names its modules, events, errors, objects and coin as ours does.

use atoma_chain::{
    Abort, Action, AtomaEvent, ChainError, CoinType, abort::Named, action::Access, event, tx,
};
use atoma_contracts_tests::compiled;
use atoma_protocol::{
    hash::MerkleRoot,
    ids::{Address, ChannelId, ObjectId, PackageId},
    money::Amount,
};
use sui_sdk_types::{ObjectType, StructTag};

use crate::market::{DEPOSIT, Market, TestChannel};

/// The published package and what its publication made.
struct LookAlike {
    package: PackageId,
    created: Vec<(ObjectId, StructTag)>,
}

/// Types of objects.
async fn types(m: &Market, ids: &[ObjectId]) -> Vec<(ObjectId, StructTag)> {
    let objects = m.client.rpc().objects(ids).await.unwrap();
    ids.iter()
        .zip(objects)
        .filter_map(|(id, object)| match object?.object_type() {
            ObjectType::Struct(tag) => Some((*id, tag)),
            ObjectType::Package => None,
        })
        .collect()
}

impl LookAlike {
    async fn publish(m: &Market) -> Self {
        let package = compiled(atoma_contracts::testing::package("lookalike").unwrap());
        let publish = tx::publish(package.modules, package.dependencies, m.stranger.address());
        let outcome = m.ok(&m.stranger, &publish).await;
        let made = m.executed(&outcome).await.created();
        let package = made.iter().find(|object| object.is_package).unwrap().id;
        Self {
            package: PackageId::new(package.into_bytes()),
            created: types(m, &outcome.created).await,
        }
    }

    /// Says that everything was paid.
    fn settled(&self, m: &Market, channel: TestChannel, (earned, paid): (u64, u64)) -> Action {
        let mut action = Action::new("false settlement");
        let args = vec![
            action.id(channel.id),
            action.id(m.node.vault),
            action.pure(&earned),
            action.pure(&1_u64),
            action.id(MerkleRoot::new([8; 32])),
            action.pure(&paid),
            action.pure(&paid),
        ];
        action.call(self.package, "events", "settled", vec![], args);
        action
    }
}

#[tokio::test]
async fn its_events_are_nobodys() {
    let m = Market::start().await;
    let false_package = LookAlike::publish(&m).await;
    let channel = m.open(DEPOSIT).await;
    let real = m.settle(&m.item(channel.id, (900, 900, 1))).await.unwrap();
    let lineage = &m.at().package;

    let mut both = false_package.settled(&m, channel, (DEPOSIT, DEPOSIT));
    let args = vec![both.id(channel.id), both.pure(&1_u64), both.pure(&u64::MAX)];
    both.call(false_package.package, "events", "topped_up", vec![], args);
    let outcome = m.ok(&m.stranger, &both).await;
    assert!(outcome.events.is_empty());
    let executed = m.executed(&outcome).await;
    assert_eq!(executed.events().len(), 2);
    assert!(
        event::of_transaction(lineage, &executed)
            .unwrap()
            .is_empty()
    );

    // It is the package alone that tells them apart: names and layout are the same.
    let ours = &m.executed(&real).await.events()[0].clone();
    let theirs = &executed.events()[0];
    let name = |tag: &StructTag| (tag.module().to_string(), tag.name().to_string());
    assert_eq!(name(&theirs.type_), name(&ours.type_));
    assert_eq!(theirs.contents.len(), ours.contents.len());
    let mut disguised = ours.clone();
    disguised.contents.clone_from(&theirs.contents);
    let decoded = event::decode(lineage, &disguised, event::Position::default()).unwrap();
    assert!(
        matches!(&decoded, Some(AtomaEvent::ChannelSettled(event)) if event.channel == channel.id)
    );

    // A reader of checkpoints sees one settlement, the real one.
    let latest = m
        .client
        .rpc()
        .service_info()
        .await
        .unwrap()
        .latest_checkpoint;
    let mut settled = Vec::new();
    for seq in 0..=latest.0 {
        let checkpoint = m
            .client
            .rpc()
            .checkpoint(atoma_protocol::ids::CheckpointSeq(seq))
            .await
            .unwrap();
        for found in event::of_checkpoint(lineage, &checkpoint).unwrap() {
            if matches!(found.event, AtomaEvent::ChannelSettled(_)) {
                settled.push(found);
            }
        }
    }
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].digest, real.digest);
}

/// False and real in one transaction: the real one alone is seen, at its own place.
#[tokio::test]
async fn its_events_do_not_hide_behind_ours() {
    let m = Market::start().await;
    let false_package = LookAlike::publish(&m).await;
    let channel = m.open(DEPOSIT).await;
    let mut action = false_package.settled(&m, channel, (DEPOSIT, DEPOSIT));
    let shared = action.object(channel.id, Access::Write);
    let deposit = action.coin(m.usd(), Amount(5));
    let package = m.at().package.newest();
    let kind = m.usd().type_tag();
    action.call(
        package,
        "channel",
        "top_up",
        vec![kind],
        vec![shared, deposit],
    );
    let outcome = m.ok(&m.stranger, &action).await;
    let names: Vec<_> = outcome.events.iter().map(AtomaEvent::name).collect();
    assert_eq!(names, ["ChannelToppedUp"]);
    let executed = m.executed(&outcome).await;
    let seq = outcome.checkpoint.unwrap();
    let checkpoint = m.client.rpc().checkpoint(seq).await.unwrap();
    let found = event::of_checkpoint(&m.at().package, &checkpoint).unwrap();
    assert_eq!((executed.events().len(), found.len()), (2, 1));
    assert_eq!(found[0].position.event, 1);
}

#[tokio::test]
async fn its_errors_are_not_ours() {
    let m = Market::start().await;
    let false_package = LookAlike::publish(&m).await;
    let mut action = Action::new("false abort");
    action.call(false_package.package, "channel", "settle", vec![], vec![]);
    let error = m.client.submit(&m.stranger, &action).await.unwrap_err();
    assert_eq!(error.named(), None);
    let Some(Abort::Other(other)) = error.abort() else {
        panic!("{error}");
    };
    assert_eq!(
        (other.package, other.module.as_str()),
        (false_package.package, "channel")
    );
}

#[tokio::test]
async fn its_objects_pass_for_nothing() {
    let m = Market::start().await;
    let false_package = LookAlike::publish(&m).await;
    let channel = m.open(DEPOSIT).await;
    let me = m.stranger.address();

    let mut open = Action::new("false open");
    let real = open.id(channel.id);
    let kind = m.usd().type_tag();
    let cap = open.call(
        false_package.package,
        "channel",
        "open",
        vec![kind],
        vec![real],
    );
    open.transfer(vec![cap], me);
    let outcome = m.ok(&m.stranger, &open).await;
    let made = types(&m, &outcome.created).await;
    let named = |name: &str| {
        made.iter()
            .find(|(_, tag)| tag.name().as_str() == name)
            .unwrap()
            .0
    };
    let (false_channel, false_cap) = (named("Channel"), named("PayerCap"));

    // Read as ours, given as ours.
    let read = m
        .client
        .channel(ChannelId::new(false_channel.into_bytes()))
        .await;
    assert!(
        matches!(read, Err(ChainError::WrongObject { .. })),
        "{read:?}"
    );
    let item = m.item(ChannelId::new(false_channel.into_bytes()), (9, 9, 1));
    for action in [
        tx::settle(m.at(), &[item]),
        tx::request_close(m.at(), channel.id, m.usd(), false_cap),
        tx::set_refund_to(m.at(), channel.id, m.usd(), false_cap, me),
    ] {
        let error = m.client.submit(&m.stranger, &action).await.unwrap_err();
        assert!(
            matches!(&error, ChainError::Failed { reason, .. } if reason.contains("TypeMismatch")),
            "{}: {error}",
            action.name()
        );
    }
    assert_eq!(m.channel(channel).await.refund_to, m.payer.address());
}

#[tokio::test]
async fn its_coin_opens_no_channel_and_fills_none() {
    let m = Market::start().await;
    let false_package = LookAlike::publish(&m).await;
    let coin = CoinType::new(false_package.package, "usd", "USD").unwrap();
    let (treasury, _) = false_package
        .created
        .iter()
        .find(|(_, tag)| tag.name().as_str() == "TreasuryCap")
        .unwrap();
    let me = m.stranger.address();
    let mint = tx::treasury_mint(&coin, *treasury, Amount(10 * DEPOSIT), me);
    m.ok(&m.stranger, &mint).await;

    let mut terms = m.terms(DEPOSIT);
    terms.coin = coin.clone();
    let open = tx::open_channel(m.at(), &terms);
    assert_eq!(
        m.refused(&m.stranger, &open).await,
        Named::NetworkCoinNotAccepted
    );

    // Into a real channel, under its real type and under the false one.
    let channel = m.open(DEPOSIT).await;
    for kind in [&coin, m.usd()] {
        let mut action = Action::new("false deposit");
        let target = action.object(channel.id, Access::Write);
        let deposit = action.coin(&coin, Amount(DEPOSIT));
        let package = m.at().package.newest();
        action.call(
            package,
            "channel",
            "top_up",
            vec![kind.type_tag()],
            vec![target, deposit],
        );
        let error = m.client.submit(&m.stranger, &action).await.unwrap_err();
        assert!(
            matches!(&error, ChainError::Failed { reason, .. } if reason.contains("TypeMismatch")),
            "{error}"
        );
    }
    // Nor does its mint right destroy or mint ATOMA.
    let stake = tx::treasury_mint(
        &m.at().stake_coin,
        *treasury,
        Amount(1),
        Address::new([1; 32]),
    );
    let error = m.client.submit(&m.stranger, &stake).await.unwrap_err();
    assert!(matches!(&error, ChainError::Failed { .. }), "{error}");
}
