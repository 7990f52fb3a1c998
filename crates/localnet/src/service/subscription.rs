//! `SubscriptionService`: what happens, as it happens.

use atoma_ledger::Checkpoint;
use futures::StreamExt;
use std::sync::Arc;
use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{self as pb, subscription_service_server::SubscriptionService},
};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use tonic::{Request, Response, Status, async_trait, codegen::BoxStream};

use super::Service;
use crate::message::{self, mask};

const CHECKPOINT_DEFAULT: &str = "sequence_number,digest";

impl Service {
    fn live(
        &self,
        received: Result<Arc<Checkpoint>, BroadcastStreamRecvError>,
        mask: &FieldMaskTree,
    ) -> Result<pb::SubscribeCheckpointsResponse, Status> {
        let checkpoint = received.map_err(|BroadcastStreamRecvError::Lagged(missed)| {
            Status::aborted(format!(
                "{missed} checkpoints were missed: read faster, or ask for them"
            ))
        })?;
        let mut response = pb::SubscribeCheckpointsResponse::default();
        response.cursor = Some(checkpoint.sequence_number());
        let ledger = self.chain.ledger();
        response.checkpoint = Some(message::checkpoint(&ledger, &checkpoint, mask)?);
        Ok(response)
    }
}

#[async_trait]
impl SubscriptionService for Service {
    async fn subscribe_checkpoints(
        &self,
        request: Request<pb::SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<pb::SubscribeCheckpointsResponse>>, Status> {
        let mask = mask::<pb::Checkpoint>(request.into_inner().read_mask, CHECKPOINT_DEFAULT)?;
        let service = self.clone();
        let live = BroadcastStream::new(self.chain.subscribe())
            .map(move |received| service.live(received, &mask));
        // A client that missed something must not go on as if it had not.
        let mut ended = false;
        let live = live.take_while(move |item| {
            let go_on = !ended;
            ended = item.is_err();
            std::future::ready(go_on)
        });
        Ok(Response::new(Box::pin(live)))
    }
}
