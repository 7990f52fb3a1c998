//! From the first message to a node that may be given requests.

use std::{collections::HashMap, time::Duration};

use atoma_client::Account;
use atoma_env::Env;
use atoma_link::{
    connection::{ConnectionError, Receiver},
    message::{Challenge, FromNode, Hello, ModelLoad, PROTOCOL, ToNode},
};
use atoma_protocol::{
    hash::ManifestHash,
    ids::{KeyEpoch, ModelId, NodeId},
    keys::KeyError,
    sealed::{SealError, SealingPublicKey, Suite},
};
use thiserror::Error;
use tokio::sync::{OwnedMutexGuard, mpsc};

use super::{NodeLink, Payments};
use crate::{
    routing::{Fleet, Served},
    treasury::{TreasuryError, TrustedNode},
};

/// How long a node may take for the whole handshake, opening a channel included.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a stream never became usable.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The stream ended.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The node took too long.
    #[error("the handshake took longer than {HANDSHAKE_TIMEOUT:?}")]
    Timeout,
    /// The node sent another message than was due.
    #[error("the node sent something else than was due")]
    OutOfTurn,
    /// The node speaks another version.
    #[error("the node speaks version {0} of the link, this sequencer speaks {PROTOCOL}")]
    Protocol(u32),
    /// The node does not hold the key it names.
    #[error("the node does not hold the key of its epoch")]
    NotItsKey(#[from] KeyError),
    /// The node answered another challenge.
    #[error("the node answered another challenge")]
    OtherNonce,
    /// A sealing key is none.
    #[error("a sealing key")]
    SealingKey(#[from] SealError),
    /// No sealing key of a suite that is spoken here.
    #[error("the node has no sealing key")]
    NoSealingKey,
    /// The node is not trusted or cannot be paid.
    #[error(transparent)]
    Treasury(#[from] TreasuryError),
    /// The node refuses the channel.
    #[error("the node refuses the channel: {0}")]
    Refused(String),
    /// As many nodes as there can be.
    #[error("too many nodes are attached")]
    TooManyNodes,
}

/// A node that may be given requests.
pub(super) struct Ready {
    pub(super) node: NodeId,
    pub(super) epoch: KeyEpoch,
    pub(super) sealing_key: SealingPublicKey,
    pub(super) account: Account,
    pub(super) models: HashMap<String, Served>,
    pub(super) manifests: HashMap<ModelId, ManifestHash>,
    /// Held for as long as the account is in use.
    pub(super) turn: OwnedMutexGuard<()>,
    /// Places pulled for before the channel was ready.
    pub(super) places: Option<u32>,
}

pub(super) async fn run(
    sender: &mpsc::Sender<ToNode>,
    receiver: &mut Receiver<FromNode>,
    env: &Env,
    payments: &dyn Payments,
    fleet: &Fleet<NodeLink>,
) -> Result<Ready, HandshakeError> {
    tokio::time::timeout(
        HANDSHAKE_TIMEOUT,
        shake(sender, receiver, env, payments, fleet),
    )
    .await
    .unwrap_or(Err(HandshakeError::Timeout))
}

async fn shake(
    sender: &mpsc::Sender<ToNode>,
    receiver: &mut Receiver<FromNode>,
    env: &Env,
    payments: &dyn Payments,
    fleet: &Fleet<NodeLink>,
) -> Result<Ready, HandshakeError> {
    let network = payments.network();
    let challenge = Challenge {
        nonce: env.random(),
        network,
    };
    send(sender, ToNode::Challenge(challenge)).await?;
    let FromNode::Hello(hello) = receiver.receive().await? else {
        return Err(HandshakeError::OutOfTurn);
    };
    if hello.protocol != PROTOCOL {
        return Err(HandshakeError::Protocol(hello.protocol));
    }
    let keys = sealing_keys(&hello)?;
    let claimed = hello.hello.statement;
    let trusted = payments
        .trust(claimed.node, claimed.key_epoch, keys)
        .await?;
    hello.hello.verify(network, &trusted.attested.signing_key)?;
    if claimed.nonce != challenge.nonce {
        return Err(HandshakeError::OtherNonce);
    }
    // An account has one owner: an earlier stream of the node ends before it is taken up again.
    if let Some(earlier) = fleet.link(trusted.attested.node) {
        earlier.end();
    }
    let turn = fleet.turn(trusted.attested.node).await;
    let sealing_key = best_key(&trusted)?;
    let ids: Vec<ModelId> = hello.models.iter().map(|load| load.model).collect();
    let mut account = payments.account(&trusted.state, &ids).await?;
    account
        .add_epoch(trusted.attested.epoch, trusted.attested.signing_key)
        .map_err(TreasuryError::from)?;
    let places = agree_on_channel(sender, receiver, &mut account).await?;
    let (models, manifests) = served(payments, &account, &hello.models).await?;
    Ok(Ready {
        node: trusted.attested.node,
        epoch: trusted.attested.epoch,
        sealing_key,
        account,
        models,
        manifests,
        turn,
        places,
    })
}

async fn send(sender: &mpsc::Sender<ToNode>, message: ToNode) -> Result<(), ConnectionError> {
    sender
        .send(message)
        .await
        .map_err(|_| ConnectionError::Closed)
}

fn sealing_keys(hello: &Hello) -> Result<Vec<SealingPublicKey>, HandshakeError> {
    let keys = hello.sealing_keys.iter().map(|key| {
        let number = u8::try_from(key.suite).map_err(|_| SealError::UnknownSuite(u8::MAX))?;
        SealingPublicKey::new(Suite::try_from(number)?, key.key.to_vec())
    });
    Ok(keys.collect::<Result<_, SealError>>()?)
}

/// The cheapest suite: the hybrid one costs four times as much a request, and what travels here comes
/// from a sequencer that could read it anyway.
fn best_key(trusted: &TrustedNode) -> Result<SealingPublicKey, HandshakeError> {
    let keys = trusted.attested.sealing_keys.iter();
    keys.min_by_key(|key| key.suite())
        .cloned()
        .ok_or(HandshakeError::NoSealingKey)
}

/// Names the channel and takes back the largest voucher that the node holds for it.
async fn agree_on_channel(
    sender: &mpsc::Sender<ToNode>,
    receiver: &mut Receiver<FromNode>,
    account: &mut Account,
) -> Result<Option<u32>, HandshakeError> {
    let channel = account.channel();
    send(sender, ToNode::UseChannel(channel)).await?;
    let mut places: Option<u32> = None;
    loop {
        match receiver.receive().await? {
            FromNode::Pull(tasks) => {
                places = Some(places.unwrap_or_default().saturating_add(tasks));
            }
            FromNode::ChannelReady(ready) if ready.channel == channel => {
                if let Some(reason) = ready.refusal {
                    return Err(HandshakeError::Refused(reason));
                }
                if let Some(voucher) = ready.voucher {
                    account.adopt(voucher).map_err(TreasuryError::from)?;
                }
                return Ok(places);
            }
            _ => return Err(HandshakeError::OutOfTurn),
        }
    }
}

type Models = (HashMap<String, Served>, HashMap<ModelId, ManifestHash>);

/// What the node serves and the channel pays for.
async fn served(
    payments: &dyn Payments,
    account: &Account,
    loads: &[ModelLoad],
) -> Result<Models, HandshakeError> {
    let mut models = HashMap::new();
    let mut manifests = HashMap::new();
    for load in loads {
        let Some(prices) = account.payer().terms().prices(load.model) else {
            continue;
        };
        let manifest = payments
            .manifest(load.model)
            .await
            .map_err(TreasuryError::from)?;
        manifests.insert(load.model, manifest);
        let served = Served {
            model: load.model,
            prices,
            context_length: load.context_length,
        };
        models.insert(load.name.clone(), served);
    }
    Ok((models, manifests))
}
