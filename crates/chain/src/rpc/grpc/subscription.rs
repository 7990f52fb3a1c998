//! Every checkpoint, once, in order: the past by single calls, the present by subscription.
//!
//! A subscription begins at the tip and may break at any time. So the chain's height tells how far to
//! catch up, a jump in the numbers is filled in, repeats are dropped, and after a break it all begins
//! again at the next number that is due. A fullnode without subscriptions is polled.

use std::{collections::VecDeque, time::Duration};

use atoma_protocol::ids::CheckpointSeq;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sui_rpc::{
    field::{FieldMask, FieldMaskUtil as _},
    proto::sui::rpc::v2 as pb,
};
use tonic::Streaming;

use super::{CHECKPOINT_MASK, GrpcRpc, Pause, answer, error_of};
use crate::{
    error::RpcError,
    rpc::{Checkpoint, CheckpointStream, Rpc as _},
};

/// Pause between two looks at the height of a fullnode that offers no subscription.
const POLL_PAUSE: Duration = Duration::from_millis(200);

/// Where the stream stands.
struct Follower {
    rpc: GrpcRpc,
    /// The next checkpoint to hand out.
    next: u64,
    /// Checkpoints below this exist and are fetched one by one.
    past_end: u64,
    /// Checkpoints fetched from the past.
    fetched: VecDeque<Checkpoint>,
    /// A live checkpoint that came while some before it are still to be fetched.
    held: Option<Checkpoint>,
    live: Live,
    pause: Pause,
    over: bool,
}

enum Live {
    None,
    Subscribed(Box<Streaming<pb::SubscribeCheckpointsResponse>>),
    Polled,
}

pub(super) fn stream(rpc: GrpcRpc, from: CheckpointSeq) -> CheckpointStream {
    let pause = Pause::new(&rpc.config);
    let follower = Follower {
        rpc,
        next: from.0,
        past_end: 0,
        fetched: VecDeque::new(),
        held: None,
        live: Live::None,
        pause,
        over: false,
    };
    stream::unfold(follower, |mut follower| async move {
        if follower.over {
            return None;
        }
        let item = follower.next().await;
        follower.over = item.is_err();
        Some((item, follower))
    })
    .boxed()
}

impl Follower {
    /// The next checkpoint; waits for it as long as it takes. An error is for good.
    async fn next(&mut self) -> Result<Checkpoint, RpcError> {
        loop {
            match self.step().await {
                Ok(Some(checkpoint)) => {
                    self.pause.reset();
                    self.next = checkpoint.seq().0.saturating_add(1);
                    return Ok(checkpoint);
                }
                Ok(None) => {}
                // A checkpoint that is announced but not found is one that this fullnode, of several
                // behind one address, does not have yet.
                Err(error)
                    if error.is_transient() || matches!(error, RpcError::NotFound { .. }) =>
                {
                    tracing::debug!(%error, next = self.next, "checkpoint stream broke, taking it up again");
                    self.live = Live::None;
                    let pause = self.pause.next(&self.rpc.env);
                    self.rpc.env.sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Does one thing that brings the stream forward.
    async fn step(&mut self) -> Result<Option<Checkpoint>, RpcError> {
        if let Some(checkpoint) = self.fetched.pop_front() {
            return Ok(Some(checkpoint));
        }
        if self.next < self.past_end {
            self.fetch_past().await?;
            return Ok(None);
        }
        if let Some(checkpoint) = self.held.take() {
            return Ok(Some(checkpoint).filter(|held| held.seq().0 == self.next));
        }
        match &mut self.live {
            Live::None => self.subscribe().await?,
            Live::Polled => {
                self.rpc.env.sleep(POLL_PAUSE).await;
                self.look_at_height().await?;
            }
            Live::Subscribed(live) => {
                let idle = Duration::from_millis(self.rpc.config.idle_ms);
                let message = receive(live, idle).await?;
                self.take(&message)?;
            }
        }
        Ok(None)
    }

    fn take(&mut self, message: &pb::SubscribeCheckpointsResponse) -> Result<(), RpcError> {
        let Some(checkpoint) = &message.checkpoint else {
            return Ok(());
        };
        let checkpoint = answer::checkpoint(checkpoint)?;
        let seq = checkpoint.seq().0;
        if seq >= self.next {
            self.past_end = seq;
            self.held = Some(checkpoint);
        }
        Ok(())
    }

    async fn subscribe(&mut self) -> Result<(), RpcError> {
        let subscription = self
            .rpc
            .retrying("checkpoint subscription", |mut client| async move {
                let request = pb::SubscribeCheckpointsRequest::default()
                    .with_read_mask(FieldMask::from_paths(CHECKPOINT_MASK));
                client
                    .subscription_client()
                    .subscribe_checkpoints(request)
                    .await
            })
            .await;
        self.live = match subscription {
            Ok(response) => Live::Subscribed(Box::new(response.into_inner())),
            Err(RpcError::Unsupported { .. }) => Live::Polled,
            Err(error) => return Err(error),
        };
        // The subscription is silent until the next checkpoint, which may be long in coming; what
        // exists already must not wait for it.
        self.look_at_height().await
    }

    async fn look_at_height(&mut self) -> Result<(), RpcError> {
        let latest = self.rpc.service_info().await?.latest_checkpoint;
        self.past_end = self.past_end.max(latest.0.saturating_add(1));
        Ok(())
    }

    /// Fetches the next few checkpoints of the past at once, in order.
    async fn fetch_past(&mut self) -> Result<(), RpcError> {
        let at_once = self.rpc.config.backfill.max(1);
        let count = u64::try_from(at_once).unwrap_or(u64::MAX);
        let end = self.past_end.min(self.next.saturating_add(count));
        let rpc = &self.rpc;
        self.fetched = stream::iter(self.next..end)
            .map(|seq| rpc.checkpoint(CheckpointSeq(seq)))
            .buffered(at_once)
            .try_collect()
            .await?;
        Ok(())
    }
}

async fn receive(
    live: &mut Streaming<pb::SubscribeCheckpointsResponse>,
    idle: Duration,
) -> Result<pb::SubscribeCheckpointsResponse, RpcError> {
    tokio::time::timeout(idle, live.message())
        .await
        .map_err(|_| RpcError::Unavailable {
            message: format!("no checkpoint for {idle:?}"),
        })?
        .map_err(
            |status| match error_of("checkpoint subscription", &status) {
                // A fullnode ends subscriptions for reasons of its own, such as a slow reader.
                RpcError::Rejected { message } => RpcError::Unavailable { message },
                other => other,
            },
        )?
        .ok_or_else(|| RpcError::Unavailable {
            message: "the fullnode ended the subscription".to_owned(),
        })
}
