//! What a market is started with.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use atoma_engine::Engine;
use atoma_protocol::{
    money::{Amount, Price, Prices},
    statement::Grade,
};

/// Most nodes of a market in one process.
pub const MAX_NODES: u8 = 16;
/// Ports that a market takes from its base on.
pub const PORTS: u16 = 5;

/// Settings of a market.
#[derive(Clone, Debug)]
pub struct MarketConfig {
    /// Folder of all state; none keeps nothing once the process ends.
    pub state: Option<PathBuf>,
    /// Where everything listens.
    pub ports: Ports,
    /// Nodes to start, 1 to [`MAX_NODES`].
    pub nodes: u8,
    /// Tells chains apart.
    pub seed: u64,
    /// What the nodes serve, all of them the same.
    pub engine: Arc<dyn Engine>,
    /// What every model costs, in base units of the test dollar.
    pub prices: Prices,
    /// Unsettled earnings that are worth a transaction.
    pub settle_threshold: Amount,
    /// Time after which any unsettled earnings are settled, in milliseconds.
    pub settle_interval_ms: u64,
}

impl MarketConfig {
    /// Two nodes that serve the models of `engine`, on free ports, without state.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        let price = |units| Price::new(units).expect("far below 2^48");
        Self {
            state: None,
            ports: Ports::free(),
            nodes: 2,
            seed: 0,
            engine,
            prices: Prices {
                input: price(100_000),
                output: price(400_000),
            },
            settle_threshold: Amount(1_000),
            settle_interval_ms: 5_000,
        }
    }

    /// What a key epoch must have proved here: what simulated evidence can.
    #[must_use]
    pub const fn need() -> Grade {
        Grade::SIMULATED.union(Grade::MEASUREMENT)
    }
}

/// Ports in a row from a base on, or free ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports(u16);

impl Ports {
    /// Whatever is free.
    #[must_use]
    pub const fn free() -> Self {
        Self(0)
    }

    /// `base` and those after it; none if they do not fit, free ones for 0.
    #[must_use]
    pub const fn from_base(base: u16) -> Option<Self> {
        if base <= u16::MAX - PORTS {
            Some(Self(base))
        } else {
            None
        }
    }

    fn nth(self, index: u16) -> SocketAddr {
        let port = if self.0 == 0 { 0 } else { self.0 + index };
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// The localnet: RPC and faucet.
    #[must_use]
    pub fn rpc(self) -> SocketAddr {
        self.nth(0)
    }

    /// The OpenAI API.
    #[must_use]
    pub fn gateway(self) -> SocketAddr {
        self.nth(1)
    }

    /// Where nodes dial in.
    #[must_use]
    pub fn nodes(self) -> SocketAddr {
        self.nth(2)
    }

    /// The indexer.
    #[must_use]
    pub fn indexer(self) -> SocketAddr {
        self.nth(3)
    }

    /// The attestor.
    #[must_use]
    pub fn attestor(self) -> SocketAddr {
        self.nth(4)
    }
}
