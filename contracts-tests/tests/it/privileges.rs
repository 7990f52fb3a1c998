//! A stranger calls everything that only some may call: with rights to things of its own, with the rights of
//! others, with nothing, and with objects of another network mixed in.

mod calls;
mod mixtures;
mod theft;

use std::collections::BTreeSet;

use atoma_chain::{Action, AtomaEvent, abort::Named, state::UnbondPositionState, tx};
use atoma_contracts_tests::source;
use atoma_protocol::{
    ids::{NetworkId, ObjectId},
    money::Amount,
};

use crate::market::{DEPOSIT, Market, TestChannel, TestNode};

use calls::{Rights, Victim};

/// A call that must be refused.
pub(crate) struct Attempt {
    pub(crate) module: &'static str,
    pub(crate) function: &'static str,
    pub(crate) action: Action,
    pub(crate) refusal: Named,
}

/// What somebody has in the market, with all the rights that come with it.
pub(crate) struct Holdings {
    pub(crate) rights: Rights,
    pub(crate) node: TestNode,
    pub(crate) channel: TestChannel,
}

/// A network of the stranger's own, on the same package.
pub(crate) struct ForeignNetwork {
    pub(crate) network: NetworkId,
    pub(crate) live_time: ObjectId,
    pub(crate) attestors: ObjectId,
    pub(crate) measurements: ObjectId,
    pub(crate) admin_cap: ObjectId,
    pub(crate) pause_cap: ObjectId,
}

pub(crate) async fn foreign_network(m: &Market) -> ForeignNetwork {
    let create = tx::create_network(&tx::CreateNetwork {
        package: m.at().package.newest(),
        dev: true,
        gap_ms: 1,
        params: None,
        treasury: m.stranger.address(),
        coins: vec![m.usd().clone()],
        admin: m.stranger.address(),
    });
    let made = m.ok(&m.stranger, &create).await;
    let mut network = None;
    let (mut attestors, mut measurements) = (None, None);
    for event in made.events {
        match event {
            AtomaEvent::NetworkCreated(event) => network = Some(event),
            AtomaEvent::AttestorsCreated(event) => attestors = Some(event.attestors),
            AtomaEvent::MeasurementsCreated(event) => measurements = Some(event.measurements),
            _ => {}
        }
    }
    let network = network.unwrap();
    ForeignNetwork {
        network: network.network,
        live_time: network.live_time,
        attestors: attestors.unwrap(),
        measurements: measurements.unwrap(),
        admin_cap: network.admin_cap,
        pause_cap: network.pause_cap,
    }
}

/// Unbonds some of a staker's own and reports its node, so that it has every right there is.
async fn holdings(
    m: &Market,
    owner: &atoma_chain::Wallet,
    (node, channel): (TestNode, TestChannel),
    (admin_cap, pause_cap): (ObjectId, ObjectId),
) -> Holdings {
    let me = owner.address();
    let stake = tx::stake(m.at(), node.id, node.cap, node.pool, Amount(1_000_000), me);
    m.ok(owner, &stake).await;
    let unstake = tx::unstake(m.at(), node.pool, node.position, 1_000_000, me);
    m.ok(owner, &unstake).await;
    let tickets: Vec<UnbondPositionState> = m.client.owned(me).await.unwrap();
    // Reported by the payer, and given to the owner.
    let first = tx::two_receipts_commitment(
        m.at(),
        m.payer.address(),
        &calls::receipt(channel.id, 1),
        &calls::receipt(channel.id, 2),
    );
    let report = tx::report_wrong(m.at(), m.node.id, first, me);
    let reported = m.ok(&m.payer, &report).await;
    Holdings {
        rights: Rights {
            admin_cap,
            pause_cap,
            node_cap: node.cap,
            payer_cap: channel.cap,
            position: node.position,
            ticket: tickets[0].id,
            report: reported.created[0],
        },
        node,
        channel,
    }
}

/// A market in which the stranger has a node, a channel and a network of its own.
pub(crate) struct Scene {
    pub(crate) m: Market,
    pub(crate) victim: Victim,
    pub(crate) operator: Holdings,
    pub(crate) stranger: Holdings,
    pub(crate) network: ForeignNetwork,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let m = Market::start().await;
        let channel = m.open(DEPOSIT).await;
        m.settle(&m.item(channel.id, (100_000, 100_000, 2)))
            .await
            .unwrap();
        let network = foreign_network(&m).await;
        let node = m.register_node(&m.stranger).await;
        let mut terms = m.terms(DEPOSIT);
        terms.node = node.id;
        terms.owner = m.stranger.address();
        terms.router = m.stranger.address();
        let own = m.open_with(&m.stranger, &terms).await;
        let caps = (network.admin_cap, network.pause_cap);
        let stranger = holdings(&m, &m.stranger, (node, own), caps).await;
        let caps = (m.made.admin_cap, m.made.pause_cap);
        let operator = holdings(&m, &m.operator, (m.node, channel), caps).await;
        let victim = Victim {
            node: m.node,
            channel,
        };
        Self {
            m,
            victim,
            operator,
            stranger,
            network,
        }
    }

    /// The victim's shared objects, as they are now.
    pub(crate) async fn evidence(&self) -> Vec<Option<sui_sdk_types::Object>> {
        let at = self.m.at();
        let node = self.victim.node;
        let ids = [
            ObjectId::new(at.network.into_bytes()),
            at.objects.live_time,
            at.objects.attestors,
            at.objects.measurements,
            ObjectId::new(node.id.into_bytes()),
            node.pool,
            node.vault,
            ObjectId::new(self.victim.channel.id.into_bytes()),
        ];
        self.m.client.rpc().objects(&ids).await.unwrap()
    }

    /// Every attempt is refused by its name and changes nothing.
    pub(crate) async fn all_refused(&self, attempts: Vec<Attempt>) {
        let before = self.evidence().await;
        for attempt in attempts {
            let call = format!("{}::{}", attempt.module, attempt.function);
            let error = self
                .m
                .client
                .submit(&self.m.stranger, &attempt.action)
                .await
                .expect_err(&call);
            assert_eq!(error.named(), Some(attempt.refusal), "{call}: {error}");
        }
        assert_eq!(self.evidence().await, before);
    }
}

/// Deletes what its holder owns and gives nothing: no right to anything else.
const HARMLESS: [(&str, &str); 1] = [("slashing", "withdraw")];

#[tokio::test]
async fn a_stranger_with_rights_of_its_own_is_refused_everywhere() {
    let scene = Scene::set().await;
    let attempts = calls::all(&scene.m, &scene.victim, &scene.stranger.rights);

    let tried: BTreeSet<_> = attempts
        .iter()
        .map(|attempt| (attempt.module.to_owned(), attempt.function.to_owned()))
        .chain(HARMLESS.map(|(module, name)| (module.to_owned(), name.to_owned())))
        .collect();
    let privileged: BTreeSet<_> = source::privileged()
        .unwrap()
        .into_iter()
        .map(|function| (function.module, function.name))
        .collect();
    assert_eq!(
        tried, privileged,
        "the table and the source name the same functions"
    );

    scene.all_refused(attempts).await;
}

/// The same calls go through, or fail for another reason, once the right right is shown: it is the right
/// alone that is refused above.
#[tokio::test]
async fn the_holder_of_the_rights_is_not_refused_for_them() {
    let scene = Scene::set().await;
    let m = &scene.m;
    let mut went_through = 0;
    for attempt in calls::all(m, &scene.victim, &scene.operator.rights) {
        let wallet = match attempt.module {
            "network" | "attestors" | "measurements" => &m.admin,
            "channel" if attempt.function == "claim_routing" => &m.router,
            "channel" if calls::is_payers(attempt.function) => &m.payer,
            _ => &m.operator,
        };
        // Simulated, so that one does not spoil the next.
        match m.client.simulate(wallet, &attempt.action).await {
            Ok(_) => went_through += 1,
            // A refusal of the right itself would be named as in the table.
            Err(error) => assert!(
                error.named() != Some(attempt.refusal) || calls::needs_more(&attempt),
                "{}::{}: {error}",
                attempt.module,
                attempt.function
            ),
        }
    }
    assert!(went_through > 15, "{went_through}");
}

#[tokio::test]
async fn what_is_for_one_sender_is_for_no_other() {
    let scene = Scene::set().await;
    let m = &scene.m;
    // A successor was named, and it is somebody else.
    let name = calls::name_successor(m, m.made.admin_cap, Some(m.payer.address()));
    m.ok(&m.admin, &name).await;
    let accept = calls::accept_admin(m);
    assert_eq!(
        m.refused(&m.stranger, &accept).await,
        Named::NetworkNotSuccessor
    );
    assert_eq!(
        m.refused(&m.admin, &accept).await,
        Named::NetworkNotSuccessor
    );
    m.ok(&m.payer, &accept).await;
    // The old right is void from now on, and the offer is spent.
    let again = calls::name_successor(m, m.made.admin_cap, None);
    assert_eq!(m.refused(&m.admin, &again).await, Named::NetworkWrongCap);
    assert_eq!(
        m.refused(&m.payer, &accept).await,
        Named::NetworkNotSuccessor
    );
}

/// Somebody else's commitment is worth nothing: a proof cannot be stolen from the open.
#[tokio::test]
async fn a_copied_report_proves_nothing() {
    let scene = Scene::set().await;
    let m = &scene.m;
    let (first, second) = (
        calls::receipt(scene.victim.channel.id, 1),
        calls::receipt(scene.victim.channel.id, 2),
    );
    let honest = tx::two_receipts_commitment(m.at(), m.payer.address(), &first, &second);
    let me = m.stranger.address();
    let copied = m
        .ok(
            &m.stranger,
            &tx::report_wrong(m.at(), m.node.id, honest, me),
        )
        .await;
    m.halt(2_000);
    let prove = calls::prove_two_receipts(m, copied.created[0], &scene.victim);
    assert_eq!(
        m.refused(&m.stranger, &prove).await,
        Named::SlashingOtherProof
    );
}
