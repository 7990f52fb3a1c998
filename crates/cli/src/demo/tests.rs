//! A whole market: one answer, its proof, and the audit of everything.

use atoma_engine::ScriptedEngine;
use atoma_market::{Market, MarketConfig};

use super::*;
use crate::audit::{self, AuditArgs};

fn args(place: Place, prompt: &str) -> DemoArgs {
    DemoArgs {
        place,
        gateway: None,
        api_key: None,
        prompt: prompt.to_owned(),
        model: Some("scripted/echo".to_owned()),
        max_tokens: 16,
        wait: 60,
        json: true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_proved_and_the_market_audited() {
    let env = Env::system();
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(ScriptedEngine::new(env.clone()));
    let config = MarketConfig {
        state: Some(folder.path().to_owned()),
        ..MarketConfig::new(engine)
    };
    let market = Market::start(config, &env, |_| {}).await.unwrap();
    let ready = serde_json::to_vec(market.ready()).unwrap();
    std::fs::write(folder.path().join("ready.json"), ready).unwrap();
    let place = || Place::on(folder.path().to_owned());

    // The second answer is proved in a tree that holds both.
    for prompt in ["one two three", "four five"] {
        let ready = market.ready();
        let gateway = Gateway::new(&ready.gateway_url, ready.api_key.clone()).unwrap();
        let story = tell(&args(place(), prompt), &gateway, market.client())
            .await
            .unwrap();
        assert!(story.checks.hold(), "{:#?}", story.checks);
        assert_eq!(story.answered.text, prompt);
        let paid: u64 = story
            .settlements
            .iter()
            .map(|one| one.event.payment.0)
            .sum();
        assert_eq!(paid, proof::fees(&story.receipts).0);
        assert!(screen(&story).contains("SIMULATED"));
        assert_eq!(report(&story)["ok"], true);
    }
    assert!(run(args(place(), "six"), &env).await.unwrap());
    assert!(
        audit::run(AuditArgs::of(place(), None), &env)
            .await
            .unwrap()
    );
    let pinned = Some("00".repeat(32));
    let error = audit::run(AuditArgs::of(place(), pinned), &env)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not the pinned"), "{error}");
    market.stop().await;
}
