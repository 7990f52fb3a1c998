//! The chain's figures in the shape of the model's.

use atoma_chain::state::VaultState;
use atoma_contracts_tests::{live_time::Window, vault::Vault};
use atoma_protocol::ids::Address;

use crate::market::Market;

/// Where the payer may send the refund instead.
pub(crate) const ELSEWHERE: Address = Address::new([0x55; 32]);

/// What everybody in this channel has in their wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wallets {
    pub(crate) payer: u64,
    pub(crate) elsewhere: u64,
    pub(crate) operator: u64,
    pub(crate) router: u64,
    pub(crate) treasury: u64,
    pub(crate) stranger: u64,
}

pub(crate) fn vault(state: &VaultState) -> Vault {
    Vault {
        hold_back_ms: state.hold_back_ms,
        protocol: state.protocol_due.0,
        stakers: state.stakers_due.0,
        arriving: state.arriving.0,
        held: state.held.0,
        held_since: Window {
            live_ms: state.held_since.live_ms.0,
            clock_ms: state.held_since.clock_ms.0,
        },
        free: state.free.0,
    }
}

pub(crate) async fn wallets(m: &Market) -> Wallets {
    Wallets {
        payer: m.usd_of(m.payer.address()).await,
        elsewhere: m.usd_of(ELSEWHERE).await,
        operator: m.usd_of(m.operator.address()).await,
        router: m.usd_of(m.router.address()).await,
        treasury: m.usd_of(m.treasury()).await,
        stranger: m.usd_of(m.stranger.address()).await,
    }
}
