//! Takes a request to a node that answers it, and to another one if the first does not begin.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use atoma_client::{PayerStore, StoreError};
use atoma_env::Env;
use atoma_openai::{ApiError, ChatRequest, Model};
use atoma_protocol::{
    ids::{RequestId, Seq},
    money::Tokens,
};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    config::SequencerConfig,
    http::Backend,
    routing::{Fleet, NoNode, Place},
    session::{NodeLink, Order, Refusal},
};

/// Nodes that one request is taken to, at most.
const MAX_ATTEMPTS: usize = 3;
/// What a chat template can add to a prompt, in tokens: role marks and a default system prompt.
const TEMPLATE_TOKENS: u64 = 512;
/// What a caller is told to wait when every node is busy.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Answers requests with the attached nodes.
#[derive(Debug)]
pub struct Completions {
    env: Env,
    fleet: Arc<Fleet<NodeLink>>,
    store: PayerStore,
    config: SequencerConfig,
}

impl Completions {
    /// Over the attached nodes.
    #[must_use]
    pub const fn new(
        env: Env,
        fleet: Arc<Fleet<NodeLink>>,
        store: PayerStore,
        config: SequencerConfig,
    ) -> Self {
        Self {
            env,
            fleet,
            store,
            config,
        }
    }

    /// Sends the request to the node of `place` and waits until its answer begins.
    async fn attempt(&self, place: &Place<NodeLink>, order: Order) -> Result<Answer, Refusal> {
        let candidate = place.candidate();
        let started = candidate.link.start(order).await.inspect_err(|_| {
            // The node never saw it, so it will not pull for this place again.
            candidate.add_places(1);
        })?;
        match tokio::time::timeout(self.config.first_piece(), started.first).await {
            Ok(Ok(Ok(()))) => Ok(started.answer),
            Ok(Ok(Err(refusal))) => Err(refusal),
            Ok(Err(_)) => Err(Refusal::Gone),
            Err(_) => Err(Refusal::Silent),
        }
    }

    fn order(&self, request: &ChatRequest, place: &Place<NodeLink>) -> Result<Order, ApiError> {
        let served = place.served();
        let body = serde_json::to_vec(request).map_err(|_| ApiError::internal())?;
        // No tokenizer makes more tokens than there are bytes.
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let input = bytes
            .saturating_add(TEMPLATE_TOKENS)
            .min(served.context_length);
        let output = request
            .output_token_limit()
            .unwrap_or(u64::MAX)
            .min(served.context_length);
        let tokens = |count: u64| Tokens::new(count).map_err(|_| ApiError::internal());
        Ok(Order {
            body,
            served,
            input_bound: tokens(input)?,
            max_output: tokens(output)?,
        })
    }
}

#[async_trait]
impl Backend for Completions {
    fn models(&self) -> Vec<Model> {
        let models = self.fleet.models().into_iter();
        models
            .map(|(name, _)| Model::new(name, 0, "atoma"))
            .collect()
    }

    fn nodes(&self) -> usize {
        self.fleet.nodes().len()
    }

    async fn complete(&self, request: ChatRequest) -> Result<Answer, ApiError> {
        let mut tried = Vec::new();
        let mut last = None;
        while tried.len() < MAX_ATTEMPTS {
            let picked = self
                .fleet
                .pick_within(&request.model, &tried, self.config.patience())
                .await;
            let place = match picked {
                Ok(place) => place,
                Err(error) => return Err(no_node(error, last, &request.model)),
            };
            tried.push(place.candidate().node);
            let order = self.order(&request, &place)?;
            let begun = self.env.now();
            match self.attempt(&place, order).await {
                Ok(answer) => {
                    place.succeeded(self.env.now().saturating_since(begun));
                    return Ok(answer.holding(place));
                }
                Err(Refusal::Answered(error)) => return Err(error),
                Err(refusal) => {
                    let node = place.candidate().node;
                    tracing::warn!(%node, %refusal, "a node did not begin, trying another");
                    if refusal.is_nodes_fault() {
                        place.failed(self.fleet.elapsed());
                    }
                    last = Some(refusal);
                }
            }
        }
        Err(no_node(NoNode::Busy, last, &request.model))
    }

    fn receipts(
        &self,
        request: RequestId,
        settled: Option<u64>,
    ) -> Result<Option<Value>, ApiError> {
        self.find_receipts(request, settled).map_err(|error| {
            tracing::error!(%error, "receipts cannot be read");
            ApiError::internal()
        })
    }
}

impl Completions {
    /// The receipts of an answer with the newest voucher of their channel, and with proofs that the
    /// root over `settled` receipts covers them.
    fn find_receipts(
        &self,
        request: RequestId,
        settled: Option<u64>,
    ) -> Result<Option<Value>, StoreError> {
        let parts = self.store.receipts(request)?;
        let Some(first) = parts.first() else {
            return Ok(None);
        };
        let channel = first.statement.statement.channel;
        let epoch = first.receipt.statement.key_epoch;
        let proofs = match settled {
            Some(count) => {
                let seqs: Vec<Seq> = parts
                    .iter()
                    .map(|part| part.receipt.statement.seq)
                    .collect();
                self.store.proofs(channel, epoch, count, &seqs)?
            }
            None => None,
        };
        Ok(Some(json!({
            "request": request,
            "channel": channel,
            "key_epoch": epoch,
            "parts": parts,
            "voucher": self.store.voucher(channel)?,
            "proofs": proofs,
        })))
    }
}

fn no_node(error: NoNode, last: Option<Refusal>, model: &str) -> ApiError {
    match (last, error) {
        (None, NoNode::UnknownModel) => ApiError::model_not_found(model),
        (None, NoNode::Busy) => {
            ApiError::rate_limited("Every node that serves the model is busy.", BUSY_PAUSE)
        }
        (Some(Refusal::Overloaded), _) => {
            ApiError::rate_limited("Every node that serves the model is busy.", BUSY_PAUSE)
        }
        (Some(_), _) => {
            ApiError::unavailable("No node could begin to answer this request.", BUSY_PAUSE)
        }
    }
}
