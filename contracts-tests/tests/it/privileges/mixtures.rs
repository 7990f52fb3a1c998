//! Rights to things of one's own, with the victim's objects in the other places.

use atoma_chain::{
    Action,
    abort::Named,
    action::{Access, Arg},
    tx,
};
use atoma_protocol::{
    ids::{KeyEpoch, ObjectId},
    money::Amount,
};

use super::{Attempt, Scene};

/// A call with its objects, in order; the clock last where `clock`.
struct Mixture {
    path: &'static str,
    objects: Vec<(ObjectId, Access)>,
    clock: bool,
    refusal: Named,
}

fn attempt(scene: &Scene, mixture: Mixture) -> Attempt {
    let (module, name) = mixture.path.split_once("::").unwrap();
    let function = name.trim_end_matches("<T>");
    let types = if name.ends_with("<T>") {
        vec![scene.m.usd().type_tag()]
    } else {
        vec![]
    };
    let mut action = Action::new(mixture.path);
    let mut args: Vec<Arg> = mixture
        .objects
        .into_iter()
        .map(|(id, access)| action.object(id, access))
        .collect();
    if mixture.clock {
        let mut clock = [0; 32];
        clock[31] = 6;
        args.push(action.object(ObjectId::new(clock), Access::Read));
    }
    let package = scene.m.at().package.newest();
    action.call(package, module, function, types, args);
    Attempt {
        module,
        function,
        action,
        refusal: mixture.refusal,
    }
}

fn read(id: impl atoma_chain::id::SuiId) -> (ObjectId, Access) {
    (ObjectId::new(id.to_sui().into_inner()), Access::Read)
}

fn write(id: impl atoma_chain::id::SuiId) -> (ObjectId, Access) {
    (ObjectId::new(id.to_sui().into_inner()), Access::Write)
}

/// Objects of the stranger's network where the victim's own belong: live time that runs faster, parameters
/// without locks, attestors that say anything, a treasury of its own.
fn of_another_network(scene: &Scene) -> Vec<Attempt> {
    let (m, foreign, victim) = (&scene.m, &scene.network, &scene.victim);
    let at = m.at();
    let (node, channel, vault) = (victim.node.id, victim.channel.id, victim.node.vault);
    let fast = read(foreign.live_time);
    let mix = |path, objects, clock, refusal| {
        let mixture = Mixture {
            path,
            objects,
            clock,
            refusal,
        };
        attempt(scene, mixture)
    };
    let (ours, theirs) = (read(at.network), read(foreign.network));
    let live = Named::LiveTimeWrongNetwork;
    vec![
        mix(
            "channel::finalize<T>",
            vec![write(channel), fast],
            true,
            Named::ChannelNotClosing,
        ),
        mix("vault::mature<T>", vec![write(vault), fast], true, live),
        mix(
            "network::apply_params",
            vec![write(at.network), fast],
            true,
            live,
        ),
        mix(
            "attestors::apply",
            vec![write(at.objects.attestors), theirs, fast],
            true,
            Named::AttestorsWrongNetwork,
        ),
        mix(
            "attestors::apply",
            vec![write(at.objects.attestors), ours, fast],
            true,
            live,
        ),
        mix(
            "node::apply_commission",
            vec![write(node), theirs, fast],
            true,
            Named::NodeWrongNetwork,
        ),
        mix(
            "node::apply_commission",
            vec![write(node), ours, fast],
            true,
            live,
        ),
        mix(
            "vault::sweep<T>",
            vec![write(vault), theirs],
            false,
            Named::VaultWrongNetwork,
        ),
        mix(
            "vault::create<T>",
            vec![
                write(scene.stranger.node.id),
                read(scene.stranger.node.cap),
                theirs,
                fast,
            ],
            true,
            Named::NodeWrongNetwork,
        ),
    ]
}

/// The builders' actions with the deployment's objects exchanged for the stranger's.
fn by_builders(scene: &Scene) -> Vec<Attempt> {
    let (m, foreign, victim) = (&scene.m, &scene.network, &scene.victim);
    let (usd, me) = (m.usd(), m.stranger.address());
    let own = &scene.stranger;
    let attempt = |module, function, action, refusal| Attempt {
        module,
        function,
        action,
        refusal,
    };
    let ours = m.at();
    // Whole deployments, each with one thing exchanged.
    let mut network = ours.clone();
    network.network = foreign.network;
    let mut attestors = ours.clone();
    attestors.objects.attestors = foreign.attestors;
    let mut measurements = ours.clone();
    measurements.objects.measurements = foreign.measurements;
    let mut live_time = ours.clone();
    live_time.objects.live_time = foreign.live_time;
    let (node, channel) = (victim.node, victim.channel);
    let keys = [super::super::market::enclave(9).public()];
    let mut terms = m.terms(1_000_000);
    terms.owner = me;
    let withdraw = tx::withdraw_dues(ours, node.vault, own.node.id, own.node.cap, usd, me);
    let close = |at| tx::close(at, channel.id, usd, own.node.id, own.node.cap);
    let fold = tx::fold(
        ours,
        channel.id,
        usd,
        own.node.id,
        own.node.cap,
        KeyEpoch(0),
    );
    let stake = tx::stake(
        ours,
        own.node.id,
        own.node.cap,
        node.pool,
        Amount(1_000),
        me,
    );
    let retire = tx::retire(ours, own.node.id, own.node.cap, node.pool);
    let own_close = tx::request_close(&live_time, own.channel.id, usd, own.channel.cap);
    let reap = tx::reap(ours, own.channel.id, usd, own.channel.cap, node.vault, me);
    let kind = atoma_protocol::statement::EvidenceKind::Simulated;
    let forever = atoma_protocol::time::TimestampMs(u64::MAX);
    let admin = foreign.admin_cap;
    let allow = tx::allow_measurement(&network, admin, kind, &[1; 32], forever);
    let offers = tx::set_offers(&network, own.node.id, own.node.cap, usd, &[m.offer()]);
    let distribute = tx::distribute(ours, node.vault, own.node.pool, usd);
    vec![
        attempt(
            "attestors",
            "set",
            tx::set_attestors(&network, admin, 1, &keys),
            Named::AttestorsWrongNetwork,
        ),
        attempt(
            "measurements",
            "allow",
            allow,
            Named::MeasurementsWrongNetwork,
        ),
        attempt(
            "channel",
            "open",
            tx::open_channel(&network, &terms),
            Named::NodeWrongNetwork,
        ),
        attempt("channel", "close", close(ours), Named::ChannelWrongNode),
        attempt("channel", "fold", fold, Named::ChannelWrongNode),
        attempt(
            "channel",
            "request_close",
            own_close,
            Named::LiveTimeWrongNetwork,
        ),
        attempt("channel", "reap", reap, Named::VaultWrongVault),
        attempt("vault", "withdraw", withdraw, Named::VaultWrongVault),
        attempt("vault", "distribute", distribute, Named::StakeWrongPool),
        attempt("node", "stake", stake, Named::StakeWrongPool),
        attempt("node", "retire", retire, Named::StakeWrongPool),
        attempt("node", "set_offer", offers, Named::NodeWrongNetwork),
    ]
}

#[tokio::test]
async fn objects_of_another_network_or_node_are_refused() {
    let scene = Scene::set().await;
    scene.all_refused(of_another_network(&scene)).await;
    scene.all_refused(by_builders(&scene)).await;
}

/// Attestors of the stranger's network grade nothing here.
#[tokio::test]
async fn foreign_attestors_grade_nothing() {
    let scene = Scene::set().await;
    let m = &scene.m;
    m.post_epoch(1).await;
    let forger = atoma_protocol::keys::SigningKey::from_seed([66; 32]);
    let mut theirs = m.at().clone();
    theirs.network = scene.network.network;
    theirs.objects.attestors = scene.network.attestors;
    theirs.objects.live_time = scene.network.live_time;
    let set = tx::set_attestors(&theirs, scene.network.admin_cap, 1, &[forger.public()]);
    m.ok(&m.stranger, &set).await;

    let (verdict, signatures) = m
        .verdict(1, atoma_protocol::statement::Grade::SIMULATED, &forger)
        .await;
    let mut at = m.at().clone();
    at.objects.attestors = scene.network.attestors;
    let grade = tx::grade(&at, &verdict, &signatures);
    assert_eq!(
        m.refused(&m.stranger, &grade).await,
        Named::AttestorsWrongNetwork
    );
    let grade = tx::grade(&theirs, &verdict, &signatures);
    assert_eq!(
        m.refused(&m.stranger, &grade).await,
        Named::NodeWrongNetwork
    );
    let mut at = m.at().clone();
    at.objects.measurements = scene.network.measurements;
    let grade = tx::grade(&at, &verdict, &signatures);
    assert_eq!(
        m.refused(&m.stranger, &grade).await,
        Named::MeasurementsWrongNetwork
    );
}

/// A window that is open is not closed by another network's faster time.
#[tokio::test]
async fn a_faster_live_time_ends_no_window() {
    let scene = Scene::set().await;
    let (m, victim) = (&scene.m, &scene.victim);
    let close = tx::request_close(m.at(), victim.channel.id, m.usd(), victim.channel.cap);
    m.ok(&m.payer, &close).await;
    m.halt(60_000);
    let mut at = m.at().clone();
    at.objects.live_time = scene.network.live_time;
    let finalize = tx::finalize(&at, victim.channel.id, m.usd());
    assert_eq!(
        m.refused(&m.stranger, &finalize).await,
        Named::LiveTimeWrongNetwork
    );
}
