//! The whole market, killed between receipt and settlement.

use std::time::Duration;

use atoma_env::Env;
use atoma_protocol::money::Amount;

use crate::{
    binary::{LIMIT, Up},
    chat::Chat,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_served_before_a_kill_is_paid_after_it_to_the_unit() {
    let env = Env::system();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    // Nothing is settled before the kill: the interval is far away and the fee is small.
    let first = Up::start(&["--state", state, "--settle-interval-ms", "3600000"]);
    let (channel, fee) = Chat::with(&first).ask().await.unwrap();
    assert!(fee > Amount::ZERO);
    let chain = first.chain(folder.path(), &env);
    assert_eq!(chain.channel(channel).await.unwrap().paid, Amount::ZERO);
    let key = first.ready.api_key.clone();
    let network = first.ready.network_id;
    first.kill();

    let second = Up::start(&["--state", state, "--settle-interval-ms", "1000"]);
    assert_eq!(second.ready.api_key, key);
    assert_eq!(second.ready.network_id, network);
    let chain = second.chain(folder.path(), &env);
    let paid = async {
        loop {
            let state = chain.channel(channel).await.unwrap();
            if state.paid > Amount::ZERO {
                return state;
            }
            env.sleep(Duration::from_millis(200)).await;
        }
    };
    let settled = tokio::time::timeout(LIMIT, paid).await.unwrap();
    assert_eq!(settled.paid, fee);
    let (_, more) = Chat::with(&second).ask().await.unwrap();
    assert!(more > Amount::ZERO);
    assert!(second.interrupt().success());
}
