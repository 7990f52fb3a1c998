//! Verdicts over HTTP, honest and otherwise.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use atoma_env::Env;
use atoma_node::attestors::{
    AttestorError, AttestorSet, Posted, VerdictAnswer, VerdictRequest, collect,
};
use atoma_protocol::{
    hash::{EvidenceHash, ReportData},
    ids::AttestorSetVersion,
    keys::SigningKey,
    statement::{EvidenceKind, Grade, Verdict, Verified},
    time::TimestampMs,
};
use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::post};

use crate::support::{EPOCH, NETWORK, NODE};

#[derive(Clone, Copy)]
enum Mood {
    Honest,
    /// Says that something else was proved.
    Strict,
    /// Knows the epoch only at the third time of asking.
    Late,
    Refuses,
    /// Signs with a key that is not in the set.
    Forger,
    Garbage,
    Floods,
}

fn key(index: u8) -> SigningKey {
    SigningKey::from_seed([100 + index; 32])
}

fn posted() -> Posted {
    Posted {
        network: NETWORK,
        node: NODE,
        key_epoch: EPOCH,
        kind: EvidenceKind::Simulated,
        measurement: vec![1, 2, 3],
        evidence_hash: EvidenceHash::new([4; 32]),
        report_data: ReportData::new([5; 32]),
    }
}

fn set() -> AttestorSet {
    AttestorSet {
        version: AttestorSetVersion(2),
        threshold: 2,
        keys: (0..3).map(|index| key(index).public()).collect(),
    }
}

fn answer(index: u8, mood: Mood) -> VerdictAnswer {
    let posted = posted();
    let grade = match mood {
        Mood::Strict => Grade::SIMULATED,
        _ => Grade::SIMULATED.union(Grade::MEASUREMENT),
    };
    let verdict = Verdict {
        node: posted.node,
        key_epoch: posted.key_epoch,
        kind: posted.kind,
        measurement: posted.measurement,
        evidence_hash: posted.evidence_hash,
        report_data: posted.report_data,
        grade,
        anchor_ms: TimestampMs(9),
        attestor_set_version: AttestorSetVersion(2),
    };
    let signer = match mood {
        Mood::Forger => SigningKey::from_seed([1; 32]),
        _ => key(index),
    };
    VerdictAnswer {
        signer: index,
        verdict: Verified::sign(verdict, NETWORK, &signer).into_signed(),
    }
}

async fn attestor(env: &Env, index: u8, mood: Mood) -> String {
    let asked = Arc::new(AtomicU32::new(0));
    let handler = move |Json(request): Json<VerdictRequest>| {
        let asked = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_eq!((request.node, request.key_epoch), (NODE, EPOCH));
            assert_eq!(request.evidence, "abcd");
            match mood {
                Mood::Late if asked < 2 => StatusCode::NOT_FOUND.into_response(),
                Mood::Refuses => (StatusCode::FORBIDDEN, "no").into_response(),
                Mood::Garbage => "{}".into_response(),
                Mood::Floods => "x".repeat(1 << 20).into_response(),
                mood => Json(answer(index, mood)).into_response(),
            }
        }
    };
    let app = Router::new().route("/v1/verdicts", post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    env.spawn(async move { axum::serve(listener, app).await });
    url
}

async fn ask(moods: &[Mood]) -> Result<usize, AttestorError> {
    let env = Env::system();
    let mut urls = Vec::new();
    for (index, mood) in (0..).zip(moods) {
        urls.push(attestor(&env, index, *mood).await);
    }
    let agreement = collect(&env, &urls, &[0xab, 0xcd], &posted(), &set()).await?;
    let grade = Grade::SIMULATED.union(Grade::MEASUREMENT);
    assert_eq!(agreement.verdict.grade, grade);
    Ok(agreement.signatures.len())
}

#[tokio::test]
async fn a_threshold_that_agrees_makes_a_grade() {
    assert_eq!(ask(&[Mood::Honest, Mood::Honest]).await.unwrap(), 2);
    assert_eq!(
        ask(&[Mood::Honest, Mood::Forger, Mood::Honest])
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        ask(&[Mood::Honest, Mood::Strict, Mood::Late])
            .await
            .unwrap(),
        2
    );
}

#[tokio::test]
async fn too_few_that_agree_make_none_and_the_error_says_why() {
    for bad in [
        Mood::Strict,
        Mood::Refuses,
        Mood::Forger,
        Mood::Garbage,
        Mood::Floods,
    ] {
        let error = ask(&[Mood::Honest, bad])
            .await
            .expect_err("one is not enough");
        let AttestorError::NoThreshold {
            agreeing,
            threshold,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!((*agreeing, *threshold), (1, 2), "{error}");
    }
    let refused = ask(&[Mood::Honest, Mood::Refuses])
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("status 403 Forbidden: no"), "{refused}");
}
