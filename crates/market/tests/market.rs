//! The whole market, from a chat request to the settlement that pays for it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use atoma_engine::ScriptedEngine;
use atoma_env::Env;
use atoma_market::{Market, MarketConfig};
use atoma_protocol::ids::ChannelId;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

fn client(url: &str) -> reqwest::Client {
    atoma_engine::http::client_builder(&url.parse().unwrap())
        .unwrap()
        .build()
        .unwrap()
}

async fn chat(market: &Market, model: &str, stream: bool) -> reqwest::Response {
    let ready = market.ready();
    let body = json!({
        "model": model,
        "stream": stream,
        "messages": [{ "role": "user", "content": "one two three" }],
    });
    client(&ready.gateway_url)
        .post(format!("{}/chat/completions", ready.gateway_url))
        .bearer_auth(&ready.api_key)
        .json(&body)
        .send()
        .await
        .unwrap()
}

async fn start(env: &Env) -> Market {
    let engine = ScriptedEngine::new(env.clone());
    Market::start(MarketConfig::new(Arc::new(engine)), env, |step| {
        tracing::info!(step)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_paid_for_to_the_unit() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_test_writer()
        .try_init();
    let env = Env::system();
    let market = start(&env).await;
    let response = chat(&market, "scripted/echo", false).await;
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    let request = response.headers()["x-atoma-request"]
        .to_str()
        .unwrap()
        .to_owned();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "one two three");

    let ready = market.ready();
    let receipts: Value = client(&ready.gateway_url)
        .get(format!("{}/receipts/{request}", ready.gateway_url))
        .bearer_auth(&ready.api_key)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let parts = receipts["parts"].as_array().unwrap();
    let fees: u64 = parts
        .iter()
        .map(|p| p["receipt"]["statement"]["fee"].as_u64().unwrap())
        .sum();
    assert!(fees > 0);

    let channel: ChannelId = receipts["channel"].as_str().unwrap().parse().unwrap();
    let settled = async {
        loop {
            let state = market.client().channel(channel).await.unwrap();
            if state.paid.0 > 0 {
                return state;
            }
            env.sleep(Duration::from_millis(100)).await;
        }
    };
    let state = tokio::time::timeout(LIMIT, settled).await.unwrap();
    assert_eq!(state.paid.0, fees);
    assert_eq!(
        state.funded.0 - state.paid.0 + state.routing_due().0,
        state.balance.0
    );
    market.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_done_and_a_node_that_fails_midway_with_an_error() {
    let env = Env::system();
    let market = start(&env).await;
    let whole = chat(&market, "scripted/count-100", true)
        .await
        .text()
        .await
        .unwrap();
    assert!(whole.ends_with("data: [DONE]\n\n"), "{whole}");
    let broken = chat(&market, "scripted/fail-after-3", true)
        .await
        .text()
        .await
        .unwrap();
    assert!(
        broken.contains("\"error\"") && !broken.contains("[DONE]"),
        "{broken}"
    );
    market.stop().await;
}
