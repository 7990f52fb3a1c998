//! One channel that cannot be settled must not hold the others.

use std::collections::BTreeSet;

use atoma_chain::{
    ChainError, CoinType, abort::Named, client::MAX_SETTLES_A_TRANSACTION, tx::SettleChannel,
};
use atoma_protocol::{
    hash::MerkleRoot,
    ids::{ChannelId, KeyEpoch, NodeId, ObjectId},
    keys::SigningKey,
    money::Amount,
    statement::{Statement, Verified, Voucher},
};
use sui_sdk_types::{Command, Input, TransactionKind};

use crate::{
    client::{client, wallet},
    fake_chain::{FakeChain, deployment, usd},
};

fn id(index: u16) -> [u8; 32] {
    let mut id = [0xc0; 32];
    id[..2].copy_from_slice(&index.to_be_bytes());
    id
}

fn item(index: u16) -> SettleChannel {
    let network = deployment().network;
    let key = SigningKey::from_seed([1; 32]);
    let channel = ChannelId::new(id(index));
    let voucher = Voucher {
        channel,
        cumulative: Amount(u64::from(index)),
    };
    let statement = Statement {
        channel,
        key_epoch: KeyEpoch(0),
        earned: Amount(u64::from(index)),
        receipts: 1,
        input_tokens: 1,
        output_tokens: 1,
        root: MerkleRoot::new([1; 32]),
    };
    SettleChannel {
        coin: usd(),
        node: NodeId::new([0x21; 32]),
        vault: ObjectId::new([0x25; 32]),
        voucher: Verified::sign(voucher, network, &key).into_signed(),
        statement: Verified::sign(statement, network, &key).into_signed(),
    }
}

fn chain_with(channels: impl Iterator<Item = u16>) -> FakeChain {
    let chain = FakeChain::new();
    chain.share(ObjectId::new([0x21; 32]));
    chain.share(ObjectId::new([0x25; 32]));
    for index in channels {
        chain.share(ObjectId::new(id(index)));
    }
    chain.give_coin(0x51, wallet(1).address(), &CoinType::sui(), 1_000_000_000);
    chain
}

/// Channels that were settled, a set a transaction.
fn settled(chain: &FakeChain) -> Vec<BTreeSet<[u8; 32]>> {
    chain
        .executed()
        .into_iter()
        .map(|transaction| {
            let TransactionKind::ProgrammableTransaction(kind) = transaction.kind else {
                panic!("a programmable transaction");
            };
            kind.commands
                .iter()
                .map(|command| {
                    let Command::MoveCall(call) = command else {
                        panic!("only calls");
                    };
                    let sui_sdk_types::Argument::Input(channel) = call.arguments[0] else {
                        panic!("the channel is an input");
                    };
                    let Input::Shared(channel) = &kind.inputs[usize::from(channel)] else {
                        panic!("channels are shared");
                    };
                    channel.object_id().into_inner()
                })
                .collect()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn poison_is_left_out_and_the_rest_is_paid() {
    const COUNT: u16 = 230;
    let poisoned = [0, 57, 58, 99, 100, 229];
    let missing = 150;
    let chain = chain_with((0..COUNT).filter(|index| *index != missing));
    for index in poisoned {
        chain.poison(ObjectId::new(id(index)));
    }
    let items: Vec<SettleChannel> = (0..COUNT).map(item).collect();
    let result = client(&chain).settle(&wallet(1), &items).await.unwrap();

    let mut refused: Vec<(u16, Option<Named>)> = result
        .refused
        .iter()
        .map(|(channel, error)| {
            let index = u16::from_be_bytes(channel.as_bytes()[..2].try_into().unwrap());
            (index, error.named())
        })
        .collect();
    refused.sort_unstable();
    let mut expected: Vec<(u16, Option<Named>)> = poisoned
        .map(|index| (index, Some(Named::ChannelBadVoucher)))
        .to_vec();
    expected.push((missing, None));
    expected.sort_unstable();
    assert_eq!(refused, expected);

    let transactions = settled(&chain);
    assert_eq!(transactions.len(), result.outcomes.len());
    assert_eq!(transactions.len(), 3);
    assert!(
        transactions
            .iter()
            .all(|channels| channels.len() <= MAX_SETTLES_A_TRANSACTION)
    );
    let all: BTreeSet<[u8; 32]> = transactions.into_iter().flatten().collect();
    let good = (0..COUNT).filter(|index| !poisoned.contains(index) && *index != missing);
    assert_eq!(all, good.map(id).collect());
}

#[tokio::test(start_paused = true)]
async fn nothing_to_settle_is_nothing_done() {
    let chain = chain_with(0..1);
    chain.poison(ObjectId::new(id(0)));
    let result = client(&chain).settle(&wallet(1), &[item(0)]).await.unwrap();
    assert!(result.outcomes.is_empty());
    assert_eq!(result.refused.len(), 1);
    let none = client(&chain).settle(&wallet(1), &[]).await.unwrap();
    assert!(none.outcomes.is_empty() && none.refused.is_empty());
    assert!(chain.executed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_gas_is_nobodys_fault() {
    let chain = chain_with(0..2);
    let error = client(&chain)
        .settle(&wallet(2), &[item(0), item(1)])
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::InsufficientGas { .. }));
}
