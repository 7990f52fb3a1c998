//! The story of one answer, as JSON and for people.

use atoma_chain::state::KeyEpochState;
use atoma_protocol::statement::Grade;
use serde_json::{Value, json};

use super::{Attestation, Story, proof};

/// What kind of evidence it is; simulated evidence never passes for more.
fn kind(epoch: &KeyEpochState) -> String {
    if epoch.grade.covers(Grade::SIMULATED) {
        format!(
            "{:?} (SIMULATED: proves nothing about hardware)",
            epoch.kind
        )
    } else {
        format!("{:?}", epoch.kind)
    }
}

/// All of it as JSON.
pub(crate) fn report(story: &Story) -> Value {
    let Story {
        model,
        answered,
        receipts,
        channel,
        settlements,
        attestation,
        checks,
    } = story;
    let epoch = &attestation.epoch;
    json!({
        "ok": checks.hold(),
        "request": answered.request,
        "model": model,
        "answer": answered.text,
        "usage": answered.usage,
        "fee": proof::fees(receipts),
        "receipts": receipts.parts,
        "voucher": receipts.voucher,
        "proofs": receipts.proofs,
        "channel": channel,
        "settlements": settlements,
        "attestation": {
            "node": attestation.node,
            "key_epoch": epoch,
            "kind": format!("{:?}", epoch.kind),
            "simulated": epoch.grade.covers(Grade::SIMULATED),
            "grade": epoch.grade.to_string(),
            "measurement": hex::encode(&epoch.measurement),
            "evidence_hash": epoch.evidence_hash,
            "evidence_bytes": attestation.evidence_bytes,
        },
        "checks": checks,
    })
}

/// All of it for people.
pub(crate) fn screen(story: &Story) -> String {
    let Story {
        receipts,
        channel,
        settlements,
        attestation,
        checks,
        ..
    } = story;
    let coin = channel.coin.symbol();
    let voucher = receipts
        .voucher
        .as_ref()
        .map_or(0, |voucher| voucher.statement.cumulative.0);
    let mut lines = vec![
        String::new(),
        format!("amounts      in base units of {coin}"),
        format!("channel      {}", channel.id),
        format!(
            "             deposit {}, authorized {}, paid {}",
            channel.funded, channel.authorized, channel.paid
        ),
        format!(
            "voucher      {voucher} in all, by key {}",
            channel.voucher_key
        ),
        format!(
            "this answer  {} by {} receipt(s)",
            proof::fees(receipts),
            receipts.parts.len()
        ),
    ];
    for settlement in settlements {
        let event = &settlement.event;
        lines.extend([
            format!("settlement   transaction {}", settlement.transaction),
            format!(
                "             in checkpoint {}: paid {}",
                settlement.checkpoint, event.payment
            ),
            format!(
                "             node operator {}, stakers {}, protocol {}, routing {}",
                event.operator, event.stakers, event.protocol, event.routing
            ),
            format!(
                "             root {} over {} receipts",
                event.root, event.receipts
            ),
        ]);
    }
    for proof in receipts.proofs.iter().flatten() {
        lines.push(format!(
            "inclusion    receipt {} of {}, {} siblings",
            proof.index,
            proof.count,
            proof.siblings.len()
        ));
    }
    lines.extend(attestation_lines(attestation));
    for check in checks.iter() {
        lines.push(format!(
            "{} {}",
            if check.ok { "ok   " } else { "WRONG" },
            check.what
        ));
    }
    lines.push(
        if checks.hold() {
            "everything holds"
        } else {
            "not everything holds"
        }
        .to_owned(),
    );
    lines.join("\n")
}

fn attestation_lines(attestation: &Attestation) -> [String; 6] {
    let epoch = &attestation.epoch;
    [
        format!(
            "attestation  node {}, key epoch {}",
            attestation.node, epoch.epoch
        ),
        format!(
            "             evidence {}, proved {}",
            kind(epoch),
            epoch.grade
        ),
        format!(
            "             measurement {}",
            hex::encode(&epoch.measurement)
        ),
        format!("             evidence hash {}", epoch.evidence_hash),
        format!("             signing key {}", epoch.signing_key),
        String::new(),
    ]
}
