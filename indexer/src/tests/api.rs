//! What callers see.

use std::{path::Path, time::Duration};

use atoma_chain::TxDigest;
use atoma_env::Env;
use atoma_protocol::{ids::ChannelId, money::Amount};
use serde::de::DeserializeOwned;

use super::market::{DEPOSIT, FEE, TestMarket, dump, localnet};
use crate::{
    Indexer, IndexerConfig,
    http::{ErrorBody, MAX_BODY_BYTES},
    view::{
        Channel, EventView, KeyEpochView, Network, Node, NodeDetail, Outflow, Page, Settlement,
        Status,
    },
};

/// Longest wait for a condition.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Running {
    pub(super) indexer: Indexer,
    http: reqwest::Client,
}

impl Running {
    pub(super) async fn start(market: &TestMarket, folder: &Path) -> Self {
        let config = IndexerConfig {
            state_dir: folder.to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            ..IndexerConfig::default()
        };
        let indexer = Indexer::start(config, market.client.clone(), &Env::system())
            .await
            .unwrap();
        let url = indexer.url().parse().unwrap();
        let http = atoma_engine::http::client_builder(&url)
            .unwrap()
            .build()
            .unwrap();
        Self { indexer, http }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self
            .http
            .get(format!("{}{path}", self.indexer.url()))
            .send()
            .await
            .unwrap();
        let (status, body) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }

    /// Status and code of an error.
    pub(super) async fn refused(&self, path: &str) -> (u16, String) {
        let response = self
            .http
            .get(format!("{}{path}", self.indexer.url()))
            .send()
            .await
            .unwrap();
        refusal(response).await
    }

    pub(super) async fn post(&self, path: &str, kind: &str, body: Vec<u8>) -> reqwest::Response {
        let request = self.http.post(format!("{}{path}", self.indexer.url()));
        request
            .header("content-type", kind)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// Waits until everything on the chain by now is read.
    pub(super) async fn caught_up(&self, market: &TestMarket) -> Status {
        let tip = market
            .client
            .rpc()
            .service_info()
            .await
            .unwrap()
            .latest_checkpoint;
        let wait = async {
            loop {
                let status: Status = self.get("/v1/status").await;
                if status
                    .indexed_checkpoint
                    .is_some_and(|indexed| indexed >= tip)
                {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap()
    }
}

pub(super) async fn refusal(response: reqwest::Response) -> (u16, String) {
    let (status, body) = (response.status(), response.text().await.unwrap());
    let body: ErrorBody = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}"));
    (status.as_u16(), body.error.code)
}

#[tokio::test]
async fn everything_that_happened_is_told() {
    let market = TestMarket::deploy(localnet().await).await;
    let (node, channel) = market.story().await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    let status = running.caught_up(&market).await;
    assert_eq!((status.undecoded_events, status.trouble), (0, None));
    assert_eq!(status.network, market.at().network);

    let network: Network = running.get("/v1/network").await;
    assert!(network.dev && !network.paused);
    assert_eq!(network.coins, [market.at().payment_coin.clone()]);
    assert_eq!(network.attestors.unwrap().keys.len(), 1);
    assert_eq!(
        (network.measurements.len(), network.models[0].model),
        (1, node.model)
    );

    let nodes: Page<Node> = running.get("/v1/nodes").await;
    assert_eq!(
        (nodes.items.len(), nodes.items[0].own_stake),
        (1, Amount(1_000_000_000))
    );
    let detail: NodeDetail = running.get(&format!("/v1/nodes/{}", node.id)).await;
    assert_eq!(
        (detail.offers.len(), detail.vaults[0].vault),
        (1, node.vault)
    );
    let epochs: Page<KeyEpochView> = running
        .get(&format!("/v1/nodes/{}/key-epochs", node.id))
        .await;
    assert_eq!(epochs.items[0].grade_text, "measurement+SIMULATED");
    assert_eq!(epochs.items[0].kind_text, "SIMULATED");
    assert_eq!(epochs.items[0].signing_key, market.enclave.public());
    let attestations: Page<KeyEpochView> = running.get("/v1/attestations").await;
    assert_eq!(attestations, epochs);
    assert_eq!(detail.key_epoch.as_ref(), epochs.items.first());

    let channels: Page<Channel> = running.get(&format!("/v1/channels?node={}", node.id)).await;
    assert_eq!(channels.items[1].state, "closed");
    assert_eq!(channels.items[1].refund, Some(DEPOSIT));
    let open: Channel = running.get(&format!("/v1/channels/{channel}")).await;
    let state = market.client.channel(channel).await.unwrap();
    assert_eq!((open.state.as_str(), open.funded), ("open", state.funded));
    assert_eq!((open.paid, open.authorized), (state.paid, state.authorized));

    let settled: Page<Settlement> = running
        .get(&format!("/v1/channels/{channel}/settlements"))
        .await;
    let [first, second] = settled.items.as_slice() else {
        panic!("{settled:?}")
    };
    assert_eq!(
        (first.payment, second.payment),
        (Amount(3 * FEE), Amount(4 * FEE))
    );
    for settled in [first, second] {
        let parts = [
            settled.protocol,
            settled.routing,
            settled.stakers,
            settled.operator,
        ];
        assert_eq!(
            parts.iter().map(|part| part.0).sum::<u64>(),
            settled.payment.0
        );
        let digest: TxDigest = settled.digest;
        let executed = market
            .client
            .rpc()
            .transaction(digest)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(executed.checkpoint(), Some(settled.checkpoint));
    }
    let swept: Page<Outflow> = running
        .get(&format!("/v1/vaults/{}/outflows", node.vault))
        .await;
    let protocol = first.protocol.0 + second.protocol.0;
    assert_eq!(
        (swept.items[0].kind.as_str(), swept.items[0].amount.0),
        ("swept", protocol)
    );
    assert!(running.indexer.stop().await);
}

#[tokio::test]
async fn page_by_page_it_is_the_same_list() {
    let market = TestMarket::deploy(localnet().await).await;
    market.story().await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    let status = running.caught_up(&market).await;
    let all: Page<EventView> = running.get("/v1/events?limit=500").await;
    assert_eq!(
        (u64::try_from(all.items.len()).unwrap(), all.next),
        (status.events, None)
    );
    let (mut places, mut path) = (Vec::new(), "/v1/events?limit=3".to_owned());
    loop {
        let page: Page<EventView> = running.get(&path).await;
        places.extend(page.items.iter().map(|event| event.position));
        let Some(next) = page.next else { break };
        path = format!("/v1/events?limit=3&after={next}");
    }
    assert_eq!(
        places,
        all.items
            .iter()
            .map(|event| event.position)
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_caller_waits_for_its_settlement() {
    let market = TestMarket::deploy(localnet().await).await;
    let node = market.node().await;
    let channel = market.channel(&node).await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    running.caught_up(&market).await;
    let path = format!("/v1/settlements?channel={channel}&key_epoch=0&covers=2");
    let none: Page<Settlement> = running.get(&format!("{path}&wait_ms=10")).await;
    assert!(none.items.is_empty());

    let waiting = format!("{path}&wait_ms=20000");
    let receipts = market.receipts(channel, 3);
    let settle = async {
        market
            .settle(&node, channel, 2, market.root(&receipts[..2]))
            .await;
        market
            .settle(&node, channel, 3, market.root(&receipts))
            .await;
    };
    let (found, ()): (Page<Settlement>, ()) = futures::join!(running.get(&waiting), settle);
    assert_eq!(found.items[0].receipts, 3);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let market = TestMarket::deploy(localnet().await).await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    running.caught_up(&market).await;
    let address = running.indexer.address();
    assert!(running.indexer.stop().await);
    assert!(tokio::net::TcpListener::bind(address).await.is_ok());
    market.story().await;
    let running = Running::start(&market, folder.path()).await;
    running.caught_up(&market).await;
    drop(running);

    let other = tempfile::tempdir().unwrap();
    let fresh = Running::start(&market, other.path()).await;
    fresh.caught_up(&market).await;
    drop(fresh);
    let rows = async |folder: &Path| {
        let first = atoma_protocol::ids::CheckpointSeq(0);
        let folder = folder.join("indexer");
        let store = crate::store::Store::open(&folder, market.market(), first)
            .await
            .unwrap();
        let mut rows = dump(&store).await;
        // Heartbeats go on while the two stop, one after the other.
        rows.retain(|row| !row.starts_with("progress: "));
        rows
    };
    assert_eq!(rows(folder.path()).await, rows(other.path()).await);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_code() {
    let market = TestMarket::deploy(localnet().await).await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    running.caught_up(&market).await;
    let unknown = ChannelId::new([7; 32]);
    for (path, status, code) in [
        ("/v1/nothing".to_owned(), 404, "no_such_path"),
        ("/v1/nodes?limit=0".to_owned(), 400, "bad_request"),
        ("/v1/nodes?limit=501".to_owned(), 400, "bad_request"),
        ("/v1/nodes?limit=-1".to_owned(), 400, "bad_request"),
        ("/v1/nodes?frobnicate=1".to_owned(), 400, "bad_request"),
        ("/v1/events?after=1:2".to_owned(), 400, "bad_request"),
        ("/v1/events?after=1:2:3:4".to_owned(), 400, "bad_request"),
        (
            "/v1/events?after=1:4294967296:0".to_owned(),
            400,
            "bad_request",
        ),
        (
            "/v1/settlements?wait_ms=30001".to_owned(),
            400,
            "bad_request",
        ),
        ("/v1/channels/0xzz".to_owned(), 400, "bad_request"),
        (format!("/v1/channels/{unknown}"), 404, "not_found"),
        (format!("/v1/nodes/{unknown}"), 404, "not_found"),
        (format!("/v1/receipts/{unknown}/0/0"), 404, "not_found"),
        (
            format!("/v1/receipts/{unknown}/0/18446744073709551616"),
            400,
            "bad_request",
        ),
        ("/v1/receipts".to_owned(), 405, "method_not_allowed"),
    ] {
        assert_eq!(
            running.refused(&path).await,
            (status, code.to_owned()),
            "{path}"
        );
    }
    let none: Page<Settlement> = running
        .get(&format!("/v1/settlements?channel={unknown}"))
        .await;
    assert!(none.items.is_empty() && none.next.is_none());

    let kind = "application/json";
    let large = running
        .post("/v1/receipts", kind, vec![b' '; MAX_BODY_BYTES + 1])
        .await;
    assert_eq!(refusal(large).await, (413, "too_large".to_owned()));
    for (kind, body) in [
        (kind, &b"{"[..]),
        (kind, b"[]"),
        ("application/octet-stream", b"\xff\xff\xff\xff\x0f"),
    ] {
        let answer = running.post("/v1/receipts", kind, body.to_vec()).await;
        assert_eq!(refusal(answer).await, (400, "bad_request".to_owned()));
    }
}
