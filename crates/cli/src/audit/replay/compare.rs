//! The books against the objects on-chain.

use std::collections::BTreeMap;

use atoma_chain::{
    CoinType,
    state::{ChannelState, NodeState, VaultState},
};
use atoma_protocol::ids::{ChannelId, KeyEpoch, NodeId, ObjectId};
use serde::Serialize;

use super::Replay;
use crate::audit::books::LaneBook;

/// Money of one coin over all channels, in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// What payers deposited.
    pub(crate) deposited: u128,
    /// What was paid for answers.
    pub(crate) paid: u128,
    /// What went back to payers.
    pub(crate) refunded: u128,
    /// What the channels hold for payers now.
    pub(crate) held: u128,
}

impl Replay {
    /// Compares a channel's book with the object; `None` if there is none.
    pub(crate) fn compare_channel(&mut self, id: ChannelId, object: Option<&ChannelState>) {
        let (Some(book), faults) = (self.channels.get(&id), &mut self.faults) else {
            return;
        };
        let Some(object) = object else {
            if !book.reaped {
                faults.add(None, format!("channel {id} is gone, and was not deleted"));
            }
            return;
        };
        let name = |what: &str| format!("channel {id}, {what} on-chain");
        faults.same(None, name("deleted"), &false, &book.reaped);
        faults.same(None, name("coin"), &object.coin, &book.coin);
        faults.same(None, name("node"), &object.node, &book.node);
        faults.same(None, name("state"), &object.state, &book.state);
        for (what, said, derived) in [
            ("deposit", object.funded, book.funded),
            ("largest voucher", object.authorized, book.authorized),
            ("paid", object.paid, book.paid),
            ("balance", object.balance, book.balance()),
            ("folded", object.folded, book.folded()),
            (
                "routing claimed",
                object.routing_claimed,
                book.routing_claimed,
            ),
            ("compensated", object.compensated, book.compensated),
            (
                "compensation claimed",
                object.compensation_claimed,
                book.compensation_claimed,
            ),
        ] {
            faults.same(None, name(what), &said, &derived);
        }
        let lanes: BTreeMap<KeyEpoch, LaneBook> = object
            .lanes
            .iter()
            .map(|lane| {
                let book = LaneBook {
                    earned: lane.earned,
                    receipts: lane.receipts,
                    root: lane.root,
                    folded: false,
                };
                (lane.epoch, book)
            })
            .collect();
        let derived = book.lanes.iter().filter(|(_, lane)| !lane.folded);
        let derived = derived.map(|(epoch, lane)| (*epoch, *lane)).collect();
        faults.same(None, name("lanes"), &lanes, &derived);
    }

    /// Compares a vault's book with the object; `None` if there is none.
    pub(crate) fn compare_vault(&mut self, id: ObjectId, object: Option<&VaultState>) {
        let (Some(book), faults) = (self.vaults.get(&id), &mut self.faults) else {
            return;
        };
        let Some(object) = object else {
            return faults.add(None, format!("vault {id} is gone"));
        };
        let name = |what: &str| format!("vault {id}, {what} on-chain");
        faults.same(None, name("node"), &object.node, &book.node);
        faults.same(None, name("coin"), &object.coin, &book.coin);
        for (what, said, derived) in [
            ("funds", object.funds, book.funds()),
            ("sum of what is due", object.funds, book.due()),
            ("protocol's due", object.protocol_due, book.protocol_due),
            ("stakers' due", object.stakers_due, book.stakers_due),
            ("arriving", object.arriving, book.arriving),
            ("held back", object.held, book.held),
            ("free", object.free, book.free),
        ] {
            faults.same(None, name(what), &said, &derived);
        }
    }

    /// Compares a node's book with the object; `None` if there is none.
    pub(crate) fn compare_node(&mut self, id: NodeId, object: Option<&NodeState>) {
        let (Some(book), faults) = (self.nodes.get(&id), &mut self.faults) else {
            return;
        };
        let Some(object) = object else {
            return faults.add(None, format!("node {id} is gone"));
        };
        let name = |what: &str| format!("node {id}, {what} on-chain");
        faults.same(None, name("status"), &object.status, &book.status);
        faults.same(
            None,
            name("commission"),
            &object.commission_bps,
            &book.commission_bps,
        );
        faults.same(None, name("pool"), &object.pool, &book.pool);
        let next = book
            .epochs
            .last_key_value()
            .map_or(KeyEpoch(0), |(last, _)| last.next());
        faults.same(None, name("next key epoch"), &object.next_epoch, &next);
        for epoch in &object.epochs {
            let Some(book) = book.epochs.get(&epoch.epoch) else {
                faults.add(
                    None,
                    format!("node {id} has key epoch {}, never posted", epoch.epoch),
                );
                continue;
            };
            let name =
                |what: &str| format!("node {id}, key epoch {}, {what} on-chain", epoch.epoch);
            faults.same(None, name("kind"), &epoch.kind, &book.kind);
            faults.same(None, name("grade"), &epoch.grade, &book.grade);
            faults.same(
                None,
                name("signing key"),
                &epoch.signing_key,
                &book.signing_key,
            );
            faults.same(
                None,
                name("evidence"),
                &epoch.evidence_hash,
                &book.evidence_hash,
            );
            faults.same(None, name("expiry"), &epoch.expires_ms, &book.expires_ms);
        }
    }

    /// What payers deposited, by coin, and where it is: `held` by the objects given, the rest by
    /// events. Notes where it does not add up.
    pub(crate) fn conserve(
        &mut self,
        objects: &BTreeMap<ChannelId, ChannelState>,
    ) -> BTreeMap<CoinType, Totals> {
        let mut coins: BTreeMap<CoinType, Totals> = BTreeMap::new();
        for (id, book) in &self.channels {
            let totals = coins.entry(book.coin.clone()).or_default();
            totals.deposited += u128::from(book.funded.0);
            totals.paid += u128::from(book.shares.sum().0);
            totals.refunded += u128::from(book.refunded.0);
            totals.held += objects.get(id).map_or(0, |object| {
                let others = object
                    .routing_due()
                    .saturating_add(object.compensation_due());
                u128::from(object.balance.saturating_sub(others).0)
            });
        }
        for (coin, totals) in &coins {
            let found = totals.paid + totals.refunded + totals.held;
            if found != totals.deposited {
                let deposited = totals.deposited;
                let what = format!(
                    "payers deposited {deposited} of {coin}; paid, refunded and held are {found}"
                );
                self.faults.add(None, what);
            }
        }
        coins
    }
}
