//! What a person or a program needs to use a running market.

use atoma_protocol::ids::{NetworkId, NodeId, PackageId};
use serde::{Deserialize, Serialize};

/// A running market. `atoma up --json` prints it on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Base URL of the OpenAI API, with `/v1`.
    pub gateway_url: String,
    /// A key for it.
    pub api_key: String,
    /// Sui's gRPC API.
    pub rpc_url: String,
    /// Sui's faucet API.
    pub faucet_url: String,
    /// The indexer's REST API.
    pub indexer_url: String,
    /// The package of the contracts.
    pub package_id: PackageId,
    /// The `Network` object.
    pub network_id: NetworkId,
    /// The nodes.
    pub node_ids: Vec<NodeId>,
    /// Names of the models served.
    pub models: Vec<String>,
}
