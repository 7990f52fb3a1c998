//! A transaction that names the rights of others, written and signed by hand: no honest client would send it,
//! and the chain itself refuses it.

use std::collections::{BTreeMap, HashMap};

use atoma_chain::{Action, RpcError, action::Access, id::SuiId};
use atoma_protocol::ids::{Address, ObjectId};
use sui_crypto::{SuiSigner, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{
    GasPayment, Input, ObjectReference, Owner, SharedInput, SignedTransaction, Transaction,
    TransactionExpiration, TransactionKind,
};

use super::{Scene, calls};
use crate::market::Market;

const BUDGET: u64 = 100_000_000;

/// An account without any right.
struct Thief {
    key: Ed25519PrivateKey,
    address: sui_sdk_types::Address,
    coins: Vec<ObjectReference>,
}

impl Thief {
    async fn new(m: &Market) -> Self {
        let key = Ed25519PrivateKey::new([0x71; 32]);
        let address = key.public_key().derive_address();
        let me = Address::new(address.into_inner());
        m.chain.give(me).unwrap();
        let kind = atoma_chain::CoinType::sui().coin_struct();
        let page = m.client.rpc().owned_objects(me, &kind, None).await.unwrap();
        let coins = page
            .items
            .iter()
            .map(|coin| ObjectReference::new(coin.object_id(), coin.version(), coin.digest()))
            .collect();
        Self {
            key,
            address,
            coins,
        }
    }

    /// Signs an action with whatever objects it names.
    async fn sign(&self, m: &Market, action: &Action) -> SignedTransaction {
        let named: Vec<(ObjectId, Access)> = action.objects().collect();
        let ids: Vec<ObjectId> = named.iter().map(|(id, _)| *id).collect();
        let found = m.client.rpc().objects(&ids).await.unwrap();
        let mut inputs = HashMap::new();
        for ((id, access), object) in named.into_iter().zip(found) {
            let object = object.unwrap();
            let input = match object.owner() {
                Owner::Shared(version) => {
                    let shared = SharedInput::new(id.to_sui(), *version, access == Access::Write);
                    Input::Shared(shared)
                }
                _ => Input::ImmutableOrOwned(ObjectReference::new(
                    object.object_id(),
                    object.version(),
                    object.digest(),
                )),
            };
            inputs.insert(id, input);
        }
        // It need not be a coin of the right kind: no transaction gets as far as that.
        let purse = BTreeMap::from([(m.at().stake_coin.clone(), vec![self.coins[1].clone()])]);
        let transaction = Transaction {
            kind: TransactionKind::ProgrammableTransaction(
                action.lower(&inputs, &purse).unwrap().transaction,
            ),
            sender: self.address,
            gas_payment: GasPayment {
                objects: vec![self.coins[0].clone()],
                owner: self.address,
                price: m.client.rpc().reference_gas_price().await.unwrap(),
                budget: BUDGET,
            },
            expiration: TransactionExpiration::None,
        };
        let signature = self.key.sign_transaction(&transaction).unwrap();
        SignedTransaction {
            transaction,
            signatures: vec![signature],
        }
    }
}

#[tokio::test]
async fn the_chain_refuses_rights_that_belong_to_others() {
    let scene = Scene::set().await;
    let m = &scene.m;
    let thief = Thief::new(m).await;
    let before = scene.evidence().await;
    let rights = &scene.operator.rights;
    let stolen = [
        rights.admin_cap,
        rights.pause_cap,
        rights.node_cap,
        rights.payer_cap,
        rights.position,
        rights.ticket,
        rights.report,
    ];
    let mut tried = 0;
    for attempt in calls::all(m, &scene.victim, rights) {
        let Some((right, _)) = attempt.action.objects().find(|(id, _)| stolen.contains(id)) else {
            // Told apart by the sender alone.
            assert!(["accept_admin", "claim_routing"].contains(&attempt.function));
            continue;
        };
        let signed = thief.sign(m, &attempt.action).await;
        let refused = m.client.rpc().execute(&signed).await.unwrap_err();
        let RpcError::Rejected { message } = &refused else {
            panic!("{}::{}: {refused}", attempt.module, attempt.function);
        };
        assert!(
            message.contains(&right.to_string()),
            "{}: {message}",
            attempt.function
        );
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
    assert_eq!(scene.evidence().await, before);
}

/// Nor does the thief get far by signing for somebody else.
#[tokio::test]
async fn the_chain_refuses_a_transaction_signed_by_another() {
    let scene = Scene::set().await;
    let m = &scene.m;
    let thief = Thief::new(m).await;
    let pause = atoma_chain::tx::pause(m.at(), m.made.pause_cap);
    let mut signed = thief.sign(m, &pause).await;
    signed.transaction.sender = m.admin.address().to_sui();
    signed.signatures = vec![thief.key.sign_transaction(&signed.transaction).unwrap()];
    let refused = m.client.rpc().execute(&signed).await.unwrap_err();
    assert!(matches!(refused, RpcError::Rejected { .. }), "{refused}");
    assert!(!m.client.network().await.unwrap().paused);
}
