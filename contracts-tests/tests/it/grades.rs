//! Key epochs without the grade that a channel needs.

use atoma_chain::{AtomaEvent, abort::Named, tx};
use atoma_protocol::{
    ids::KeyEpoch,
    keys::SigningKey,
    money::{Amount, Bps},
    statement::{EvidenceKind, Grade},
};

use crate::market::{DEPOSIT, Market, Setup};

#[tokio::test]
async fn an_unknown_ungraded_or_underproved_key_epoch_is_not_paid() {
    let m = Market::ungraded(Setup::default()).await;
    let mut terms = m.terms(DEPOSIT);
    terms.need = Grade::SIMULATED.union(Grade::MEASUREMENT);
    let channel = m.open_with(&m.payer, &terms).await;
    let item = m.item(channel.id, (900, 1_000, 1));
    let refusal = async || {
        m.settle(&item)
            .await
            .map_err(|error| error.named().unwrap())
    };

    assert_eq!(refusal().await.unwrap_err(), Named::NodeUnknownEpoch);
    m.post_epoch(0).await;
    assert_eq!(refusal().await.unwrap_err(), Named::ChannelGradeMissing);
    let grading = m.grading(0, Grade::SIMULATED, &m.attestor).await;
    m.ok(&m.stranger, &grading).await;
    assert_eq!(refusal().await.unwrap_err(), Named::ChannelGradeMissing);
    assert_eq!(m.channel(channel).await.paid, Amount(0));

    let whole = m.grading(0, terms.need, &m.attestor).await;
    m.ok(&m.stranger, &whole).await;
    m.settle(&item).await.unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(900));
}

#[tokio::test]
async fn a_grade_takes_attestors_and_cannot_say_more_than_was_proved() {
    let m = Market::ungraded(Setup::default()).await;
    m.post_epoch(0).await;
    let forger = SigningKey::from_seed([66; 32]);
    let good = Grade::SIMULATED;
    let by_nobody = m.grading(0, good, &forger).await;
    let by_the_enclave = m.grading(0, good, &crate::market::enclave(0)).await;
    for action in [by_nobody, by_the_enclave] {
        assert_eq!(
            m.refused(&m.operator, &action).await,
            Named::AttestorsBadSignature
        );
    }
    // Simulated evidence never proves hardware, nor is a grade without bits one.
    for grade in [
        Grade(0),
        Grade::MEASUREMENT,
        Grade::VENDOR_CHAIN,
        Grade::SIMULATED.union(Grade::VENDOR_CHAIN),
        Grade::SIMULATED.union(Grade(1 << 20)),
    ] {
        let action = m.grading(0, grade, &m.attestor).await;
        assert_eq!(
            m.refused(&m.operator, &action).await,
            Named::AttestationBadGrade
        );
    }
    // A verdict for one key epoch does not grade the next.
    let first = m.grading(0, good, &m.attestor).await;
    m.ok(&m.operator, &first).await;
    m.post_epoch(1).await;
    let node = m.client.node(m.node.id).await.unwrap();
    assert_eq!(node.latest_epoch(KeyEpoch(1)).unwrap().grade, Grade(0));

    // A measurement that was taken off the list grades nothing more.
    let kind = EvidenceKind::Simulated;
    let disallow = tx::disallow_measurement(m.at(), m.made.admin_cap, kind, &[7; 32]);
    m.ok(&m.admin, &disallow).await;
    let late = m
        .grading(1, good.union(Grade::MEASUREMENT), &m.attestor)
        .await;
    assert_eq!(
        m.refused(&m.operator, &late).await,
        Named::AttestationNotAllowed
    );
}

#[tokio::test]
async fn evidence_must_be_fresh_when_it_is_posted() {
    let m = Market::ungraded(Setup::default()).await;
    let stale = m.next_epoch(0).await;
    m.halt(16 * 60_000);
    m.ok(&m.operator, &tx::post_key_epoch(m.at(), &stale)).await;
    let grading = m.grading(0, Grade::SIMULATED, &m.attestor).await;
    assert_eq!(
        m.refused(&m.operator, &grading).await,
        Named::AttestationAnchorNotRecent
    );
}

/// On a network for production, evidence that is simulated is not even posted, and no channel can ask for it.
#[tokio::test]
async fn simulated_evidence_is_nothing_on_a_production_network() {
    const OWN_STAKE: Amount = Amount(10_000_000_000_000);
    let m = Market::ungraded(Setup::default()).await;
    let me = m.operator.address();
    let create = tx::create_network(&tx::CreateNetwork {
        package: m.at().package.newest(),
        dev: false,
        gap_ms: 3_600_000,
        params: None,
        treasury: me,
        coins: vec![m.usd().clone()],
        admin: me,
    });
    let made = m.ok(&m.operator, &create).await;
    let mut at = m.at().clone();
    for event in made.events {
        match event {
            AtomaEvent::NetworkCreated(event) => {
                (at.network, at.objects.live_time) = (event.network, event.live_time);
            }
            AtomaEvent::AttestorsCreated(event) => at.objects.attestors = event.attestors,
            AtomaEvent::MeasurementsCreated(event) => at.objects.measurements = event.measurements,
            _ => {}
        }
    }
    let mint = tx::treasury_mint(&at.stake_coin, m.made.stake_treasury, OWN_STAKE, me);
    m.ok(&m.admin, &mint).await;
    let register = tx::RegisterNode {
        stake: OWN_STAKE,
        commission_bps: Bps::new(8_000).unwrap(),
        max_commission_bps: Bps::new(9_000).unwrap(),
        coin: m.usd().clone(),
        offers: vec![],
        owner: me,
    };
    let registered = m.ok(&m.operator, &tx::register_node(&at, &register)).await;
    let node = registered
        .events
        .iter()
        .find_map(|event| match event {
            AtomaEvent::NodeRegistered(event) => Some(event),
            _ => None,
        })
        .unwrap();

    let mut post = m.next_epoch(0).await;
    (post.node, post.node_cap) = (node.node, node.cap);
    let action = tx::post_key_epoch(&at, &post);
    assert_eq!(
        m.refused(&m.operator, &action).await,
        Named::AttestationBadKind
    );
    let mut terms = m.terms(DEPOSIT);
    terms.node = node.node;
    terms.grace = std::time::Duration::from_secs(24 * 3_600);
    let open = tx::open_channel(&at, &terms);
    assert_eq!(m.refused(&m.payer, &open).await, Named::ChannelBadNeed);
    // Real evidence may be posted, and is nothing until attestors say so.
    post.kind = EvidenceKind::SevSnp;
    m.ok(&m.operator, &tx::post_key_epoch(&at, &post)).await;
}
