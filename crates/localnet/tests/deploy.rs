//! The contracts, published and used through Sui's own gRPC API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use atoma_chain::{
    Client, CoinType, Rpc, Wallet,
    client::Sender,
    deploy::{CompiledPackage, DeployConfig, Deployed, Payment, deploy},
    rpc::{GrpcConfig, GrpcRpc},
    tx,
};
use atoma_env::Env;
use atoma_localnet::{InProcess, Localnet, LocalnetConfig};
use atoma_protocol::{
    ids::{Address, CheckpointSeq, PackageId},
    money::Amount,
};
use futures::StreamExt;

fn compiled(package: atoma_contracts::Package) -> CompiledPackage {
    CompiledPackage {
        modules: package
            .modules
            .into_iter()
            .map(|module| module.bytes)
            .collect(),
        dependencies: package
            .dependencies
            .into_iter()
            .map(PackageId::new)
            .collect(),
    }
}

async fn give(localnet: &Localnet, recipient: Address) {
    let body = serde_json::json!({ "FixedAmountRequest": { "recipient": recipient.to_string() } });
    let client = atoma_engine::http::client_builder(&localnet.url().parse().unwrap())
        .unwrap()
        .build()
        .unwrap();
    let response = client
        .post(format!("{}/v2/gas", localnet.url()))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201, "{}", response.text().await.unwrap());
}

async fn deployed(rpc: Arc<dyn Rpc>, wallet: &Wallet, env: &Env) -> Deployed {
    let config = DeployConfig {
        dev: true,
        gap_ms: 1_000,
        params: None,
        treasury: wallet.address(),
        payment: Payment::TestUsd(compiled(atoma_contracts::usd())),
    };
    let sender = Sender::new(rpc, env.clone());
    deploy(&sender, wallet, compiled(atoma_contracts::atoma()), config)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_market_is_deployed_through_grpc_and_seen_in_checkpoints() {
    let env = Env::system();
    let localnet = Localnet::start(LocalnetConfig::test(), env.clone())
        .await
        .unwrap();
    let rpc: Arc<dyn Rpc> =
        Arc::new(GrpcRpc::new(&localnet.url(), GrpcConfig::default(), env.clone()).unwrap());
    let wallet = Wallet::generate(&env);
    give(&localnet, wallet.address()).await;

    let made = deployed(rpc.clone(), &wallet, &env).await;
    let client = Client::connect(rpc.clone(), made.deployment.clone(), env.clone())
        .await
        .unwrap();
    let network = client.network().await.unwrap();
    assert!(network.dev);

    let usd = made.deployment.payment_coin.clone();
    let mint = tx::mint_test_usd(
        &made.deployment.test_usd.unwrap(),
        Amount(5_000_000),
        wallet.address(),
    );
    client.submit(&wallet, &mint).await.unwrap();
    assert_eq!(
        client.balance(wallet.address(), &usd).await.unwrap(),
        Amount(5_000_000)
    );
    assert!(
        client
            .balance(wallet.address(), &CoinType::sui())
            .await
            .unwrap()
            > Amount::ZERO
    );

    let latest = rpc.service_info().await.unwrap().latest_checkpoint;
    let mut checkpoints = rpc.checkpoints(CheckpointSeq(0));
    for seq in 0..=latest.0 {
        let checkpoint = checkpoints.next().await.unwrap().unwrap();
        assert_eq!(checkpoint.seq(), CheckpointSeq(seq));
    }
}

#[tokio::test]
async fn in_process_and_over_grpc_are_one_chain() {
    let env = Env::system();
    let localnet = Localnet::start(LocalnetConfig::test(), env.clone())
        .await
        .unwrap();
    let wallet = Wallet::generate(&env);
    give(&localnet, wallet.address()).await;
    let inside: Arc<dyn Rpc> = Arc::new(InProcess::new(localnet.chain().clone()));
    let made = deployed(inside, &wallet, &env).await;

    let outside: Arc<dyn Rpc> =
        Arc::new(GrpcRpc::new(&localnet.url(), GrpcConfig::default(), env.clone()).unwrap());
    let client = Client::connect(outside, made.deployment, env)
        .await
        .unwrap();
    assert!(client.network().await.unwrap().dev);
}

#[tokio::test]
async fn a_state_folder_resumes_at_the_same_checkpoint() {
    let env = Env::system();
    let folder = tempfile::tempdir().unwrap();
    let config = LocalnetConfig {
        state: Some(folder.path().to_owned()),
        heartbeat_ms: 3_600_000,
        ..LocalnetConfig::test()
    };
    let wallet = Wallet::generate(&env);
    let localnet = Localnet::start(config.clone(), env.clone()).await.unwrap();
    give(&localnet, wallet.address()).await;
    let before = InProcess::new(localnet.chain().clone())
        .service_info()
        .await
        .unwrap();
    localnet.stop().await;

    let localnet = Localnet::start(config, env.clone()).await.unwrap();
    let after = InProcess::new(localnet.chain().clone())
        .service_info()
        .await
        .unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let localnet = Localnet::start(LocalnetConfig::test(), Env::system())
        .await
        .unwrap();
    let address = localnet.address();
    localnet.stop().await;
    assert!(tokio::net::TcpListener::bind(address).await.is_ok());
}
