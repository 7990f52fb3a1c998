//! Asking attestors for verdicts over HTTP.
//!
//! `POST {attestor}/v1/verdicts` takes a [`VerdictRequest`] and answers 200 with a [`VerdictAnswer`], both
//! JSON. An attestor reads everything else about the key epoch from the chain. 404, 409, 425, 429 and 5xx
//! mean "ask again"; any other status is final.

use std::{collections::BTreeMap, time::Duration};

pub use atoma_attestation::api::{VerdictAnswer, VerdictRequest};
use atoma_env::Env;
use atoma_protocol::{
    hash::{EvidenceHash, ReportData},
    ids::{AttestorSetVersion, KeyEpoch, NetworkId, NodeId},
    keys::{PublicKey, Signature},
    statement::{EvidenceKind, Verdict},
};
use reqwest::{StatusCode, Url};
use thiserror::Error;

use crate::backoff::Backoff;

/// How often one attestor is asked.
pub const MAX_ATTEMPTS: u32 = 8;
/// How long one attestor may take for one answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
pub const MAX_ANSWER_BYTES: usize = 64 << 10;
/// First and longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The on-chain set of attestors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestorSet {
    /// Version of the set.
    pub version: AttestorSetVersion,
    /// How many must agree.
    pub threshold: usize,
    /// The keys, in on-chain order.
    pub keys: Vec<PublicKey>,
}

/// What every verdict about a posted key epoch has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The network.
    pub network: NetworkId,
    /// The node.
    pub node: NodeId,
    /// The epoch.
    pub key_epoch: KeyEpoch,
    /// Kind of evidence.
    pub kind: EvidenceKind,
    /// The measurement posted.
    pub measurement: Vec<u8>,
    /// The evidence posted.
    pub evidence_hash: EvidenceHash,
    /// The report data that the chain computed.
    pub report_data: ReportData,
}

/// Verdicts that agree, a threshold of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What all of them say.
    pub verdict: Verdict,
    /// Who says so, by rising position in the set.
    pub signatures: Vec<(u8, Signature)>,
}

/// Why there is no grade.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttestorError {
    /// Too few attestors agree.
    #[error("{agreeing} of {threshold} needed attestors agree{}", because(.problems))]
    NoThreshold {
        /// The most that agree.
        agreeing: usize,
        /// How many are needed.
        threshold: usize,
        /// What was wrong with the others, by URL.
        problems: Vec<(String, String)>,
    },
    /// An attestor's URL or the machine's TLS cannot be used.
    #[error("cannot talk to attestors: {0}")]
    Client(String),
}

fn because(problems: &[(String, String)]) -> String {
    problems
        .iter()
        .map(|(url, problem)| format!("; {url}: {problem}"))
        .collect()
}

/// Asks every attestor at `urls` and gives the first agreement of a threshold.
///
/// # Errors
/// [`AttestorError`].
pub async fn collect(
    env: &Env,
    urls: &[String],
    evidence: &[u8],
    posted: &Posted,
    set: &AttestorSet,
) -> Result<Agreement, AttestorError> {
    let request = VerdictRequest {
        node: posted.node,
        key_epoch: posted.key_epoch,
        evidence: hex::encode(evidence),
    };
    let asked = urls.iter().map(|url| ask(env, url, &request, posted, set));
    let answers = futures::future::join_all(asked).await;
    let mut groups: BTreeMap<Vec<u8>, (Verdict, BTreeMap<u8, Signature>)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (url, answer) in urls.iter().zip(answers) {
        match answer {
            Ok(VerdictAnswer { signer, verdict }) => {
                let said = bcs::to_bytes(&verdict.statement)
                    .expect("a verdict holds integers and short byte strings only");
                let group = groups
                    .entry(said)
                    .or_insert_with(|| (verdict.statement, BTreeMap::new()));
                group.1.insert(signer, verdict.signature);
            }
            Err(problem) => {
                tracing::warn!(target: "atoma_node::attestors", %url, %problem, "attestor gave no verdict");
                problems.push((url.clone(), problem));
            }
        }
    }
    let (best, agreeing) = groups
        .into_values()
        .map(|group| {
            let count = group.1.len();
            (Some(group), count)
        })
        .max_by_key(|(_, count)| *count)
        .unwrap_or((None, 0));
    match best {
        Some((verdict, signatures)) if agreeing >= set.threshold => Ok(Agreement {
            verdict,
            signatures: signatures.into_iter().collect(),
        }),
        _ => Err(AttestorError::NoThreshold {
            agreeing,
            threshold: set.threshold,
            problems,
        }),
    }
}

/// Asks one attestor until it answers, refuses, or [`MAX_ATTEMPTS`] are used up.
async fn ask(
    env: &Env,
    url: &str,
    request: &VerdictRequest,
    posted: &Posted,
    set: &AttestorSet,
) -> Result<VerdictAnswer, String> {
    let base: Url = url.parse().map_err(|error| format!("not a URL: {error}"))?;
    let client = atoma_engine::http::client_builder(&base)
        .map_err(|error| error.to_string())?
        .timeout(ANSWER_TIMEOUT)
        .build()
        .map_err(|error| error.to_string())?;
    let endpoint = format!("{}/v1/verdicts", url.trim_end_matches('/'));
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    let mut attempt = 1;
    loop {
        let problem = match once(&client, &endpoint, request).await {
            Ok(answer) => return check(answer, posted, set),
            Err(Problem::Final(problem)) => return Err(problem),
            Err(Problem::Passing(problem)) => problem,
        };
        if attempt == MAX_ATTEMPTS {
            return Err(problem);
        }
        attempt += 1;
        env.sleep(backoff.pause(env)).await;
    }
}

enum Problem {
    Passing(String),
    Final(String),
}

async fn once(
    client: &reqwest::Client,
    endpoint: &str,
    request: &VerdictRequest,
) -> Result<VerdictAnswer, Problem> {
    let passing = |error: reqwest::Error| Problem::Passing(error.without_url().to_string());
    let mut response = client
        .post(endpoint)
        .json(request)
        .send()
        .await
        .map_err(passing)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(passing)? {
        if body.len().saturating_add(piece.len()) > MAX_ANSWER_BYTES {
            return Err(Problem::Final(format!(
                "its answer exceeds {MAX_ANSWER_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&piece);
    }
    if status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|_| Problem::Final("its answer is no verdict".to_owned()));
    }
    let shown: String = String::from_utf8_lossy(&body).chars().take(300).collect();
    let problem = format!("status {status}: {shown}");
    let again = status.is_server_error()
        || matches!(
            status,
            StatusCode::NOT_FOUND
                | StatusCode::CONFLICT
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
        );
    Err(if again {
        Problem::Passing(problem)
    } else {
        Problem::Final(problem)
    })
}

/// A verdict counts if it is about what was posted and signed by a key of the set.
fn check(
    answer: VerdictAnswer,
    posted: &Posted,
    set: &AttestorSet,
) -> Result<VerdictAnswer, String> {
    let key = set
        .keys
        .get(usize::from(answer.signer))
        .ok_or("it signs for a place that the set does not have")?;
    let said = &answer.verdict.statement;
    let about_this = said.node == posted.node
        && said.key_epoch == posted.key_epoch
        && said.kind == posted.kind
        && said.measurement == posted.measurement
        && said.evidence_hash == posted.evidence_hash
        && said.report_data == posted.report_data
        && said.attestor_set_version == set.version;
    if !about_this {
        return Err("its verdict is about something else".to_owned());
    }
    answer
        .verdict
        .clone()
        .verify(posted.network, key)
        .map_err(|error| format!("its verdict: {error}"))?;
    Ok(answer)
}
