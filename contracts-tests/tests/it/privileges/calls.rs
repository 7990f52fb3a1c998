//! One call of every privileged function, on the victim's objects with given rights.

use atoma_chain::{
    Action,
    abort::Named,
    action::{Access, Arg},
    id::SuiId,
    tx,
};
use atoma_protocol::{
    hash::{BodyHash, ManifestHash, RequestCommitment, ResponseCommitment},
    ids::{Address, ChannelId, KeyEpoch, ObjectId, PackageId, Seq},
    money::{Amount, Tokens},
    statement::{Receipt, ReceiptBody, Verified},
    time::TimestampMs,
};

use super::Attempt;
use crate::market::{Market, TestChannel, TestNode, enclave};

/// Rights, one of each.
pub(crate) struct Rights {
    pub(crate) admin_cap: ObjectId,
    pub(crate) pause_cap: ObjectId,
    pub(crate) node_cap: ObjectId,
    pub(crate) payer_cap: ObjectId,
    pub(crate) position: ObjectId,
    pub(crate) ticket: ObjectId,
    pub(crate) report: ObjectId,
}

/// Whose objects are called.
pub(crate) struct Victim {
    pub(crate) node: TestNode,
    pub(crate) channel: TestChannel,
}

const CLOCK: ObjectId = {
    let mut bytes = [0; 32];
    bytes[31] = 6;
    ObjectId::new(bytes)
};

/// A call being written.
struct Call<'a> {
    m: &'a Market,
    action: Action,
}

impl Call<'_> {
    fn read<T: SuiId>(&mut self, id: T) -> Arg {
        self.action.object(id, Access::Read)
    }

    fn write<T: SuiId>(&mut self, id: T) -> Arg {
        self.action.object(id, Access::Write)
    }

    fn network(&mut self) -> Arg {
        let id = self.m.at().network;
        self.read(id)
    }

    fn network_mut(&mut self) -> Arg {
        let id = self.m.at().network;
        self.write(id)
    }

    fn live_time(&mut self) -> Arg {
        let id = self.m.at().objects.live_time;
        self.read(id)
    }

    fn clock(&mut self) -> Arg {
        self.read(CLOCK)
    }

    fn package(&self) -> PackageId {
        self.m.at().package.newest()
    }
}

/// The attempts so far.
struct Table<'a> {
    m: &'a Market,
    attempts: Vec<Attempt>,
}

impl Table<'_> {
    /// `module::function`, `<T>` appended where it is for a coin.
    fn add(
        &mut self,
        path: &'static str,
        refusal: Named,
        args: impl FnOnce(&mut Call<'_>) -> Vec<Arg>,
    ) {
        let (module, name) = path.split_once("::").unwrap();
        let function = name.trim_end_matches("<T>");
        let types = if name.ends_with("<T>") {
            vec![self.m.usd().type_tag()]
        } else {
            vec![]
        };
        let mut call = Call {
            m: self.m,
            action: Action::new(path),
        };
        let args = args(&mut call);
        let package = call.package();
        call.action.call(package, module, function, types, args);
        self.attempts.push(Attempt {
            module,
            function,
            action: call.action,
            refusal,
        });
    }

    fn wrap(&mut self, path: &'static str, refusal: Named, action: Action) {
        let (module, function) = path.split_once("::").unwrap();
        self.attempts.push(Attempt {
            module,
            function,
            action,
            refusal,
        });
    }
}

/// Whether a function of `channel` is the payer's.
pub(crate) fn is_payers(function: &str) -> bool {
    [
        "request_close",
        "set_refund_to",
        "claim_compensation",
        "reap",
    ]
    .contains(&function)
}

/// Whether even the holder is refused by this name: it is told apart by its sender, or the right is to
/// something else that the holder lacks here.
pub(crate) fn needs_more(attempt: &Attempt) -> bool {
    attempt.function == "accept_admin" || attempt.module == "slashing"
}

/// Every privileged function, each refusal as a stranger gets it.
pub(crate) fn all(m: &Market, victim: &Victim, rights: &Rights) -> Vec<Attempt> {
    let mut table = Table {
        m,
        attempts: Vec::new(),
    };
    network(&mut table, rights);
    node(&mut table, victim, rights);
    stake_and_vault(&mut table, victim, rights);
    channel(&mut table, victim, rights);
    slashing(&mut table, victim, rights);
    table.attempts
}

pub(crate) fn name_successor(m: &Market, cap: ObjectId, successor: Option<Address>) -> Action {
    let mut action = Action::new("name_successor");
    let args = vec![
        action.object(m.at().network, Access::Write),
        action.object(cap, Access::Read),
        action.pure(&successor),
    ];
    action.call(
        m.at().package.newest(),
        "network",
        "name_successor",
        vec![],
        args,
    );
    action
}

pub(crate) fn accept_admin(m: &Market) -> Action {
    let mut action = Action::new("accept_admin");
    let network = action.object(m.at().network, Access::Write);
    let package = m.at().package.newest();
    let cap = action.call(package, "network", "accept_admin", vec![], vec![network]);
    action.transfer(vec![cap], m.payer.address());
    action
}

fn network(t: &mut Table<'_>, rights: &Rights) {
    let m = t.m;
    let (at, admin) = (m.at(), rights.admin_cap);
    let objects = at.objects;
    let wrong = Named::NetworkWrongCap;
    t.add("attestors::create", wrong, |c| {
        vec![c.network_mut(), c.read(admin)]
    });
    t.add("measurements::create", wrong, |c| {
        vec![c.network_mut(), c.read(admin)]
    });
    let keys = [enclave(9).public()];
    t.wrap(
        "attestors::set",
        wrong,
        tx::set_attestors(at, admin, 1, &keys),
    );
    t.add("measurements::allow", wrong, |c| {
        vec![
            c.write(objects.measurements),
            c.network(),
            c.read(admin),
            c.action.pure(&0_u8),
            c.action.pure(&vec![1_u8; 32]),
            c.action.pure(&u64::MAX),
        ]
    });
    t.add("measurements::disallow", wrong, |c| {
        vec![
            c.write(objects.measurements),
            c.network(),
            c.read(admin),
            c.action.pure(&0_u8),
            c.action.pure(&vec![7_u8; 32]),
        ]
    });
    let sui = atoma_chain::CoinType::sui();
    t.wrap(
        "network::accept_coin",
        wrong,
        tx::accept_coin(at, admin, &sui),
    );
    t.add("network::set_treasury", wrong, |c| {
        let me = c.action.id(m.stranger.address());
        vec![c.network_mut(), c.read(admin), me]
    });
    t.add("network::propose_params", wrong, |c| {
        let package = c.package();
        let params = c
            .action
            .call(package, "params", "development", vec![], vec![]);
        vec![
            c.network_mut(),
            c.read(admin),
            c.live_time(),
            params,
            c.clock(),
        ]
    });
    let me = Some(m.stranger.address());
    t.wrap(
        "network::name_successor",
        wrong,
        name_successor(m, admin, me),
    );
    t.add("network::replace_pause_cap", wrong, |c| {
        vec![c.network_mut(), c.read(admin)]
    });
    t.wrap("network::resume", wrong, tx::resume(at, admin));
    t.wrap("network::pause", wrong, tx::pause(at, rights.pause_cap));
    t.wrap(
        "network::accept_admin",
        Named::NetworkNotSuccessor,
        accept_admin(m),
    );
}

fn node(t: &mut Table<'_>, victim: &Victim, rights: &Rights) {
    let m = t.m;
    let (at, cap, node) = (m.at(), rights.node_cap, victim.node);
    let wrong = Named::NodeWrongCap;
    let offers = [m.offer()];
    let me = m.stranger.address();
    t.wrap(
        "node::set_offer",
        wrong,
        tx::set_offers(at, node.id, cap, m.usd(), &offers),
    );
    t.wrap(
        "node::remove_offer",
        wrong,
        tx::remove_offer(at, node.id, cap, m.usd(), m.model),
    );
    t.wrap(
        "node::stake",
        wrong,
        tx::stake(at, node.id, cap, node.pool, Amount(1_000), me),
    );
    t.wrap("node::drain", wrong, tx::drain(at, node.id, cap));
    t.wrap(
        "node::activate",
        wrong,
        tx::activate(at, node.id, cap, node.pool),
    );
    t.wrap("node::unjail", wrong, tx::unjail(at, node.id, cap));
    t.wrap(
        "node::retire",
        wrong,
        tx::retire(at, node.id, cap, node.pool),
    );
    t.add("node::propose_commission", wrong, |c| {
        vec![
            c.write(node.id),
            c.read(cap),
            c.live_time(),
            c.action.pure(&7_600_u64),
            c.clock(),
        ]
    });
    t.add("attestation::post", wrong, |c| {
        vec![
            c.write(node.id),
            c.read(cap),
            c.network(),
            c.action.pure(&1_u64),
            c.action.pure(&0_u8),
            c.action.pure(&vec![7_u8; 32]),
            c.action.pure(enclave(9).public().as_bytes().as_slice()),
            c.action.pure(&vec![9_u8; 32]),
            c.action.id(ObjectId::new([5; 32])),
            c.action.id(ObjectId::new([6; 32])),
            c.action.pure("https://example.org/evidence"),
            c.action.pure(&1_u64),
            c.action.id(ObjectId::new([8; 32])),
            c.clock(),
        ]
    });
    t.wrap(
        "attestation::end",
        wrong,
        tx::end_key_epoch(at, node.id, cap, KeyEpoch(0)),
    );
    t.add("vault::create<T>", wrong, |c| {
        vec![
            c.write(node.id),
            c.read(cap),
            c.network(),
            c.live_time(),
            c.clock(),
        ]
    });
    let withdraw = tx::withdraw_dues(at, node.vault, node.id, cap, m.usd(), me);
    t.wrap("vault::withdraw", wrong, withdraw);
}

fn stake_and_vault(t: &mut Table<'_>, victim: &Victim, rights: &Rights) {
    let m = t.m;
    let (at, pool, me) = (m.at(), victim.node.pool, m.stranger.address());
    let wrong = Named::StakeWrongPosition;
    t.wrap(
        "stake::unstake",
        wrong,
        tx::unstake(at, pool, rights.position, 1_000, me),
    );
    t.wrap(
        "stake::withdraw",
        wrong,
        tx::withdraw_stake(at, pool, rights.ticket, me),
    );
    t.add("stake::claim<T>", wrong, |c| {
        vec![
            c.write(pool),
            c.write(rights.position),
            c.live_time(),
            c.clock(),
        ]
    });
    t.add("stake::destroy", wrong, |c| {
        vec![c.write(rights.position), c.read(pool)]
    });
}

fn channel(t: &mut Table<'_>, victim: &Victim, rights: &Rights) {
    let m = t.m;
    let (at, usd, me) = (m.at(), m.usd(), m.stranger.address());
    let (channel, node) = (victim.channel.id, victim.node);
    let (wrong, cap) = (Named::ChannelWrongCap, rights.payer_cap);
    t.wrap(
        "channel::request_close",
        wrong,
        tx::request_close(at, channel, usd, cap),
    );
    t.wrap(
        "channel::set_refund_to",
        wrong,
        tx::set_refund_to(at, channel, usd, cap, me),
    );
    t.wrap(
        "channel::claim_compensation",
        wrong,
        tx::claim_compensation(at, channel, usd, cap, me),
    );
    t.wrap(
        "channel::reap",
        wrong,
        tx::reap(at, channel, usd, cap, node.vault, me),
    );
    let (wrong, cap) = (Named::NodeWrongCap, rights.node_cap);
    t.wrap(
        "channel::close",
        wrong,
        tx::close(at, channel, usd, node.id, cap),
    );
    t.wrap(
        "channel::fold",
        wrong,
        tx::fold(at, channel, usd, node.id, cap, KeyEpoch(0)),
    );
    let claim = tx::claim_routing(at, &[(channel, usd.clone())], me);
    t.wrap("channel::claim_routing", Named::ChannelNotRouter, claim);
}

/// A receipt of key epoch 0; two with different fees contradict each other.
pub(crate) fn receipt(channel: ChannelId, fee: u64) -> Receipt {
    Receipt {
        account: channel.into(),
        key_epoch: KeyEpoch(0),
        seq: Seq(0),
        fee: Amount(fee),
        body_hash: BodyHash::new([1; 32]),
    }
}

/// Proof of two receipts, genuinely signed by the node's key.
pub(crate) fn prove_two_receipts(m: &Market, report: ObjectId, victim: &Victim) -> Action {
    let sign = |fee| {
        let receipt = receipt(victim.channel.id, fee);
        Verified::sign(receipt, m.at().network, &enclave(0)).into_signed()
    };
    let accused = tx::Accused {
        node: victim.node.id,
        pool: victim.node.pool,
    };
    let me = m.stranger.address();
    tx::prove_two_receipts(m.at(), report, accused, &sign(1), &sign(2), me)
}

fn slashing(t: &mut Table<'_>, victim: &Victim, rights: &Rights) {
    let m = t.m;
    let (at, me) = (m.at(), m.stranger.address());
    let channel = victim.channel.id;
    let accused = tx::Accused {
        node: victim.node.id,
        pool: victim.node.pool,
    };
    let wrong = Named::SlashingNotReporter;
    let two = prove_two_receipts(m, rights.report, victim);
    t.wrap("slashing::prove_two_receipts", wrong, two);
    let signed = Verified::sign(receipt(channel, 1), at.network, &enclave(0)).into_signed();
    let another = tx::SettledAnother {
        channel,
        coin: m.usd().clone(),
        signed,
        settled: receipt(channel, 2),
        siblings: vec![],
    };
    let prove = tx::prove_settled_another(at, rights.report, accused, &another, me);
    t.wrap("slashing::prove_settled_another", wrong, prove);
    let overcharge = tx::Overcharge {
        channel,
        coin: m.usd().clone(),
        vault: victim.node.vault,
        head: receipt(channel, 2),
        body: ReceiptBody {
            request_commitment: RequestCommitment::new([1; 32]),
            response_commitment: ResponseCommitment::new([2; 32]),
            part: 0,
            last: true,
            model: m.model,
            manifest_hash: ManifestHash::new([5; 32]),
            input_before: Tokens::new(0).unwrap(),
            output_before: Tokens::new(0).unwrap(),
            input_tokens: Tokens::new(1).unwrap(),
            output_tokens: Tokens::new(1).unwrap(),
            finished_at_ms: TimestampMs(1),
        },
        siblings: vec![],
    };
    let prove = tx::prove_overcharge(at, rights.report, accused, &overcharge, me);
    t.wrap("slashing::prove_overcharge", wrong, prove);
}
