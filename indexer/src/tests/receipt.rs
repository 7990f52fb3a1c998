//! Receipts under settled roots.

use atoma_protocol::{
    hash::{BodyHash, MerkleRoot},
    ids::{ChannelId, KeyEpoch, Seq},
    keys::SigningKey,
    merkle::Proof,
    money::Amount,
    statement::{Receipt, Signed, Verified},
};

use super::{
    api::{Running, refusal},
    market::{TestMarket, localnet},
};
use crate::{
    inclusion::{self, InclusionError},
    view::{Accepted, Inclusion, MissingReceipts, ReceiptView, Settlement},
};

const JSON: &str = "application/json";

async fn hand_in(running: &Running, receipts: &[Signed<Receipt>]) -> Accepted {
    let body = serde_json::to_vec(receipts).unwrap();
    let answer = running.post("/v1/receipts", JSON, body).await;
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

async fn refused(running: &Running, receipts: &[Signed<Receipt>]) -> (u16, String) {
    let body = serde_json::to_vec(receipts).unwrap();
    refusal(running.post("/v1/receipts", JSON, body).await).await
}

async fn look_up(running: &Running, channel: ChannelId, seq: u64) -> ReceiptView {
    running
        .get(&format!("/v1/receipts/{channel}/0/{seq}"))
        .await
}

#[tokio::test]
async fn every_receipt_under_a_settled_root_is_proven() {
    let market = TestMarket::deploy(localnet().await).await;
    let (_, channel) = market.story().await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    running.caught_up(&market).await;
    // Three are settled first, seven later; the eighth and ninth are not.
    let receipts = market.receipts(channel, 9);

    assert_eq!(
        hand_in(&running, &receipts[5..9]).await,
        Accepted { new: 4, known: 0 }
    );
    let Inclusion::Incomplete {
        settlement,
        missing,
        more,
    } = look_up(&running, channel, 5).await.inclusion
    else {
        panic!();
    };
    assert_eq!((settlement.receipts, more), (7, false));
    assert_eq!(
        missing,
        [MissingReceipts {
            from: Seq(0),
            to: Seq(4)
        }]
    );
    let unsettled = look_up(&running, channel, 8).await.inclusion;
    assert_eq!(unsettled, Inclusion::Unsettled);

    let bytes = bcs::to_bytes(&receipts[..6]).unwrap();
    let answer = running
        .post("/v1/receipts", "application/octet-stream", bytes)
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        hand_in(&running, &receipts).await,
        Accepted { new: 0, known: 9 }
    );
    for (seq, count) in [(0, 3), (2, 3), (3, 7), (6, 7)] {
        let view = look_up(&running, channel, seq).await;
        let Inclusion::Proven { proof, settlement } = view.inclusion else {
            panic!()
        };
        assert_eq!(settlement.receipts, count);
        let network = market.at().network;
        let verify = |receipt, proof: &Proof, settlement: &Settlement| {
            inclusion::verify(receipt, &view.signing_key, network, proof, settlement)
        };
        let proven = verify(view.receipt.clone(), &proof, &settlement).unwrap();
        assert_eq!(proven.signed(), &receipts[usize::try_from(seq).unwrap()]);

        let other = receipts[usize::from(seq == 0)].clone();
        let wrong = verify(other, &proof, &settlement).unwrap_err();
        assert!(matches!(wrong, InclusionError::OtherSeq { .. }), "{wrong}");
        let mut forged = view.receipt.clone();
        forged.statement.fee = Amount(1);
        let wrong = verify(forged, &proof, &settlement).unwrap_err();
        assert!(matches!(wrong, InclusionError::Signature(_)), "{wrong}");
        let mut elsewhere = settlement.clone();
        elsewhere.root = MerkleRoot::new([1; 32]);
        let wrong = verify(view.receipt.clone(), &proof, &elsewhere).unwrap_err();
        assert!(matches!(wrong, InclusionError::Proof(_)), "{wrong}");
        elsewhere = settlement.clone();
        elsewhere.channel = ChannelId::new([1; 32]);
        let wrong = verify(view.receipt.clone(), &proof, &elsewhere).unwrap_err();
        assert!(
            matches!(wrong, InclusionError::OtherChannel { .. }),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn only_the_key_epochs_own_receipts_are_kept() {
    let market = TestMarket::deploy(localnet().await).await;
    let node = market.node().await;
    let channel = market.channel(&node).await;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&market, folder.path()).await;
    running.caught_up(&market).await;
    let receipts = market.receipts(channel, 4);
    let sign =
        |receipt, key: &SigningKey| Verified::sign(receipt, market.at().network, key).into_signed();
    let head = receipts[0].statement;
    let code = |status, code: &str| (status, code.to_owned());

    let forged = sign(head, &SigningKey::from_seed([66; 32]));
    assert_eq!(
        refused(&running, &[forged]).await,
        code(422, "bad_signature")
    );
    let elsewhere = market.receipts(ChannelId::new([7; 32]), 1);
    assert_eq!(
        refused(&running, &elsewhere).await,
        code(404, "unknown_channel")
    );
    let later = sign(
        Receipt {
            key_epoch: KeyEpoch(1),
            ..head
        },
        &market.enclave,
    );
    assert_eq!(
        refused(&running, std::slice::from_ref(&later)).await,
        code(404, "unknown_key_epoch")
    );
    assert_eq!(
        refused(&running, &[receipts[0].clone(), later]).await,
        code(400, "bad_request")
    );
    let gap = [receipts[0].clone(), receipts[2].clone()];
    assert_eq!(refused(&running, &gap).await, code(400, "bad_request"));
    let last = sign(
        Receipt {
            seq: Seq(u64::MAX),
            ..head
        },
        &market.enclave,
    );
    assert_eq!(
        hand_in(&running, &[last]).await,
        Accepted { new: 1, known: 0 }
    );

    assert_eq!(
        hand_in(&running, &receipts).await,
        Accepted { new: 4, known: 0 }
    );
    let twice = sign(
        Receipt {
            body_hash: BodyHash::new([99; 32]),
            ..head
        },
        &market.enclave,
    );
    assert_eq!(
        refused(&running, &[twice]).await,
        code(409, "conflicting_receipt")
    );

    // A root over other receipts than those that were signed shows.
    market
        .settle(&node, channel, 4, MerkleRoot::new([8; 32]))
        .await;
    running.caught_up(&market).await;
    let Inclusion::WrongRoot { settlement, found } = look_up(&running, channel, 1).await.inclusion
    else {
        panic!();
    };
    assert_eq!(settlement.root, MerkleRoot::new([8; 32]));
    assert_eq!(found, market.root(&receipts));
}
