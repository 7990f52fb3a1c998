//! Asks a market and reads what was charged.

use atoma_protocol::{ids::ChannelId, money::Amount};
use serde_json::{Value, json};

use crate::binary::Up;

/// A front door and a key to it.
pub(crate) struct Chat {
    pub(crate) gateway_url: String,
    pub(crate) api_key: String,
}

impl Chat {
    /// Of a whole market.
    pub(crate) fn with(up: &Up) -> Self {
        Self {
            gateway_url: up.ready.gateway_url.clone(),
            api_key: up.ready.api_key.clone(),
        }
    }

    /// Asks once; gives channel and fee by the receipts, or the refusal.
    pub(crate) async fn ask(&self) -> Result<(ChannelId, Amount), String> {
        let url = self.gateway_url.parse().unwrap();
        let client = atoma_engine::http::client_builder(&url)
            .unwrap()
            .build()
            .unwrap();
        let body = json!({
            "model": "scripted/count-100",
            "messages": [{ "role": "user", "content": "count" }],
        });
        let answer = client
            .post(format!("{}/chat/completions", self.gateway_url))
            .bearer_auth(&self.api_key)
            .json(&body)
            .send()
            .await
            .unwrap();
        if answer.status() != 200 {
            return Err(format!(
                "{}: {}",
                answer.status(),
                answer.text().await.unwrap()
            ));
        }
        let request = answer.headers()["x-atoma-request"]
            .to_str()
            .unwrap()
            .to_owned();
        let receipts: Value = client
            .get(format!("{}/receipts/{request}", self.gateway_url))
            .bearer_auth(&self.api_key)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let parts = receipts["parts"].as_array().unwrap();
        let fee = parts
            .iter()
            .map(|part| part["receipt"]["statement"]["fee"].as_u64().unwrap())
            .sum();
        Ok((
            receipts["channel"].as_str().unwrap().parse().unwrap(),
            Amount(fee),
        ))
    }
}
