/// A whole market for the tests: one dev network, one node with two graded key epochs, and calls of
/// every function of the protocol in one line each.
///
/// Network, nodes, channels and model have fixed ids, for signatures are over them; so a test makes
/// one world only.
#[test_only]
module atoma::world;

use atoma::atoma::ATOMA;
use atoma::attestation;
use atoma::attestors::{Self, Attestors};
use atoma::channel::{Self, Channel, PayerCap};
use atoma::key_epoch;
use atoma::live_time::LiveTime;
use atoma::measurements::{Self, Measurements};
use atoma::message;
use atoma::model::{Self, Model, ModelCap};
use atoma::network::{Self, AdminCap, Network, PauseCap};
use atoma::node::{Self, Node, NodeCap};
use atoma::params::{Self, Params};
use atoma::receipt::{Self, Body, Head};
use atoma::signatures;
use atoma::slashing::{Self, Report};
use atoma::stake::{Pool, StakePosition, UnbondPosition};
use atoma::vault::{Self, Vault};
use std::unit_test::destroy;
use sui::clock::{Self, Clock};
use sui::coin::{Self, Coin, TreasuryCap};
use sui::test_scenario::{Self, Scenario};

// === Constants ===

const ADMIN: address = @0xAD;
const OPERATOR: address = @0x0B;
const PAYER: address = @0xA1;
const ROUTER: address = @0x50;
const TREASURY: address = @0x7E;
const STRANGER: address = @0xBAD;

/// Transaction hints from which the fixed ids derive.
const NETWORK_HINT: u64 = 1001;
const NODE_HINT: u64 = 1002;
const CHANNEL_HINT: u64 = 1003;
const MODEL_HINT: u64 = 1010;

const KEY_PAYER: u8 = 0;
const KEY_EPOCH_0: u8 = 1;
const KEY_STRANGER: u8 = 6;
const KEY_ATTESTOR_0: u8 = 7;
const KEY_ATTESTOR_1: u8 = 8;

/// Clock at which every test begins.
const START_MS: u64 = 1_000_000;
const GAP_MS: u64 = 1_000;
const GRACE_MS: u64 = 60_000;
const DEPOSIT: u64 = 10_000;
const STAKE: u64 = 1_000_000_000;

// === Structs ===

/// The coin that channels use here.
public struct DOLLAR has drop {}

/// Everything there is, held at hand.
public struct World {
    scenario: Scenario,
    clock: Clock,
    admin: AdminCap,
    pause: PauseCap,
    model_cap: ModelCap,
    node_cap: NodeCap,
    position: StakePosition,
    network: Network,
    live_time: LiveTime,
    attestors: Attestors,
    measurements: Measurements,
    model: Model,
    node: Node,
    pool: Pool,
    vault: Vault<DOLLAR>,
    channels: vector<Channel<DOLLAR>>,
    payers: vector<PayerCap>,
}

// === Setup ===

/// Parameters of the tests: shares of production, every window short and different.
public fun parameters(): Params {
    params::new(
        500, // protocol
        2_000, // routing, at most
        STAKE, // own stake
        10_000, // least grace
        100_000, // longest grace
        1_000_000, // longest channel
        30_000, // reap
        200_000, // unbonding
        20_000, // hold-back
        70_000, // stream
        50_000, // time lock
        950_000, // evidence age
        900_000, // anchor age
        1_000, // slash
        500, // reporter
        10_000, // report delay
        40_000, // report window
        80_000, // jail
    )
}

/// A dev network with attestors (threshold 2 of 2), one measurement and one model, and an active
/// node with one offer and a vault.
public fun bare(): World {
    let mut scenario = test_scenario::begin(ADMIN);
    let mut clock = clock::create_for_testing(scenario.ctx());
    clock.set_for_testing(START_MS);
    let ctx = &mut tx_context::new_from_hint(ADMIN, NETWORK_HINT, 0, 0, 0);
    let (mut network, admin, pause) =
        network::create(parameters(), true, GAP_MS, TREASURY, &clock, ctx);
    attestors::create(&mut network, &admin, ctx);
    measurements::create(&mut network, &admin, ctx);
    network.accept_coin<DOLLAR>(&admin);
    network.share();
    scenario.next_tx(ADMIN);
    let network = scenario.take_shared<Network>();
    let live_time = scenario.take_shared<LiveTime>();
    let mut attestors = scenario.take_shared<Attestors>();
    let mut measurements = scenario.take_shared<Measurements>();
    attestors.set(
        &network,
        &admin,
        &live_time,
        2,
        vector[
            signatures::public_key(KEY_ATTESTOR_0),
            signatures::public_key(KEY_ATTESTOR_1),
        ],
        &clock,
    );
    measurements.allow(&network, &admin, key_epoch::kind_simulated(), measurement(), 2_000_000);
    let ctx = &mut tx_context::new_from_hint(ADMIN, MODEL_HINT, 0, 0, 0);
    let model_cap = model::register(
        &network,
        b"tiny".to_string(),
        @0x3A,
        model::text(),
        b"file:///tiny".to_string(),
        ctx,
    );
    scenario.next_tx(OPERATOR);
    let model = scenario.take_shared<Model>();
    let stake = coin::mint_for_testing<ATOMA>(STAKE, scenario.ctx());
    let ctx = &mut tx_context::new_from_hint(OPERATOR, NODE_HINT, 0, 0, 0);
    let (mut node, node_cap, position) = node::register(
        &network,
        &live_time,
        stake,
        8_000,
        9_000,
        &clock,
        ctx,
    );
    vault::create<DOLLAR>(&mut node, &node_cap, &network, &live_time, &clock, ctx);
    node.set_offer<DOLLAR>(
        &node_cap,
        &network,
        &model,
        2_000_000,
        6_000_000,
        4_096,
        b"cpu".to_string(),
        1_000,
        1_000,
        100,
    );
    node.share();
    scenario.next_tx(ADMIN);
    World {
        clock,
        admin,
        pause,
        model_cap,
        node_cap,
        position,
        network,
        live_time,
        attestors,
        measurements,
        model,
        node: scenario.take_shared<Node>(),
        pool: scenario.take_shared<Pool>(),
        vault: scenario.take_shared<Vault<DOLLAR>>(),
        channels: vector[],
        payers: vector[],
        scenario,
    }
}

/// `bare` with key epochs 0 and 1 graded and one open channel.
public fun new(): World {
    let mut w = bare();
    w.post(0);
    w.grade(0);
    w.post(1);
    w.grade(1);
    w.open();
    w
}

/// Ends a test.
public fun end(w: World) {
    destroy(w);
}

// === Names ===

public fun admin(): address { ADMIN }

public fun operator(): address { OPERATOR }

public fun payer(): address { PAYER }

public fun router(): address { ROUTER }

public fun treasury(): address { TREASURY }

public fun stranger(): address { STRANGER }

/// Id of a network that is not here.
public fun elsewhere(): ID { object::id_from_address(@0xE15E) }

public fun key_payer(): u8 { KEY_PAYER }

public fun key_epoch_0(): u8 { KEY_EPOCH_0 }

public fun key_stranger(): u8 { KEY_STRANGER }

public fun key_attestor_0(): u8 { KEY_ATTESTOR_0 }

public fun key_attestor_1(): u8 { KEY_ATTESTOR_1 }

public fun gap_ms(): u64 { GAP_MS }

public fun grace_ms(): u64 { GRACE_MS }

public fun start_ms(): u64 { START_MS }

public fun stake_amount(): u64 { STAKE }

public fun measurement(): vector<u8> {
    vector::tabulate!(48, |_| 0x4D)
}

public fun sealing_keys(): vector<u8> {
    vector::tabulate!(1248, |_| 0x5E)
}

// === Objects ===

public fun clock(w: &World): &Clock { &w.clock }

public fun network(w: &World): &Network { &w.network }

public fun network_mut(w: &mut World): &mut Network { &mut w.network }

public fun live_time(w: &World): &LiveTime { &w.live_time }

public fun attestors(w: &World): &Attestors { &w.attestors }

public fun measurements(w: &World): &Measurements { &w.measurements }

public fun model(w: &World): &Model { &w.model }

public fun node(w: &World): &Node { &w.node }

public fun node_mut(w: &mut World): &mut Node { &mut w.node }

public fun pool(w: &World): &Pool { &w.pool }

public fun pool_mut(w: &mut World): &mut Pool { &mut w.pool }

public fun vault(w: &World): &Vault<DOLLAR> { &w.vault }

public fun position(w: &World): &StakePosition { &w.position }

public fun channel(w: &World, index: u64): &Channel<DOLLAR> { &w.channels[index] }

public fun ctx(w: &mut World): &mut TxContext { w.scenario.ctx() }

/// Ends the transaction; the next one is by `sender`.
public fun next(w: &mut World, sender: address) {
    w.scenario.next_tx(sender);
}

/// What `owner` was sent of coin `T` since it was last asked.
public fun received<T>(w: &mut World, owner: address): u64 {
    w.scenario.next_tx(owner);
    let ids = w.scenario.ids_for_sender<Coin<T>>();
    ids.fold!(
        0,
        |sum, id| sum + w.scenario.take_from_sender_by_id<Coin<T>>(id).burn_for_testing(),
    )
}

/// Takes the object of type `T` shared last.
public fun take<T: key>(w: &mut World): T {
    w.next(ADMIN);
    w.scenario.take_shared<T>()
}

/// Takes an object that the sender of this transaction owns.
public fun take_owned<T: key>(w: &World): T { w.scenario.take_from_sender<T>() }

// === Time ===

/// Lets `ms` pass, with the chain alive and somebody ticking.
public fun pass(w: &mut World, ms: u64) {
    let mut left = ms;
    // Ends the transaction, for events of one are limited.
    w.scenario.next_tx(ADMIN);
    while (left > 0) {
        let step = left.min(GAP_MS);
        w.clock.increment_for_testing(step);
        w.live_time.tick(&w.clock);
        left = left - step;
    };
}

/// Lets `ms` pass while the chain stands still.
public fun halt(w: &mut World, ms: u64) {
    w.clock.increment_for_testing(ms);
}

public fun tick(w: &mut World) {
    w.live_time.tick(&w.clock);
}

// === Network ===

public fun accept_coin<T>(w: &mut World) {
    w.network.accept_coin<T>(&w.admin);
}

public fun accept_coin_with<T>(w: &mut World, cap: &AdminCap) {
    w.network.accept_coin<T>(cap);
}

public fun set_treasury(w: &mut World, treasury: address) {
    w.network.set_treasury(&w.admin, treasury);
}

public fun propose_params(w: &mut World, params: Params) {
    w.network.propose_params(&w.admin, &w.live_time, params, &w.clock);
}

public fun apply_params(w: &mut World) {
    w.network.apply_params(&w.live_time, &w.clock);
}

public fun name_successor(w: &mut World, successor: Option<address>) {
    w.network.name_successor(&w.admin, successor);
}

/// The cap that `sender` gets when it takes over.
public fun accept_admin(w: &mut World, sender: address): AdminCap {
    w.next(sender);
    w.network.accept_admin(w.scenario.ctx())
}

public fun pause(w: &mut World) {
    w.network.pause(&w.pause);
}

public fun pause_with(w: &mut World, cap: &PauseCap) {
    w.network.pause(cap);
}

public fun resume(w: &mut World) {
    w.network.resume(&w.admin);
}

public fun replace_pause_cap(w: &mut World): PauseCap {
    w.network.replace_pause_cap(&w.admin, w.scenario.ctx())
}

public fun set_attestors(w: &mut World, threshold: u64, keys: vector<vector<u8>>) {
    w.attestors.set(&w.network, &w.admin, &w.live_time, threshold, keys, &w.clock);
}

public fun apply_attestors(w: &mut World) {
    w.attestors.apply(&w.network, &w.live_time, &w.clock);
}

public fun allow(w: &mut World, kind: u8, measurement: vector<u8>, until_ms: u64) {
    w.measurements.allow(&w.network, &w.admin, kind, measurement, until_ms);
}

public fun disallow(w: &mut World, kind: u8, measurement: vector<u8>) {
    w.measurements.disallow(&w.network, &w.admin, kind, measurement);
}

/// Another network with its admin's cap, its own live time and everything else, on the same chain.
public fun other_network(w: &mut World, dev: bool): (Network, AdminCap, PauseCap, LiveTime) {
    w.next(STRANGER);
    let (params, gap_ms) = if (dev) {
        (parameters(), GAP_MS)
    } else {
        (params::production(), 60 * 60 * 1000)
    };
    let (mut network, admin, pause) =
        network::create(params, dev, gap_ms, STRANGER, &w.clock, w.scenario.ctx());
    attestors::create(&mut network, &admin, w.scenario.ctx());
    measurements::create(&mut network, &admin, w.scenario.ctx());
    w.next(STRANGER);
    let live_time = w.scenario.take_shared<LiveTime>();
    (network, admin, pause, live_time)
}

public fun apply_params_at(w: &mut World, live_time: &LiveTime) {
    w.network.apply_params(live_time, &w.clock);
}

public fun set_attestors_at(w: &mut World, live_time: &LiveTime) {
    let keys = w.attestors.keys();
    w.attestors.set(&w.network, &w.admin, live_time, 1, keys, &w.clock);
}

public fun create_attestors(w: &mut World) {
    attestors::create(&mut w.network, &w.admin, w.scenario.ctx());
}

public fun create_measurements(w: &mut World) {
    measurements::create(&mut w.network, &w.admin, w.scenario.ctx());
}

public fun register_model(
    w: &mut World,
    name: vector<u8>,
    modality: u8,
    uri: vector<u8>,
): ModelCap {
    model::register(
        &w.network,
        name.to_string(),
        @0x3A,
        modality,
        uri.to_string(),
        w.scenario.ctx(),
    )
}

/// A clock that shows what the world's does.
public fun new_clock(w: &mut World): Clock {
    let mut clock = clock::create_for_testing(w.scenario.ctx());
    clock.set_for_testing(w.clock.timestamp_ms());
    clock
}

/// Every function that wants the admin's cap, by number.
public fun admin_call(w: &mut World, call: u8, cap: &AdminCap) {
    if (call == 0) w.network.accept_coin<ATOMA>(cap)
    else if (call == 1) w.network.set_treasury(cap, STRANGER)
    else if (call == 2) w.network.propose_params(cap, &w.live_time, parameters(), &w.clock)
    else if (call == 3) w.network.name_successor(cap, option::some(STRANGER))
    else if (call == 4) destroy(w.network.replace_pause_cap(cap, w.scenario.ctx()))
    else if (call == 5) w.network.resume(cap)
    else if (call == 6) {
        let keys = vector[signatures::public_key(KEY_STRANGER)];
        w.attestors.set(&w.network, cap, &w.live_time, 1, keys, &w.clock)
    } else if (call == 7) w.measurements.allow(&w.network, cap, 0, vector[1], 2_000_000)
    else if (call == 8) w.measurements.disallow(&w.network, cap, 0, measurement())
    else if (call == 9) attestors::create(&mut w.network, cap, w.scenario.ctx())
    else measurements::create(&mut w.network, cap, w.scenario.ctx());
}

// === Node ===

/// Registers a stranger's node in this network, with `stake` of ATOMA.
public fun other_node(w: &mut World, stake: u64): (Node, NodeCap, StakePosition) {
    w.next(STRANGER);
    let stake = coin::mint_for_testing<ATOMA>(stake, w.scenario.ctx());
    node::register(&w.network, &w.live_time, stake, 0, 10_000, &w.clock, w.scenario.ctx())
}

public fun register_with_commission(w: &mut World, bps: u64, max_bps: u64) {
    let stake = coin::mint_for_testing<ATOMA>(STAKE, w.scenario.ctx());
    let (node, cap, position) = node::register(
        &w.network,
        &w.live_time,
        stake,
        bps,
        max_bps,
        &w.clock,
        w.scenario.ctx(),
    );
    destroy(node);
    destroy(cap);
    destroy(position);
}

public fun register_at(w: &mut World, live_time: &LiveTime) {
    let stake = coin::mint_for_testing<ATOMA>(STAKE, w.scenario.ctx());
    let (node, cap, position) =
        node::register(&w.network, live_time, stake, 0, 0, &w.clock, w.scenario.ctx());
    destroy(node);
    destroy(cap);
    destroy(position);
}

public fun set_offer_for_own_model<T>(w: &mut World) {
    w.node.set_offer<T>(
        &w.node_cap,
        &w.network,
        &w.model,
        1,
        1,
        1,
        b"cpu".to_string(),
        1,
        1,
        1,
    );
}

public fun apply_commission_at(w: &mut World, network: &Network) {
    w.node.apply_commission(network, &w.live_time, &w.clock);
}

/// Every function that wants the operator's cap, by number.
public fun operator_call(w: &mut World, call: u8, cap: &NodeCap) {
    if (call == 0) destroy(w.stake_with(cap, 1))
    else if (call == 1) {
        w.node.set_offer<DOLLAR>(
            cap,
            &w.network,
            &w.model,
            1,
            1,
            1,
            b"cpu".to_string(),
            1,
            1,
            1,
        )
    } else if (call == 2) w.node.remove_offer<DOLLAR>(cap, object::id(&w.model))
    else if (call == 3) w.node.activate(cap, &w.pool)
    else if (call == 4) w.node.drain(cap)
    else if (call == 5) w.node.unjail(cap, &w.live_time, &w.clock)
    else if (call == 6) w.node.retire(cap, &mut w.pool)
    else if (call == 7) w.node.propose_commission(cap, &w.live_time, 8_000, &w.clock)
    else if (call == 8) {
        vault::create<ATOMA>(
            &mut w.node,
            cap,
            &w.network,
            &w.live_time,
            &w.clock,
            w.scenario.ctx(),
        );
    } else if (call == 9) {
        attestation::post(
            &mut w.node,
            cap,
            &w.network,
            2,
            0,
            measurement(),
            signatures::public_key(KEY_STRANGER),
            sealing_keys(),
            @0x0,
            @0x0,
            b"".to_string(),
            0,
            @0x0,
            &w.clock,
        )
    } else if (call == 10) attestation::end(&mut w.node, cap, 0, &w.clock)
    else if (call == 11) {
        w.vault
            .withdraw(&w.node, cap, &w.live_time, &w.clock, w.scenario.ctx())
            .burn_for_testing();
    } else w.channels[0].fold(&w.node, cap, 0);
}

public fun create_vault<T>(w: &mut World): ID {
    vault::create<T>(
        &mut w.node,
        &w.node_cap,
        &w.network,
        &w.live_time,
        &w.clock,
        w.scenario.ctx(),
    )
}

public fun set_offer(
    w: &mut World,
    input_price: u64,
    output_price: u64,
    engine_class: vector<u8>,
    max_routing_bps: u64,
) {
    w.node.set_offer<DOLLAR>(
        &w.node_cap,
        &w.network,
        &w.model,
        input_price,
        output_price,
        4_096,
        engine_class.to_string(),
        1_000,
        max_routing_bps,
        100,
    );
}

public fun set_offer_for<T>(w: &mut World, model: &Model) {
    w.node.set_offer<T>(
        &w.node_cap,
        &w.network,
        model,
        1,
        1,
        1,
        b"cpu".to_string(),
        500,
        500,
        1_000,
    );
}

public fun remove_offer(w: &mut World) {
    w.node.remove_offer<DOLLAR>(&w.node_cap, object::id(&w.model));
}

public fun activate(w: &mut World) {
    w.node.activate(&w.node_cap, &w.pool);
}

public fun drain(w: &mut World) {
    w.node.drain(&w.node_cap);
}

public fun unjail(w: &mut World) {
    w.node.unjail(&w.node_cap, &w.live_time, &w.clock);
}

public fun retire(w: &mut World) {
    w.node.retire(&w.node_cap, &mut w.pool);
}

/// Jails the node as `slashing` does.
public fun jail(w: &mut World) {
    let since = w.live_time.open(&w.clock);
    w.node.jail(since);
}

public fun propose_commission(w: &mut World, bps: u64) {
    w.node.propose_commission(&w.node_cap, &w.live_time, bps, &w.clock);
}

public fun apply_commission(w: &mut World) {
    w.node.apply_commission(&w.network, &w.live_time, &w.clock);
}

// === Attestation ===

/// Key that signs for a key epoch: one each for the first five, the last for all later ones.
public fun signer_of(epoch: u64): u8 { KEY_EPOCH_0 + (epoch.min(4) as u8) }

/// Posts the key epoch with simulated evidence.
public fun post(w: &mut World, epoch: u64) {
    w.post_as(epoch, key_epoch::kind_simulated(), measurement());
}

public fun post_as(w: &mut World, epoch: u64, kind: u8, measurement: vector<u8>) {
    w.post_with(
        epoch,
        kind,
        measurement,
        signatures::public_key(signer_of(epoch)),
        sealing_keys(),
        b"file:///evidence",
    );
}

public fun post_with(
    w: &mut World,
    epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    signing_key: vector<u8>,
    sealing_keys: vector<u8>,
    uri: vector<u8>,
) {
    attestation::post(
        &mut w.node,
        &w.node_cap,
        &w.network,
        epoch,
        kind,
        measurement,
        signing_key,
        sealing_keys,
        @0x3A,
        @0xE1,
        uri.to_string(),
        7,
        @0xD1,
        &w.clock,
    );
}

/// Grades the key epoch as simulated with its measurement listed, by both attestors.
public fun grade(w: &mut World, epoch: u64) {
    w.grade_as(epoch, 0, simulated_grade(), START_MS, vector[0, 1]);
}

public fun simulated_grade(): u64 {
    key_epoch::grade_simulated() | key_epoch::grade_measurement()
}

/// Grades with the signatures of the attestors named, over exactly these values.
public fun grade_as(
    w: &mut World,
    epoch: u64,
    kind: u8,
    grade: u64,
    anchor_ms: u64,
    signers: vector<u8>,
) {
    let message = w.verdict(epoch, kind, grade, anchor_ms);
    let signatures = signers.map_ref!(
        |signer| signatures::sign(KEY_ATTESTOR_0 + (*signer).min(1), message),
    );
    w.grade_with(epoch, grade, anchor_ms, signers, signatures);
}

public fun grade_with(
    w: &mut World,
    epoch: u64,
    grade: u64,
    anchor_ms: u64,
    signers: vector<u8>,
    signatures: vector<vector<u8>>,
) {
    attestation::grade(
        &mut w.node,
        &w.network,
        &w.attestors,
        &w.measurements,
        epoch,
        grade,
        anchor_ms,
        signers,
        signatures,
        &w.clock,
    );
}

/// Posts with another network.
public fun post_at(w: &mut World, network: &Network) {
    attestation::post(
        &mut w.node,
        &w.node_cap,
        network,
        0,
        0,
        measurement(),
        signatures::public_key(KEY_EPOCH_0),
        sealing_keys(),
        @0x0,
        @0x0,
        b"".to_string(),
        0,
        @0x0,
        &w.clock,
    );
}

/// Grades with one object of another network: 0 network, 1 attestors, 2 measurements.
public fun grade_at(
    w: &mut World,
    object: u8,
    network: &Network,
    attestors: &Attestors,
    measurements: &Measurements,
) {
    attestation::grade(
        &mut w.node,
        if (object == 0) network else &w.network,
        if (object == 1) attestors else &w.attestors,
        if (object == 2) measurements else &w.measurements,
        0,
        simulated_grade(),
        START_MS,
        vector[],
        vector[],
        &w.clock,
    );
}

/// Takes the `dev` mark off the network.
public fun make_production(w: &mut World) {
    w.network.set_dev_for_testing(false);
}

/// Bytes of the verdict on a posted key epoch.
public fun verdict(w: &World, epoch: u64, kind: u8, grade: u64, anchor_ms: u64): vector<u8> {
    let at = w.node.epoch(epoch);
    message::verdict(
        object::id(&w.network),
        object::id(&w.node),
        epoch,
        kind,
        at.measurement(),
        at.evidence_hash(),
        at.report_data(),
        grade,
        anchor_ms,
        w.attestors.set_version(),
    )
}

public fun end_epoch(w: &mut World, epoch: u64) {
    attestation::end(&mut w.node, &w.node_cap, epoch, &w.clock);
}

// === Channel ===

/// Opens a channel of `DEPOSIT` for the one model; the ids of the first two are known.
public fun open(w: &mut World): u64 {
    let model = object::id(&w.model);
    w.open_with(
        DEPOSIT,
        1_000,
        vector[model],
        vector[2_000_000],
        vector[6_000_000],
        key_epoch::grade_simulated(),
        GRACE_MS,
        START_MS + 500_000,
    )
}

public fun open_with(
    w: &mut World,
    deposit: u64,
    routing_bps: u64,
    models: vector<ID>,
    input_prices: vector<u64>,
    output_prices: vector<u64>,
    need: u64,
    grace_ms: u64,
    expires_ms: u64,
): u64 {
    let index = w.channels.length();
    w.scenario.next_tx(PAYER);
    let deposit = coin::mint_for_testing<DOLLAR>(deposit, w.scenario.ctx());
    let ctx = &mut tx_context::new_from_hint(PAYER, CHANNEL_HINT + index, 0, 0, 0);
    let cap = channel::open(
        &w.network,
        &w.node,
        deposit,
        signatures::public_key(KEY_PAYER),
        PAYER,
        ROUTER,
        routing_bps,
        models,
        input_prices,
        output_prices,
        need,
        grace_ms,
        expires_ms,
        &w.clock,
        ctx,
    );
    w.scenario.next_tx(PAYER);
    w.channels.push_back(w.scenario.take_shared_by_id<Channel<DOLLAR>>(cap.cap_channel()));
    w.payers.push_back(cap);
    index
}

public fun open_at(w: &mut World, node: &Node): PayerCap {
    let deposit = coin::mint_for_testing<DOLLAR>(DEPOSIT, w.scenario.ctx());
    w.open_in(node, deposit)
}

public fun open_in<T>(w: &mut World, node: &Node, deposit: Coin<T>): PayerCap {
    channel::open(
        &w.network,
        node,
        deposit,
        signatures::public_key(KEY_PAYER),
        PAYER,
        ROUTER,
        0,
        vector[object::id(&w.model)],
        vector[2_000_000],
        vector[6_000_000],
        0,
        GRACE_MS,
        START_MS + 500_000,
        &w.clock,
        w.scenario.ctx(),
    )
}

public fun open_with_key(w: &mut World, voucher_key: vector<u8>): PayerCap {
    let deposit = coin::mint_for_testing<DOLLAR>(DEPOSIT, w.scenario.ctx());
    channel::open(
        &w.network,
        &w.node,
        deposit,
        voucher_key,
        PAYER,
        ROUTER,
        0,
        vector[object::id(&w.model)],
        vector[2_000_000],
        vector[6_000_000],
        0,
        GRACE_MS,
        START_MS + 500_000,
        &w.clock,
        w.scenario.ctx(),
    )
}

public fun top_up(w: &mut World, index: u64, amount: u64) {
    let deposit = coin::mint_for_testing<DOLLAR>(amount, w.scenario.ctx());
    w.channels[index].top_up(deposit);
}

/// Settles with good signatures. Tokens and root follow from the number of receipts.
public fun settle(
    w: &mut World,
    index: u64,
    cumulative: u64,
    epoch: u64,
    earned: u64,
    receipts: u64,
) {
    w.settle_by(index, KEY_PAYER, cumulative, signer_of(epoch), epoch, earned, receipts);
}

/// Settles with signatures of the keys named.
public fun settle_by(
    w: &mut World,
    index: u64,
    payer_key: u8,
    cumulative: u64,
    node_key: u8,
    epoch: u64,
    earned: u64,
    receipts: u64,
) {
    let (voucher, statement) = w.messages(index, cumulative, epoch, earned, receipts);
    w.settle_signed(
        index,
        cumulative,
        signatures::sign(payer_key, voucher),
        epoch,
        earned,
        receipts,
        signatures::sign(node_key, statement),
    );
}

public fun settle_signed(
    w: &mut World,
    index: u64,
    cumulative: u64,
    voucher_signature: vector<u8>,
    epoch: u64,
    earned: u64,
    receipts: u64,
    statement_signature: vector<u8>,
) {
    w.channels[index].settle(
        &mut w.vault,
        &w.node,
        cumulative,
        voucher_signature,
        epoch,
        earned,
        receipts,
        receipts * 10,
        receipts * 20,
        sui::address::from_u256(receipts as u256),
        statement_signature,
    );
}

/// Settles a statement with a root of its own and `receipts` receipts, on channel 0 by epoch 0.
public fun settle_root(w: &mut World, earned: u64, receipts: u64, root: address) {
    let network = object::id(&w.network);
    let id = object::id(&w.channels[0]);
    let statement = message::statement(
        network,
        id,
        0,
        earned,
        receipts,
        receipts * 10,
        receipts * 20,
        root,
    );
    w.channels[0].settle(
        &mut w.vault,
        &w.node,
        earned,
        signatures::sign(KEY_PAYER, message::voucher(network, id, earned)),
        0,
        earned,
        receipts,
        receipts * 10,
        receipts * 20,
        root,
        signatures::sign(KEY_EPOCH_0, statement),
    );
}

/// Settles with the objects given in place of the node's own.
public fun settle_at(w: &mut World, vault: &mut Vault<DOLLAR>, node: &Node) {
    w.channels[0].settle(vault, node, 0, vector[], 0, 0, 0, 0, 0, @0x0, vector[]);
}

/// Settles with the node given and the node's own vault.
public fun settle_at_node(w: &mut World, node: &Node) {
    w.channels[0].settle(&mut w.vault, node, 0, vector[], 0, 0, 0, 0, 0, @0x0, vector[]);
}

/// Settles with the vault given and the channel's own node.
public fun settle_at_vault(w: &mut World, vault: &mut Vault<DOLLAR>) {
    w.channels[0].settle(vault, &w.node, 0, vector[], 0, 0, 0, 0, 0, @0x0, vector[]);
}

/// Bytes of voucher and statement as `settle` rebuilds them.
public fun messages(
    w: &World,
    index: u64,
    cumulative: u64,
    epoch: u64,
    earned: u64,
    receipts: u64,
): (vector<u8>, vector<u8>) {
    let network = object::id(&w.network);
    let id = object::id(&w.channels[index]);
    (
        message::voucher(network, id, cumulative),
        message::statement(
            network,
            id,
            epoch,
            earned,
            receipts,
            receipts * 10,
            receipts * 20,
            sui::address::from_u256(receipts as u256),
        ),
    )
}

public fun request_close(w: &mut World, index: u64) {
    w.channels[index].request_close(&w.payers[index], &w.live_time, &w.clock);
}

public fun request_close_with(w: &mut World, index: u64, cap: &PayerCap) {
    w.channels[index].request_close(cap, &w.live_time, &w.clock);
}

public fun request_close_expired(w: &mut World, index: u64) {
    w.channels[index].request_close_expired(&w.live_time, &w.clock);
}

public fun close(w: &mut World, index: u64) {
    w.channels[index].close(&w.node, &w.node_cap, &w.live_time, &w.clock, w.scenario.ctx());
}

public fun close_with(w: &mut World, index: u64, node: &Node, cap: &NodeCap) {
    w.channels[index].close(node, cap, &w.live_time, &w.clock, w.scenario.ctx());
}

public fun finalize(w: &mut World, index: u64) {
    w.channels[index].finalize(&w.live_time, &w.clock, w.scenario.ctx());
}

public fun finalize_at(w: &mut World, index: u64, live_time: &LiveTime) {
    w.channels[index].finalize(live_time, &w.clock, w.scenario.ctx());
}

public fun set_refund_to(w: &mut World, index: u64, refund_to: address) {
    w.channels[index].set_refund_to(&w.payers[index], refund_to);
}

public fun set_refund_to_with(w: &mut World, index: u64, cap: &PayerCap, refund_to: address) {
    w.channels[index].set_refund_to(cap, refund_to);
}

public fun claim_routing(w: &mut World, index: u64, sender: address): u64 {
    w.scenario.next_tx(sender);
    w.channels[index].claim_routing(w.scenario.ctx()).burn_for_testing()
}

public fun claim_compensation(w: &mut World, index: u64): u64 {
    w.channels[index].claim_compensation(&w.payers[index], w.scenario.ctx()).burn_for_testing()
}

public fun claim_compensation_with(w: &mut World, index: u64, cap: &PayerCap): u64 {
    w.channels[index].claim_compensation(cap, w.scenario.ctx()).burn_for_testing()
}

public fun fold(w: &mut World, index: u64, epoch: u64) {
    w.channels[index].fold(&w.node, &w.node_cap, epoch);
}

public fun fold_with(w: &mut World, index: u64, node: &Node, cap: &NodeCap, epoch: u64) {
    w.channels[index].fold(node, cap, epoch);
}

/// Reaps the last channel.
public fun reap(w: &mut World): u64 {
    let channel = w.channels.pop_back();
    let cap = w.payers.pop_back();
    channel
        .reap(cap, &mut w.vault, &w.live_time, &w.clock, w.scenario.ctx())
        .burn_for_testing()
}

/// Reaps the last channel with another's cap.
public fun reap_with(w: &mut World, cap: PayerCap): u64 {
    let channel = w.channels.pop_back();
    channel
        .reap(cap, &mut w.vault, &w.live_time, &w.clock, w.scenario.ctx())
        .burn_for_testing()
}

/// Takes the cap of the first channel out.
public fun take_first_payer(w: &mut World): PayerCap { w.payers.remove(0) }

/// Closes with another's cap on the channel's own node.
public fun close_as(w: &mut World, index: u64, cap: &NodeCap) {
    w.channels[index].close(&w.node, cap, &w.live_time, &w.clock, w.scenario.ctx());
}

public fun set_channel_version(w: &mut World, index: u64, version: u64) {
    w.channels[index].set_version_for_testing(version);
}

/// Takes the cap of the last channel out.
public fun take_payer(w: &mut World): PayerCap { w.payers.pop_back() }

// === Vault ===

public fun sweep(w: &mut World) {
    w.vault.sweep(&w.network, w.scenario.ctx());
}

public fun sweep_to(w: &mut World, network: &Network) {
    w.vault.sweep(network, w.scenario.ctx());
}

public fun distribute(w: &mut World) {
    w.vault.distribute(&mut w.pool, &w.live_time, &w.clock);
}

public fun distribute_to(w: &mut World, pool: &mut Pool) {
    w.vault.distribute(pool, &w.live_time, &w.clock);
}

public fun mature(w: &mut World) {
    w.vault.mature(&w.live_time, &w.clock);
}

public fun withdraw(w: &mut World): u64 {
    w.vault
        .withdraw(&w.node, &w.node_cap, &w.live_time, &w.clock, w.scenario.ctx())
        .burn_for_testing()
}

public fun withdraw_with(w: &mut World, node: &Node, cap: &NodeCap): u64 {
    w.vault
        .withdraw(node, cap, &w.live_time, &w.clock, w.scenario.ctx())
        .burn_for_testing()
}

public fun mature_at(w: &mut World, live_time: &LiveTime) {
    w.vault.mature(live_time, &w.clock);
}

public fun create_vault_at(w: &mut World, network: &Network) {
    vault::create<ATOMA>(
        &mut w.node,
        &w.node_cap,
        network,
        &w.live_time,
        &w.clock,
        w.scenario.ctx(),
    );
}

/// Takes back for a victim as `slashing` does.
public fun take_back(w: &mut World, amount: u64): u64 {
    w.vault.take_back(amount).destroy_for_testing()
}

/// Pays the operator as `channel` does.
public fun deposit(w: &mut World, payment: sui::balance::Balance<DOLLAR>) {
    w.vault.deposit(payment, 0, 0);
}

public fun set_vault_version(w: &mut World, version: u64) {
    w.vault.set_version_for_testing(version);
}

/// Pays `dues` of coin `T` into the pool's stream.
public fun add_rewards<T>(w: &mut World, dues: u64) {
    let dues = sui::balance::create_for_testing<T>(dues);
    w.pool.add_rewards(dues, &w.live_time, &w.clock);
}

// === Stake ===

public fun stake(w: &mut World, amount: u64): StakePosition {
    let stake = coin::mint_for_testing<ATOMA>(amount, w.scenario.ctx());
    w.node.stake(
        &w.node_cap,
        &mut w.pool,
        stake,
        &w.live_time,
        &w.clock,
        w.scenario.ctx(),
    )
}

public fun stake_with(w: &mut World, cap: &NodeCap, amount: u64): StakePosition {
    let stake = coin::mint_for_testing<ATOMA>(amount, w.scenario.ctx());
    w.node.stake(cap, &mut w.pool, stake, &w.live_time, &w.clock, w.scenario.ctx())
}

public fun unstake(w: &mut World, position: &mut StakePosition, shares: u128): UnbondPosition {
    w.pool.unstake(position, &w.live_time, shares, &w.clock, w.scenario.ctx())
}

/// Unstakes `shares` of the operator's first position.
public fun unstake_own(w: &mut World, shares: u128): UnbondPosition {
    w.pool.unstake(&mut w.position, &w.live_time, shares, &w.clock, w.scenario.ctx())
}

public fun withdraw_stake(w: &mut World, ticket: UnbondPosition): u64 {
    w.pool.withdraw(ticket, &w.live_time, &w.clock, w.scenario.ctx()).burn_for_testing()
}

public fun withdraw_stake_at(w: &mut World, pool: &mut Pool, ticket: UnbondPosition): u64 {
    pool.withdraw(ticket, &w.live_time, &w.clock, w.scenario.ctx()).burn_for_testing()
}

public fun withdraw_stake_by(
    w: &mut World,
    ticket: UnbondPosition,
    live_time: &LiveTime,
): u64 {
    w.pool.withdraw(ticket, live_time, &w.clock, w.scenario.ctx()).burn_for_testing()
}

public fun destroy_burned(w: &mut World, treasury: &mut TreasuryCap<ATOMA>): u64 {
    w.pool.destroy_burned(treasury)
}

public fun claim<T>(w: &mut World, position: &mut StakePosition): u64 {
    w.pool
        .claim<T>(position, &w.live_time, &w.clock, w.scenario.ctx())
        .burn_for_testing()
}

/// Claims for the operator's first position.
public fun claim_own<T>(w: &mut World): u64 {
    w.pool
        .claim<T>(&mut w.position, &w.live_time, &w.clock, w.scenario.ctx())
        .burn_for_testing()
}

/// Slashes as `slashing` does; returns the reward.
public fun slash(w: &mut World, offence: address, slash_bps: u64): u64 {
    w.pool.set_slash_bps_for_testing(slash_bps);
    w.pool.slash(offence, &w.live_time, &w.clock).destroy_for_testing()
}

// === Slashing ===

public fun report(w: &mut World, sender: address, commitment: address): Report {
    w.next(sender);
    slashing::report(&w.node, commitment, &w.live_time, &w.clock, w.scenario.ctx())
}

public fun report_against(w: &mut World, node: &Node, commitment: address): Report {
    slashing::report(node, commitment, &w.live_time, &w.clock, w.scenario.ctx())
}

public fun prove_two_receipts(
    w: &mut World,
    sender: address,
    report: Report,
    first: Head,
    first_signature: vector<u8>,
    second: Head,
    second_signature: vector<u8>,
): u64 {
    w.next(sender);
    slashing::prove_two_receipts(
        report,
        &w.network,
        &mut w.node,
        &mut w.pool,
        first,
        first_signature,
        second,
        second_signature,
        &w.live_time,
        &w.clock,
        w.scenario.ctx(),
    ).burn_for_testing()
}

public fun prove_settled_another(
    w: &mut World,
    sender: address,
    report: Report,
    signed: Head,
    signature: vector<u8>,
    settled: Head,
    siblings: vector<address>,
): u64 {
    w.next(sender);
    slashing::prove_settled_another(
        report,
        &w.network,
        &mut w.node,
        &mut w.pool,
        &w.channels[0],
        signed,
        signature,
        settled,
        siblings,
        &w.live_time,
        &w.clock,
        w.scenario.ctx(),
    ).burn_for_testing()
}

public fun prove_overcharge(
    w: &mut World,
    sender: address,
    report: Report,
    head: Head,
    body: Body,
    siblings: vector<address>,
): u64 {
    w.next(sender);
    slashing::prove_overcharge(
        report,
        &w.network,
        &mut w.node,
        &mut w.pool,
        &mut w.vault,
        &mut w.channels[0],
        head,
        body,
        siblings,
        &w.live_time,
        &w.clock,
        w.scenario.ctx(),
    ).burn_for_testing()
}

/// A body of the model with these counts; everything else is fixed.
public fun body(w: &World, part: u32, input: u64, output: u64, before: u64): Body {
    body_of(object::id(&w.model), part, input, output, before)
}

public fun body_of(model: ID, part: u32, input: u64, output: u64, before: u64): Body {
    receipt::new_body(@0xC1, @0xC2, part, true, model, @0x3A, before, before, input, output, 1234)
}

/// A body of the model with `input` tokens and nothing else.
public fun body_with_input(w: &World, input: u64): Body { w.body(0, input, 0, 0) }

/// Bytes of a voucher on channel 0.
public fun messages_voucher(w: &World, cumulative: u64): vector<u8> {
    message::voucher(object::id(&w.network), object::id(&w.channels[0]), cumulative)
}

/// A head on channel 0 by epoch 0.
public fun head(w: &World, seq: u64, fee: u64, body: &Body): Head {
    receipt::new_head(object::id(&w.channels[0]), 0, seq, fee, body.hash())
}

/// Signature of epoch 0 over a head.
public fun sign_head(w: &World, head: &Head): vector<u8> {
    signatures::sign(KEY_EPOCH_0, head.bytes(object::id(&w.network)))
}
