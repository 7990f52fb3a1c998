//! One builder an action of the protocol: typed arguments in, an [`Action`] out. Nothing here needs a
//! chain; [`crate::Client::submit`] does the rest.
//!
//! Move takes hashes as `address`, byte strings as `vector<u8>` and shared objects by reference; which
//! is which stands in the signatures of `move/atoma`.

mod attestation;
mod channel;
mod coin;
mod network;
mod node;
mod slashing;

use atoma_protocol::ids::{ObjectId, PackageId};
use sui_sdk_types::TypeTag;

use crate::{
    action::{Access, Action, Arg},
    deployment::{CoinType, Deployment},
};

pub use attestation::{PostKeyEpoch, end_key_epoch, grade, post_key_epoch};
pub use channel::{
    OpenChannel, SettleChannel, claim_compensation, claim_routing, close, finalize, fold,
    open_channel, reap, request_close, request_close_expired, set_refund_to, settle, top_up,
};
pub use coin::{merge_all, mint_test_usd, publish, transfer, treasury_mint};
pub use network::{
    CreateNetwork, accept_coin, allow_measurement, create_network, disallow_measurement, pause,
    register_model, resume, set_attestors, tick,
};
pub use node::{
    OfferTerms, RegisterNode, activate, distribute, drain, mature, register_node, remove_offer,
    retire, set_offers, stake, sweep, unjail, unstake, withdraw_dues, withdraw_stake,
};
pub use slashing::{
    Accused, Overcharge, SettledAnother, overcharge_commitment, prove_overcharge,
    prove_settled_another, prove_two_receipts, report_wrong, two_receipts_commitment,
};

/// The Sui clock's address.
const CLOCK: ObjectId = {
    let mut bytes = [0; 32];
    bytes[31] = 6;
    ObjectId::new(bytes)
};

/// Building blocks that every action uses.
struct Builder<'a> {
    action: Action,
    deployment: &'a Deployment,
}

impl<'a> Builder<'a> {
    fn new(deployment: &'a Deployment, name: &'static str) -> Self {
        Self {
            action: Action::new(name),
            deployment,
        }
    }

    fn package(&self) -> PackageId {
        self.deployment.package.newest()
    }

    fn clock(&mut self) -> Arg {
        self.action.object(CLOCK, Access::Read)
    }

    fn network(&mut self, access: Access) -> Arg {
        self.action.object(self.deployment.network, access)
    }

    fn live_time(&mut self, access: Access) -> Arg {
        self.action
            .object(self.deployment.objects.live_time, access)
    }

    fn call(&mut self, module: &'static str, function: &'static str, args: Vec<Arg>) -> Arg {
        let package = self.package();
        self.action
            .call(package, module, function, Vec::new(), args)
    }

    fn call_for(
        &mut self,
        coin: &CoinType,
        module: &'static str,
        function: &'static str,
        args: Vec<Arg>,
    ) -> Arg {
        let package = self.package();
        let types: Vec<TypeTag> = vec![coin.type_tag()];
        self.action.call(package, module, function, types, args)
    }
}

#[cfg(test)]
mod tests;
