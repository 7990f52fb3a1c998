//! SUI for everybody, over HTTP: the API of Sui's own faucet (`POST /v2/gas`).

use atoma_ledger::{Executed, Ledger, LedgerError, MIST_PER_SUI};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sui_crypto::SuiSigner;
use sui_sdk_types::{
    Address, Argument, Command, GasPayment, Input, ObjectReference, Owner, ProgrammableTransaction,
    SplitCoins, Transaction, TransactionExpiration, TransactionKind, TransferObjects, TypeTag,
};

use crate::chain::{LocalChain, faucet_address};

/// MIST in each coin that is given.
pub const COIN_MIST: u64 = 200 * MIST_PER_SUI;
/// Coins that one request gives.
pub const COINS: usize = 5;
/// What the faucet's transactions may cost, in MIST.
const BUDGET: u64 = 100_000_000;
/// Coins of the faucet that are looked through.
const MAX_COINS: usize = 50;

/// A request as Sui's clients send it.
#[derive(Debug, Deserialize)]
enum FaucetRequest {
    FixedAmountRequest { recipient: Address },
}

/// A coin that was given.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CoinSent {
    amount: u64,
    id: Address,
    transfer_tx_digest: String,
}

pub(crate) fn router(chain: LocalChain) -> Router {
    Router::new().route("/v2/gas", post(gas)).with_state(chain)
}

/// Sui's clients send the request bare or as the only element of a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Body {
    One(FaucetRequest),
    List([FaucetRequest; 1]),
}

async fn gas(State(chain): State<LocalChain>, Json(body): Json<Body>) -> (StatusCode, Json<Value>) {
    let (Body::One(FaucetRequest::FixedAmountRequest { recipient })
    | Body::List([FaucetRequest::FixedAmountRequest { recipient }])) = body;
    match chain.send_coins(recipient) {
        Ok(coins) => (
            StatusCode::CREATED,
            Json(json!({ "status": "Success", "coins_sent": coins })),
        ),
        Err(reason) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Json(json!({ "status": { "Failure": { "Internal": reason } }, "coins_sent": null })),
        ),
    }
}

impl LocalChain {
    /// Gives [`COINS`] coins of [`COIN_MIST`] each.
    ///
    /// # Errors
    /// For people: why there are none.
    pub fn give(&self, recipient: atoma_protocol::ids::Address) -> Result<(), String> {
        self.send_coins(Address::new(recipient.into_bytes()))
            .map(drop)
    }

    fn send_coins(&self, recipient: Address) -> Result<Vec<CoinSent>, String> {
        let transaction = faucet_transaction(&self.ledger(), self.faucet(), recipient)?;
        let signature = self
            .faucet_key()
            .sign_transaction(&transaction)
            .map_err(|error| error.to_string())?;
        let executed = self
            .execute(&transaction, &[signature])
            .map_err(|error| error.to_string())?;
        if let Some(failure) = &executed.failure {
            return Err(failure.clone());
        }
        Ok(coins_sent(&executed, recipient))
    }

    fn faucet(&self) -> Address {
        faucet_address(self.faucet_key())
    }
}

fn faucet_transaction(
    ledger: &Ledger,
    faucet: Address,
    recipient: Address,
) -> Result<Transaction, String> {
    let read = |error: LedgerError| error.to_string();
    let sui = TypeTag::Struct(Box::new(sui_sdk_types::StructTag::sui()));
    let needed = COIN_MIST * COINS as u64 + BUDGET;
    let coins = ledger.coins(&faucet, &sui, None, MAX_COINS).map_err(read)?;
    let coin = coins
        .items
        .iter()
        .find(|coin| coin.balance >= needed)
        .ok_or("the faucet is empty: start with a new state folder")?;
    let object = ledger
        .object(&coin.id)
        .map_err(read)?
        .ok_or("a coin of the faucet is missing")?;
    let amount = Input::Pure(COIN_MIST.to_le_bytes().to_vec());
    let to = Input::Pure(recipient.as_bytes().to_vec());
    let count = u16::try_from(COINS).map_err(|error| error.to_string())?;
    let split = SplitCoins {
        coin: Argument::Gas,
        amounts: vec![Argument::Input(0); COINS],
    };
    let transfer = TransferObjects {
        objects: (0..count)
            .map(|index| Argument::NestedResult(0, index))
            .collect(),
        address: Argument::Input(1),
    };
    Ok(Transaction {
        kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
            inputs: vec![amount, to],
            commands: vec![
                Command::SplitCoins(split),
                Command::TransferObjects(transfer),
            ],
        }),
        sender: faucet,
        gas_payment: GasPayment {
            objects: vec![ObjectReference::new(coin.id, coin.version, object.digest())],
            owner: faucet,
            price: ledger.reference_gas_price(),
            budget: BUDGET,
        },
        expiration: TransactionExpiration::None,
    })
}

fn coins_sent(executed: &Executed, recipient: Address) -> Vec<CoinSent> {
    let owned = |object: &&std::sync::Arc<sui_sdk_types::Object>| matches!(object.owner(), Owner::Address(owner) if *owner == recipient);
    let sent = executed
        .output_objects
        .iter()
        .filter(owned)
        .map(|object| CoinSent {
            amount: COIN_MIST,
            id: object.object_id(),
            transfer_tx_digest: executed.digest.to_string(),
        });
    sent.collect()
}
