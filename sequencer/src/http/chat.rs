//! `POST /v1/chat/completions`.

use std::convert::Infallible;

use atoma_openai::{
    ApiError, ChatChunk, ChatRequest, ChatResponse, OpenAiJson, Usage, chat::ChatCollector, sse,
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::{BufMut, Bytes, BytesMut};
use futures::{Stream, stream};

use super::{Door, KEEP_ALIVE, REQUEST_HEADER, auth::Admitted};
use crate::{
    answer::{Answer, Piece},
    api_key::Admission,
};

pub(super) async fn completions(
    State(door): State<Door>,
    Admitted(admission): Admitted,
    OpenAiJson(request): OpenAiJson<ChatRequest>,
) -> Result<Response, ApiError> {
    request.validate(&door.limits)?;
    let streamed = request.wants_stream();
    let answer = door.backend.complete(as_stream(request)).await?;
    let request = [(REQUEST_HEADER, answer.request().to_string())];
    if streamed {
        let headers = [
            (CONTENT_TYPE, sse::EVENT_STREAM),
            (CACHE_CONTROL, "no-cache"),
        ];
        let body = Body::from_stream(events(door, answer, admission));
        Ok((headers, request, body).into_response())
    } else {
        let response = collect(answer).await?;
        Ok((request, Json(response)).into_response())
    }
}

/// Nodes always answer in pieces; a whole answer is put together here.
fn as_stream(mut request: ChatRequest) -> ChatRequest {
    request.stream = Some(true);
    request
}

fn events(
    door: Door,
    answer: Answer,
    admission: Admission,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some((door, answer, admission)), async |state| {
        let (door, mut answer, admission) = state?;
        let piece = tokio::select! {
            piece = answer.next() => piece,
            () = door.env.sleep(KEEP_ALIVE) => {
                let comment = Bytes::from_static(sse::KEEP_ALIVE);
                return Some((Ok(comment), Some((door, answer, admission))));
            }
        };
        let (bytes, goes_on) = match piece {
            Some(Piece::Json(json)) => (framed(&json), true),
            Some(Piece::Done(_)) => (Bytes::from_static(sse::DONE), false),
            Some(Piece::Failed(error)) => (failure(&error), false),
            None => (
                failure(&ApiError::upstream_failed("The node went away.")),
                false,
            ),
        };
        Some((Ok(bytes), goes_on.then_some((door, answer, admission))))
    })
}

fn framed(json: &[u8]) -> Bytes {
    const FRAME: usize = b"data: \n\n".len();
    let mut event = BytesMut::with_capacity(json.len() + FRAME);
    event.put_slice(b"data: ");
    event.put_slice(json);
    event.put_slice(b"\n\n");
    event.freeze()
}

/// An error in a stream that is under way: no `[DONE]` follows, so no client takes the answer for whole.
fn failure(error: &ApiError) -> Bytes {
    sse::event(&error.body()).unwrap_or_default()
}

async fn collect(mut answer: Answer) -> Result<ChatResponse, ApiError> {
    let malformed = || ApiError::upstream_failed("The node sent a malformed answer.");
    let mut collector = ChatCollector::default();
    while let Some(piece) = answer.next().await {
        match piece {
            Piece::Json(json) => {
                let chunk: ChatChunk = serde_json::from_slice(&json).map_err(|_| malformed())?;
                collector.push(chunk).map_err(|_| malformed())?;
            }
            Piece::Done(charge) => {
                let tokens = charge.tokens;
                let usage = Usage::new(tokens.input.get(), tokens.output.get());
                return collector.finish(usage).map_err(|_| malformed());
            }
            Piece::Failed(error) => return Err(error),
        }
    }
    Err(ApiError::upstream_failed("The node went away."))
}
