//! A settlement, decided and split again.

use atoma_chain::{Position, event::ChannelSettled, state::ChannelStatus};

use super::{Faults, Replay};
use crate::audit::books::{ChannelBook, LaneBook, NodeBook, Shares};

impl Replay {
    pub(super) fn settled(&mut self, at: Position, event: &ChannelSettled) {
        let Self {
            channels,
            vaults,
            nodes,
            faults,
            foreign,
            ..
        } = self;
        let (id, at) = (event.channel, Some(at));
        if foreign.contains(id.as_bytes()) {
            return;
        }
        let Some(channel) = channels.get_mut(&id) else {
            return faults.add(
                at,
                format!("a settlement of channel {id}, which was never opened"),
            );
        };
        let Some(node) = nodes.get(&channel.node) else {
            return faults.add(
                at,
                format!("a settlement for node {}, which is unknown", channel.node),
            );
        };
        stated(faults, at, channel, node, event);
        let said = split(faults, at, channel, node, event);
        // What was said is what the objects must show.
        channel.paid = event.paid;
        channel.shares = channel.shares.plus(&said);
        let (node, coin) = (channel.node, &channel.coin);
        match vaults.get_mut(&event.vault) {
            Some(vault) if vault.node == node && vault.coin == *coin => vault.take_in(&said),
            _ => {
                let vault = event.vault;
                faults.add(
                    at,
                    format!("channel {id} paid into {vault}, which is not its node's vault"),
                );
            }
        }
    }
}

/// Checks who stated it and whether it is news, as the contract does, and takes it.
fn stated(
    faults: &mut Faults,
    at: Option<Position>,
    channel: &mut ChannelBook,
    node: &NodeBook,
    event: &ChannelSettled,
) {
    let id = event.channel;
    if channel.state == ChannelStatus::Closed {
        faults.add(at, format!("a settlement of channel {id}, which is closed"));
    }
    match node.epochs.get(&event.key_epoch) {
        Some(epoch) if epoch.grade.0 != 0 && epoch.grade.covers(channel.need) => {
            faults.same(at, "the kind of evidence", &event.kind, &epoch.kind);
        }
        _ => {
            let (epoch, need) = (event.key_epoch, channel.need);
            let what = format!("channel {id} paid key epoch {epoch}, which lacks the grade {need}");
            faults.add(at, what);
        }
    }
    let taken = channel.takes(event.key_epoch, event.earned, event.receipts);
    let what = format!("whether the statement on channel {id} is news");
    faults.same(at, what, &event.taken, &taken);
    if taken {
        let lane = LaneBook {
            earned: event.earned,
            receipts: event.receipts,
            root: event.root,
            folded: false,
        };
        channel.lanes.insert(event.key_epoch, lane);
    }
    if event.authorized < channel.authorized {
        faults.add(at, format!("the largest voucher of channel {id} shrinks"));
    }
    channel.authorized = event.authorized;
    channel.settlements = channel.settlements.saturating_add(1);
}

/// Checks the payment and its split; gives the split that the event says.
fn split(
    faults: &mut Faults,
    at: Option<Position>,
    channel: &ChannelBook,
    node: &NodeBook,
    event: &ChannelSettled,
) -> Shares {
    let id = event.channel;
    let total = channel.due().min(channel.authorized).min(channel.funded);
    let payment = total.saturating_sub(channel.paid);
    let what = format!("all that channel {id} paid");
    faults.same(at, what, &event.paid, &total);
    let what = format!("the payment of channel {id}");
    faults.same(at, what, &event.payment, &payment);
    let derived = channel.split(total, node.commission_bps);
    let said = Shares {
        protocol: event.protocol,
        routing: event.routing,
        stakers: event.stakers,
        operator: event.operator,
    };
    let what = format!("the split of a payment of channel {id}");
    faults.same(at, what, &said, &derived);
    if said.sum() != event.payment {
        let (sum, payment) = (said.sum(), event.payment);
        faults.add(
            at,
            format!("shares of {sum} were cut from a payment of {payment}"),
        );
    }
    said
}
