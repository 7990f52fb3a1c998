//! The gateway as any OpenAI client uses it, and the receipts that it adds.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use atoma_openai::sse::{DONE_DATA, EventDecoder};
use atoma_protocol::{
    channel::PartReceipt,
    ids::{ChannelId, KeyEpoch, RequestId},
    merkle::Proof,
    statement::{Signed, Voucher},
};
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// Header of an answer that names its request.
const REQUEST_HEADER: &str = "x-atoma-request";
/// Longest silence of a gateway.
const SILENCE: Duration = Duration::from_secs(120);
/// Largest answer that is not a stream, in bytes.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Longest text of an answer, in bytes.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// What to ask.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) model: String,
    pub(crate) prompt: String,
    pub(crate) max_tokens: u32,
}

/// An answer that arrived whole.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) request: RequestId,
    pub(crate) text: String,
    pub(crate) usage: Value,
}

/// What the gateway keeps of an answer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Receipts {
    pub(crate) channel: ChannelId,
    pub(crate) key_epoch: KeyEpoch,
    pub(crate) parts: Vec<PartReceipt>,
    pub(crate) voucher: Option<Signed<Voucher>>,
    #[serde(default)]
    pub(crate) proofs: Option<Vec<Proof>>,
}

/// A gateway with a key for it.
#[derive(Clone)]
pub(crate) struct Gateway {
    base: String,
    key: String,
    http: Client,
}

impl Gateway {
    /// With the base URL of an OpenAI API, `/v1` included.
    ///
    /// # Errors
    /// For people: what is wrong with the URL.
    pub(crate) fn new(base: &str, key: String) -> anyhow::Result<Self> {
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            key,
            http: http(base)?,
        })
    }

    /// Streams one chat completion; `heard` gets the text as it arrives.
    ///
    /// # Errors
    /// For people: what the gateway answers, or why it cannot be reached.
    pub(crate) async fn ask(
        &self,
        question: &Question,
        mut heard: impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Answered> {
        let body = json!({
            "model": question.model,
            "messages": [{ "role": "user", "content": question.prompt }],
            "max_tokens": question.max_tokens,
            "temperature": 0,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        let url = format!("{}/chat/completions", self.base);
        let sent = self
            .http
            .post(&url)
            .bearer_auth(&self.key)
            .json(&body)
            .send();
        let response = sent
            .await
            .with_context(|| format!("cannot reach the gateway {url}"))?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        let request = response
            .headers()
            .get(REQUEST_HEADER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok())
            .with_context(|| format!("the answer lacks the header {REQUEST_HEADER}"))?;
        let mut answered = Answered {
            request,
            text: String::new(),
            usage: Value::Null,
        };
        let (mut response, mut decoder) = (response, EventDecoder::default());
        while let Some(bytes) = response.chunk().await.context("the stream broke off")? {
            for event in decoder.push(&bytes)? {
                if event.data == DONE_DATA {
                    return Ok(answered);
                }
                answered.take(&event.data, &mut heard)?;
            }
        }
        bail!("the stream ended before the answer did")
    }

    /// The receipts of an answer; with `settled`, also proofs for a root over so many receipts.
    ///
    /// # Errors
    /// For people: what the gateway answers, or why it cannot be reached.
    pub(crate) async fn receipts(
        &self,
        request: RequestId,
        settled: Option<u64>,
    ) -> anyhow::Result<Receipts> {
        let query = settled.map_or_else(String::new, |count| format!("?receipts={count}"));
        let url = format!("{}/receipts/{request}{query}", self.base);
        let sent = self.http.get(&url).bearer_auth(&self.key).send().await;
        let response = sent.with_context(|| format!("cannot reach the gateway {url}"))?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        let bytes = bounded(response, MAX_BODY_BYTES).await?;
        serde_json::from_slice(&bytes).context("the gateway's receipts make no sense")
    }

    /// The models that are served.
    ///
    /// # Errors
    /// As [`Self::receipts`].
    pub(crate) async fn models(&self) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Models {
            data: Vec<Model>,
        }
        #[derive(Deserialize)]
        struct Model {
            id: String,
        }
        let url = format!("{}/models", self.base);
        let sent = self.http.get(&url).bearer_auth(&self.key).send().await;
        let response = sent.with_context(|| format!("cannot reach the gateway {url}"))?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        let bytes = bounded(response, MAX_BODY_BYTES).await?;
        let models: Models = serde_json::from_slice(&bytes).context("the gateway's models")?;
        Ok(models.data.into_iter().map(|model| model.id).collect())
    }
}

impl Answered {
    /// Takes one event of the stream.
    fn take(
        &mut self,
        data: &str,
        heard: &mut impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let chunk: Value = serde_json::from_str(data).context("the stream is no JSON")?;
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            bail!("the answer broke off: {}", message(error));
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            self.usage = usage.clone();
        }
        let text = chunk["choices"][0]["delta"]["content"]
            .as_str()
            .unwrap_or_default();
        if self.text.len().saturating_add(text.len()) > MAX_TEXT_BYTES {
            bail!("the answer is longer than {MAX_TEXT_BYTES} bytes");
        }
        self.text.push_str(text);
        heard(text)
    }
}

/// An HTTP client for `url`; follows no redirects, for a key goes with its requests.
///
/// # Errors
/// For people: what is wrong with the URL.
pub(crate) fn http(url: &str) -> anyhow::Result<Client> {
    let url = url.parse().with_context(|| format!("{url:?} is no URL"))?;
    Ok(atoma_engine::http::client_builder(&url)?
        .redirect(reqwest::redirect::Policy::none())
        .read_timeout(SILENCE)
        .build()?)
}

/// A body of at most `limit` bytes.
///
/// # Errors
/// If it is longer, or breaks off.
pub(crate) async fn bounded(mut response: Response, limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await? {
        if body.len().saturating_add(bytes.len()) > limit {
            bail!("an answer is longer than {limit} bytes");
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

async fn refused(response: Response) -> anyhow::Error {
    let status = response.status();
    let body = bounded(response, MAX_BODY_BYTES).await.unwrap_or_default();
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    anyhow!("the gateway answers {status}: {}", message(&value["error"]))
}

fn message(error: &Value) -> &str {
    error["message"].as_str().unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered() -> Answered {
        Answered {
            request: RequestId::default(),
            text: String::new(),
            usage: Value::Null,
        }
    }

    #[test]
    fn text_is_heard_as_it_comes_and_usage_kept() {
        let (mut answer, mut heard) = (answered(), Vec::new());
        for data in [
            r#"{"choices":[{"delta":{"role":"assistant"}}]}"#,
            r#"{"choices":[{"delta":{"content":"one "}}]}"#,
            r#"{"choices":[{"delta":{"content":"two"}}],"usage":null}"#,
            r#"{"choices":[],"usage":{"total_tokens":5}}"#,
        ] {
            answer
                .take(data, &mut |text| {
                    heard.push(text.to_owned());
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(answer.text, "one two");
        assert_eq!(heard.concat(), "one two");
        assert_eq!(answer.usage["total_tokens"], 5);
    }

    #[test]
    fn an_error_in_the_stream_ends_it() {
        let data = r#"{"error":{"message":"the node vanished"}}"#;
        let error = answered().take(data, &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "the answer broke off: the node vanished");
        assert!(answered().take("{", &mut |_| Ok(())).is_err());
    }
}
