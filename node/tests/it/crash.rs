//! SIGKILL at the worst moment: what was receipted is what is paid.

use std::sync::Arc;

use atoma_link::message::Task;
use atoma_node::{
    channels::{Contact, view},
    config::SettleConfig,
    enclave::TaskLink,
    settle::{Pass, Settler},
    status::Earnings,
    store::Store,
};
use atoma_protocol::{ids::KeyEpoch, money::Amount, statement::Signed};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    fake_chain::FakeChain,
    support::{CHANNEL, EPOCH, World, enclave_at, env, settle_down, voucher, voucher_key},
};

/// Serves a task with nobody reading but the first `read` chunks, then kills everything. Gives what the
/// sequencer saw receipted.
async fn killed_after(folder: &std::path::Path, read: usize) -> Amount {
    let env = env();
    let chain = FakeChain::with(&[CHANNEL]);
    let (enclave, store) = enclave_at(&env, folder, EPOCH);
    enclave
        .use_channel(EPOCH, view(&chain.state(CHANNEL)))
        .unwrap();
    let mut task = sealed_for(&enclave.public_keys(EPOCH).unwrap());
    task.voucher = Some(voucher(CHANNEL, 10_000, &voucher_key()));
    let (out, mut seen) = mpsc::channel(1);
    let link = TaskLink {
        out,
        cancel: CancellationToken::new(),
        gone: CancellationToken::new(),
    };
    let serving = Arc::clone(&enclave);
    let running = env.spawn(async move { serving.serve(task, &link).await });
    let mut receipted = Amount::ZERO;
    let mut got = 0;
    while got < read {
        let Some(atoma_link::message::FromNode::Chunk(chunk)) = seen.recv().await else {
            break;
        };
        got += 1;
        if let Some(part) = chunk.receipt {
            receipted = part.statement.statement.earned;
        }
    }
    settle_down().await;
    running.abort();
    let _ = running.await;
    drop((enclave, store, seen));
    receipted
}

/// A task sealed to these keys, by a desk of a world of its own.
fn sealed_for(keys: &atoma_node::enclave::PublicKeys) -> Task {
    let world = World::new();
    let mut desk = world.attach("a");
    desk.keys = keys.clone();
    let chat = desk.chat("scripted/count-100", "count up");
    desk.seal(&chat).0
}

#[tokio::test(start_paused = true)]
async fn what_is_paid_after_a_kill_is_what_was_receipted() {
    for read in [0, 1, 2, 3, 5, 8] {
        let folder = tempfile::tempdir().unwrap();
        let seen = killed_after(folder.path(), read).await;
        // The next process: new keys, same folder.
        let env = env();
        let chain = Arc::new(FakeChain::with(&[CHANNEL]));
        let (enclave, store) = reopen(&env, folder.path());
        let statements = store.statements(CHANNEL).unwrap();
        let stored = earned(&statements);
        assert!(stored >= seen, "nothing left before it was stored");
        let receipts = store.receipts(CHANNEL, EPOCH).unwrap();
        let sum = receipts
            .iter()
            .fold(0, |sum, receipt| sum + receipt.statement.fee.0);
        assert_eq!(Amount(sum), stored);
        let settler = Settler::new(
            env.clone(),
            Arc::clone(&enclave),
            store,
            Arc::clone(&chain) as _,
            SettleConfig::default(),
            Contact::default(),
            Earnings::default(),
        );
        settler.pass(Pass::All).await.unwrap();
        assert_eq!(chain.state(CHANNEL).paid, stored);
        // The account goes on under the new key epoch from where the old one stopped.
        let epoch = KeyEpoch(EPOCH.0 + 1);
        enclave
            .use_channel(epoch, view(&chain.state(CHANNEL)))
            .unwrap();
        assert_eq!(enclave.balance(CHANNEL).unwrap().due, stored);
    }
}

fn earned(statements: &[Signed<atoma_protocol::statement::Statement>]) -> Amount {
    statements.iter().fold(Amount::ZERO, |sum, signed| {
        sum.saturating_add(signed.statement.earned)
    })
}

fn reopen(
    env: &atoma_env::Env,
    folder: &std::path::Path,
) -> (Arc<atoma_node::enclave::Enclave>, Store) {
    enclave_at(env, folder, KeyEpoch(EPOCH.0 + 1))
}
