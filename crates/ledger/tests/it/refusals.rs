//! What is refused before it runs: nothing is charged, nothing changes.

use atoma_ledger::{LedgerError, Refusal};
use sui_crypto::SuiSigner;
use sui_crypto::secp256k1::Secp256k1PrivateKey;
use sui_crypto::secp256r1::Secp256r1PrivateKey;
use sui_sdk_types::{
    Address, Argument, Command, Digest, GasPayment, Input, MultisigAggregatedSignature,
    MultisigCommittee, MultisigMember, MultisigMemberPublicKey, MultisigMemberSignature,
    Mutability, ObjectReference, Owner, SharedInput, Transaction, TransactionExpiration,
    TransactionKind, UserSignature,
};

use crate::harness::{BUDGET, Program, Wallet, World, owned_of_type, succeeded};

fn pay(amount: u64) -> Program {
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[amount]);
    program.transfer(vec![coin], Address::from_static("0xb0b"));
    program
}

/// Refuses the transaction that `change` made of a good one, and leaves the chain alone.
fn refused(change: impl FnOnce(&World, &mut Transaction)) -> Refusal {
    let mut world = World::new();
    let mut transaction = world.transaction(&world.alice.address, pay(1));
    change(&world, &mut transaction);
    let signature = world.alice.sign(&transaction);
    let before = world.balance(&world.alice.address);
    let count = world.ledger.transaction_count();
    let result = world.ledger.execute(&transaction, &[signature]);
    assert_eq!(world.balance(&world.alice.address), before);
    assert_eq!(world.ledger.transaction_count(), count);
    match result {
        Err(LedgerError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn signatures_must_be_the_signers() {
    let mut world = World::new();
    let transaction = world.transaction(&world.alice.address, pay(1));
    let alice = world.alice.sign(&transaction);
    let bob = world.bob.sign(&transaction);
    let other = world.transaction(&world.alice.address, pay(2));
    let of_other = world.alice.sign(&other);
    let mut refusal =
        |signatures: &[UserSignature]| match world.ledger.execute(&transaction, signatures) {
            Err(LedgerError::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        };
    assert!(matches!(
        refusal(&[]),
        Refusal::SignatureCount {
            expected: 1,
            found: 0
        }
    ));
    assert!(matches!(
        refusal(&[alice.clone(), bob.clone()]),
        Refusal::SignatureCount {
            expected: 1,
            found: 2
        }
    ));
    // A valid signature by somebody else.
    assert!(matches!(refusal(&[bob]), Refusal::SignerAbsent(_)));
    assert!(matches!(refusal(&[of_other]), Refusal::InvalidSignature(_)));
    let executed = world
        .ledger
        .execute(&transaction, &[alice])
        .expect("signed by alice");
    succeeded(&executed);
}

#[test]
fn a_sponsor_must_sign() {
    let mut world = World::new();
    let mut transaction = world.transaction(&world.alice.address, pay(1));
    transaction.gas_payment.owner = world.bob.address;
    transaction.gas_payment.objects = vec![world.coins(&world.bob.address)[0].clone()];
    let alice = world.alice.sign(&transaction);
    let result = world
        .ledger
        .execute(&transaction, std::slice::from_ref(&alice));
    assert!(matches!(
        result,
        Err(LedgerError::Refused(Refusal::SignatureCount {
            expected: 2,
            ..
        }))
    ));
    let result = world.ledger.execute(&transaction, &[alice.clone(), alice]);
    assert!(matches!(
        result,
        Err(LedgerError::Refused(Refusal::SignerAbsent(_)))
    ));
}

/// Sends `address` a coin and lets it spend that with a signature of its own kind.
fn spends(address: Address, sign: impl FnOnce(&Transaction) -> UserSignature) {
    let mut world = World::new();
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[2 * BUDGET]);
    program.transfer(vec![coin], address);
    succeeded(&world.alice(program));
    let transaction = world.transaction(&address, pay(5));
    let signature = sign(&transaction);
    let executed = world
        .ledger
        .execute(&transaction, &[signature])
        .expect("not refused");
    succeeded(&executed);
}

#[test]
fn every_simple_scheme_and_multisig_sign() {
    let k1 = Secp256k1PrivateKey::new([3; 32]).expect("a key");
    let r1 = Secp256r1PrivateKey::new([4; 32]);
    spends(k1.public_key().derive_address(), |transaction| {
        k1.sign_transaction(transaction).expect("signs")
    });
    spends(r1.public_key().derive_address(), |transaction| {
        r1.sign_transaction(transaction).expect("signs")
    });
    let wallet = Wallet::new(5);
    let committee = MultisigCommittee::new(
        vec![
            MultisigMember::new(MultisigMemberPublicKey::Ed25519(wallet.key.public_key()), 1),
            MultisigMember::new(MultisigMemberPublicKey::Secp256k1(k1.public_key()), 1),
            MultisigMember::new(MultisigMemberPublicKey::Secp256r1(r1.public_key()), 1),
        ],
        2,
    );
    spends(committee.derive_address(), |transaction| {
        let member = |signature: UserSignature| match signature {
            UserSignature::Simple(sui_sdk_types::SimpleSignature::Ed25519 {
                signature, ..
            }) => MultisigMemberSignature::Ed25519(signature),
            UserSignature::Simple(sui_sdk_types::SimpleSignature::Secp256r1 {
                signature, ..
            }) => MultisigMemberSignature::Secp256r1(signature),
            other => panic!("unexpected signature {other:?}"),
        };
        let signatures = vec![
            member(wallet.sign(transaction)),
            member(r1.sign_transaction(transaction).expect("signs")),
        ];
        UserSignature::Multisig(MultisigAggregatedSignature::new(
            committee.clone(),
            signatures,
            0b101,
        ))
    });
}

#[test]
fn gas_must_be_right() {
    assert!(matches!(
        refused(|_, transaction| transaction.gas_payment.objects.clear()),
        Refusal::MissingGasPayment
    ));
    assert!(matches!(
        refused(|_, transaction| transaction.gas_payment.price = 999),
        Refusal::GasPriceTooLow {
            price: 999,
            reference: 1_000
        }
    ));
    assert!(matches!(
        refused(|_, transaction| transaction.gas_payment.price = 100_000),
        Refusal::Limit {
            limit: "gas price",
            ..
        }
    ));
    assert!(matches!(
        refused(|_, transaction| transaction.gas_payment.budget = 999_999),
        Refusal::GasBudgetTooLow {
            least: 1_000_000,
            ..
        }
    ));
    assert!(matches!(
        refused(|_, transaction| transaction.gas_payment.budget = 50_000_000_001),
        Refusal::Limit {
            limit: "gas budget",
            ..
        }
    ));
    assert!(matches!(
        refused(|world, transaction| {
            transaction.gas_payment.objects = vec![world.coins(&world.bob.address)[0].clone()];
        }),
        Refusal::NotOwner { .. }
    ));
    assert!(matches!(
        refused(|_, transaction| {
            let coin = transaction.gas_payment.objects[0].clone();
            transaction.gas_payment.objects.push(coin);
        }),
        Refusal::DuplicateObject(_)
    ));
    assert!(matches!(
        refused(|world, transaction| {
            transaction.gas_payment.objects = vec![world.reference(&Address::from_static("0x6"))];
        }),
        Refusal::InvalidGasObject(_)
    ));
}

#[test]
fn a_poor_account_is_told_so() {
    let mut world = World::new();
    let poor = Wallet::new(9);
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[BUDGET - 1]);
    program.transfer(vec![coin], poor.address);
    succeeded(&world.alice(program));
    let result = world.try_execute(&poor, pay(1));
    assert!(matches!(
        result,
        Err(LedgerError::Refused(Refusal::GasBalanceTooLow { .. }))
    ));
}

#[test]
fn transactions_expire_and_belong_to_a_chain() {
    let during = |chain, max_timestamp| TransactionExpiration::ValidDuring {
        min_epoch: Some(0),
        max_epoch: Some(0),
        min_timestamp: None,
        max_timestamp,
        chain,
        nonce: 1,
    };
    assert!(matches!(
        refused(|_, transaction| transaction.expiration = during(Digest::ZERO, None)),
        Refusal::OtherChain(_)
    ));
    assert!(matches!(
        refused(|world, transaction| {
            transaction.expiration = during(world.ledger.chain_id(), Some(5));
        }),
        Refusal::Expired { .. }
    ));
    let mut world = World::new();
    let mut transaction = world.transaction(&world.alice.address, pay(1));
    transaction.expiration = during(world.ledger.chain_id(), None);
    let signature = world.alice.sign(&transaction);
    succeeded(
        &world
            .ledger
            .execute(&transaction, &[signature])
            .expect("not refused"),
    );
}

#[test]
fn a_version_is_used_once() {
    let mut world = World::new();
    let first = world.transaction(&world.alice.address, pay(1));
    let second = world.transaction(&world.alice.address, pay(2));
    let signatures = [world.alice.sign(&first), world.alice.sign(&second)];
    world
        .ledger
        .execute(&first, &signatures[..1])
        .expect("not refused");
    let result = world.ledger.execute(&second, &signatures[1..]);
    assert!(matches!(
        result,
        Err(LedgerError::Refused(
            Refusal::ObjectVersionUnavailable { .. }
        ))
    ));
}

#[test]
fn input_objects_must_be_what_the_transaction_says() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    let counter = program.call(package, "counter::new", vec![]);
    program.call(package, "counter::share", vec![counter]);
    let owned = program.call(package, "counter::new", vec![]);
    program.transfer(vec![owned], world.bob.address);
    let executed = world.alice(program);
    succeeded(&executed);
    let find = |shared: bool| {
        let objects = executed.output_objects.iter();
        let object = objects.filter(|object| matches!(object.owner(), Owner::Shared(_)) == shared);
        object
            .filter_map(|object| object.as_struct())
            .find(|contents| contents.object_type().name().as_str() == "Counter")
            .expect("a counter")
            .object_id()
    };
    let (shared, of_bob) = (find(true), find(false));
    let (shared_ref, bob_ref) = (world.reference(&shared), world.reference(&of_bob));
    let Owner::Shared(initial) = *world.object(&shared).owner() else {
        panic!("not shared")
    };
    let mut refuse = |input: Input| {
        let mut program = pay(1);
        program.input(input);
        world.refusal(program)
    };
    let at = |id, version, mutable| {
        Input::Shared(SharedInput::new(id, version, Mutability::from(mutable)))
    };
    assert!(matches!(
        refuse(Input::ImmutableOrOwned(bob_ref.clone())),
        Refusal::NotOwner { .. }
    ));
    assert!(matches!(
        refuse(Input::ImmutableOrOwned(shared_ref.clone())),
        Refusal::WrongObjectKind(_)
    ));
    assert!(matches!(
        refuse(at(of_bob, 1, true)),
        Refusal::WrongObjectKind(_)
    ));
    assert!(matches!(
        refuse(at(shared, initial + 1, true)),
        Refusal::InitialVersionMismatch { .. }
    ));
    assert!(matches!(
        refuse(at(Address::from_static("0x6"), 1, true)),
        Refusal::SystemObject(_)
    ));
    assert!(matches!(
        refuse(at(Address::from_static("0x777"), 1, true)),
        Refusal::ObjectNotFound(_)
    ));
    let wrong = ObjectReference::new(of_bob, bob_ref.version(), Digest::ZERO);
    assert!(matches!(
        refuse(Input::ImmutableOrOwned(wrong)),
        Refusal::ObjectDigestMismatch { .. }
    ));
    let framework = ObjectReference::new(Address::TWO, 1, Digest::ZERO);
    assert!(matches!(
        refuse(Input::ImmutableOrOwned(framework)),
        Refusal::PackageAsObject(_)
    ));
    assert!(matches!(
        refuse(Input::Receiving(shared_ref)),
        Refusal::WrongObjectKind(_)
    ));
    let mut program = pay(1);
    program.call(Address::from_static("0xabc"), "no::package", vec![]);
    assert!(matches!(
        world.refusal(program),
        Refusal::PackageNotFound(_)
    ));
    let mut program = pay(1);
    program.call(shared, "no::package", vec![]);
    assert!(matches!(
        world.refusal(program),
        Refusal::ObjectAsPackage(_)
    ));
}

#[test]
fn a_deleted_object_is_gone() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    let counter = program.call(package, "counter::new", vec![]);
    program.transfer(vec![counter], world.alice.address);
    let executed = world.alice(program);
    let counter = owned_of_type(&executed, "Counter");
    let reference = world.reference(&counter);
    let mut program = Program::new();
    let argument = program.owned(reference.clone());
    program.call(package, "counter::delete", vec![argument]);
    succeeded(&world.alice(program));
    let mut program = pay(1);
    program.owned(reference);
    assert!(matches!(
        world.refusal(program),
        Refusal::ObjectDeleted { .. }
    ));
}

#[test]
fn limits_are_sui_s() {
    let mut world = World::new();
    let mut program = pay(1);
    program.input(Input::Pure(vec![0; 16 * 1024 + 1]));
    assert!(matches!(
        world.refusal(program),
        Refusal::Limit {
            limit: "pure argument bytes",
            most: 16_384,
            ..
        }
    ));
    let mut program = pay(1);
    for _ in 0..8 {
        program.input(Input::Pure(vec![0; 16 * 1024]));
    }
    assert!(matches!(
        world.refusal(program),
        Refusal::Limit {
            limit: "transaction bytes",
            most: 131_072,
            ..
        }
    ));
    let mut program = Program::new();
    let amount = program.pure(&1u64);
    for _ in 0..1_025 {
        program.push(Command::SplitCoins(sui_sdk_types::SplitCoins {
            coin: Argument::Gas,
            amounts: vec![amount],
        }));
    }
    assert!(matches!(
        world.refusal(program),
        Refusal::Limit {
            limit: "commands",
            most: 1_024,
            ..
        }
    ));
    let mut program = pay(1);
    for _ in 0..2_048 {
        program.pure(&1u8);
    }
    assert!(matches!(
        world.refusal(program),
        Refusal::Limit {
            limit: "inputs",
            most: 2_048,
            ..
        }
    ));
    let mut program = pay(1);
    program.split(Argument::Gas, &[]);
    assert!(matches!(
        world.refusal(program),
        Refusal::EmptyCommand { command: 2 }
    ));
    assert!(matches!(
        world.refusal(Program::new()),
        Refusal::EmptyCommand { command: 0 }
    ));
}

#[test]
fn system_transactions_do_not_come_from_users() {
    let refusal = refused(|_, transaction| {
        transaction.kind = TransactionKind::Genesis(sui_sdk_types::GenesisTransaction {
            objects: Vec::new(),
        });
        transaction.gas_payment = GasPayment {
            objects: Vec::new(),
            owner: transaction.sender,
            price: 1,
            budget: 0,
        };
    });
    assert!(matches!(refusal, Refusal::Unsupported(_)));
}
