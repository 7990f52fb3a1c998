//! Publishing and upgrading.

use atoma_ledger::Executed;
use sui_sdk_types::{
    Address, Command, ExecutionError, Input, ObjectData, Owner, PackageUpgradeError, Publish,
    StructTag, TypeTag, Upgrade,
};

use crate::harness::{
    Program, World, failed, modules, owned_of_type, package_of, publish_command, succeeded,
};

#[test]
fn a_package_is_published_and_initialised() {
    let mut world = World::new();
    let mut program = Program::new();
    let cap = program.push(Command::Publish(publish_command("machinery")));
    program.transfer(vec![cap], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    let package = package_of(&executed);
    let object = world.object(&package);
    assert_eq!(object.version(), 1);
    assert_eq!(*object.owner(), Owner::Immutable);
    // The first id of the transaction is the package's.
    assert_eq!(package, Address::derive_id(executed.digest, 0));
    let ObjectData::Package(stored) = object.data() else {
        panic!("not a package")
    };
    assert_eq!(stored.modules.len(), 5);
    let links: Vec<Address> = stored.linkage_table.keys().copied().collect();
    assert_eq!(links, [Address::from_static("0x1"), Address::TWO]);
    assert!(
        stored
            .type_origin_table
            .iter()
            .all(|origin| origin.package == package)
    );
    assert_eq!(
        world
            .ledger
            .package_versions(&package)
            .expect("the store works"),
        [(1, package)]
    );

    // The one-time witness made a coin.
    let token: TypeTag = format!("{package}::token::TOKEN").parse().expect("a type");
    let describes = |name: &str| {
        let tag: StructTag = format!("0x2::coin::{name}<{token}>")
            .parse()
            .expect("a type");
        world
            .ledger
            .object_of_type(&tag)
            .expect("the store works")
            .expect("indexed")
    };
    assert_eq!(*describes("CoinMetadata").owner(), Owner::Immutable);
    let treasury = describes("TreasuryCap").object_id();
    assert_eq!(treasury, owned_of_type(&executed, "TreasuryCap"));
    let mut program = Program::new();
    let cap = program.owned(world.reference(&treasury));
    let (amount, recipient) = (program.pure(&500u64), program.pure(&world.bob.address));
    program.call(package, "token::mint", vec![cap, amount, recipient]);
    succeeded(&world.alice(program));
    assert_eq!(
        world
            .ledger
            .balance(&world.bob.address, &token)
            .expect("the store works"),
        500
    );
    let balances = world
        .ledger
        .balances(&world.bob.address)
        .expect("the store works");
    assert_eq!(balances.len(), 2);
    spend_token(&mut world, token);
}

/// Bob splits his only coin of a foreign type by command and by call.
fn spend_token(world: &mut World, token: TypeTag) {
    let bob = world.bob.address;
    let page = world
        .ledger
        .coins(&bob, &token, None, 10)
        .expect("the store works");
    let coin = world.reference(&page.items[0].id);
    let mut program = Program::new();
    let coin = program.owned(coin);
    let part = program.split(coin, &[100]);
    program.transfer(vec![part], world.alice.address);
    let (amount, recipient) = (program.pure(&150u64), program.pure(&world.alice.address));
    program.call_with(
        Address::TWO,
        "pay::split_and_transfer",
        vec![token.clone()],
        vec![coin, amount, recipient],
    );
    succeeded(&world.bob(program));
    let balance = |owner| {
        world
            .ledger
            .balance(owner, &token)
            .expect("the store works")
    };
    assert_eq!((balance(&world.alice.address), balance(&bob)), (250, 250));
}

#[test]
fn a_currency_is_registered_under_its_derived_id() {
    let mut world = World::new();
    let usd = atoma_contracts::usd();
    let mut program = Program::new();
    let cap = program.push(Command::Publish(Publish {
        modules: usd.modules.into_iter().map(|module| module.bytes).collect(),
        dependencies: usd.dependencies.into_iter().map(Address::new).collect(),
    }));
    program.transfer(vec![cap], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    let package = package_of(&executed);
    let currency = owned_of_type(&executed, "Currency");
    let registry = Address::from_static("0xc");
    assert_eq!(*world.object(&currency).owner(), Owner::Address(registry));

    let coin: TypeTag = format!("{package}::usd::USD").parse().expect("a type");
    let mut program = Program::new();
    let shared = program.shared(&world, &registry, true);
    let sent = program.input(Input::Receiving(world.reference(&currency)));
    program.call_with(
        Address::TWO,
        "coin_registry::finalize_registration",
        vec![coin.clone()],
        vec![shared, sent],
    );
    succeeded(&world.bob(program));
    let key: TypeTag = format!("0x2::coin_registry::CurrencyKey<{coin}>")
        .parse()
        .expect("a type");
    let derived = registry.derive_object_id(&key, &[0]);
    assert!(matches!(world.object(&derived).owner(), Owner::Shared(_)));
    let tag: StructTag = format!("0x2::coin_registry::Currency<{coin}>")
        .parse()
        .expect("a type");
    let found = world
        .ledger
        .object_of_type(&tag)
        .expect("the store works")
        .expect("indexed");
    assert_eq!(found.object_id(), derived);
}

#[test]
fn bad_packages_are_not_published() {
    let mut world = World::new();
    let (existing, _) = world.publish("machinery");
    let mut publish = |modules: Vec<Vec<u8>>, dependencies: Vec<Address>| {
        let mut program = Program::new();
        let cap = program.push(Command::Publish(Publish {
            modules,
            dependencies,
        }));
        program.transfer(vec![cap], world.alice.address);
        let executed = world.alice(program);
        failed(&executed).clone()
    };
    let std = Address::from_static("0x1");
    let good = modules("machinery");
    assert_eq!(
        publish(good.clone(), vec![std]),
        ExecutionError::PublishUpgradeMissingDependency
    );
    assert_eq!(
        publish(vec![vec![1, 2, 3]], vec![std, Address::TWO]),
        ExecutionError::VmVerificationOrDeserializationError
    );
    let twice = vec![good[0].clone(), good[0].clone()];
    assert_eq!(
        publish(twice, vec![std, Address::TWO]),
        ExecutionError::VmVerificationOrDeserializationError
    );
    let framework = atoma_contracts::framework();
    let at_two = framework[1].modules[0].bytes.clone();
    assert_eq!(
        publish(vec![at_two], vec![std, Address::TWO]),
        ExecutionError::PublishErrorNonZeroAddress
    );
    let _ = existing;
}

fn upgrade(
    world: &mut World,
    package: Address,
    cap: Address,
    policy: u8,
    digest: [u8; 32],
) -> Executed {
    let mut program = Program::new();
    let cap = program.owned(world.reference(&cap));
    let policy = program.pure(&policy);
    let digest = program.pure(&digest.to_vec());
    let ticket = program.call(
        Address::TWO,
        "package::authorize_upgrade",
        vec![cap, policy, digest],
    );
    let publish = publish_command("machinery_v2");
    let receipt = program.push(Command::Upgrade(Upgrade {
        modules: publish.modules,
        dependencies: publish.dependencies,
        package,
        ticket,
    }));
    program.call(Address::TWO, "package::commit_upgrade", vec![cap, receipt]);
    world.alice(program)
}

/// Computed apart from the ledger: sorted digests of modules and ids of dependencies, hashed.
fn digest_of(name: &str) -> [u8; 32] {
    use sui_sdk_types::hash::Hasher;
    let publish = publish_command(name);
    let hash = |bytes: &[u8]| {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finalize().into_inner()
    };
    let mut parts: Vec<[u8; 32]> = publish.modules.iter().map(|module| hash(module)).collect();
    parts.extend(publish.dependencies.iter().map(|id| id.into_inner()));
    parts.sort_unstable();
    hash(&parts.concat())
}

#[test]
fn a_package_is_upgraded() {
    let mut world = World::new();
    let (first, cap) = world.publish("machinery");
    let mut program = Program::new();
    program.call(first, "counter::create", vec![]);
    let executed = world.alice(program);
    let counter = owned_of_type(&executed, "Counter");

    let executed = upgrade(&mut world, first, cap, 0, digest_of("machinery_v2"));
    succeeded(&executed);
    let second = package_of(&executed);
    assert_ne!(second, first);
    assert_eq!(world.object(&second).version(), 2);
    assert_eq!(
        world
            .ledger
            .package_versions(&first)
            .expect("the store works"),
        [(1, first), (2, second)]
    );
    assert_eq!(
        world
            .ledger
            .original_package_id(&second)
            .expect("the store works"),
        Some(first)
    );

    // Objects of the first version work with the code of the second, and keep their type.
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(second, "counter::increment", vec![argument]);
    let value = program.pure(&1u64);
    program.call(second, "counter::emit_extra", vec![value]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(world.number_in(&counter), 100);
    let events = executed.events.expect("two events").0;
    assert_eq!(events[0].package_id, second);
    assert_eq!(*events[0].type_.address(), first);
    assert_eq!(*events[1].type_.address(), second);
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(first, "counter::increment", vec![argument]);
    succeeded(&world.alice(program));
    assert_eq!(world.number_in(&counter), 101);
}

#[test]
fn an_abort_names_the_version_whose_code_ran() {
    let mut world = World::new();
    let (first, cap) = world.publish("machinery");
    let counter = crate::harness::counter(&mut world, first);
    let executed = upgrade(&mut world, first, cap, 0, digest_of("machinery_v2"));
    let second = package_of(&executed);
    for package in [first, second] {
        let mut program = Program::new();
        let argument = program.shared(&world, &counter, false);
        program.call(package, "counter::assert_ten", vec![argument]);
        let executed = world.alice(program);
        let ExecutionError::MoveAbort { location, code } = failed(&executed) else {
            panic!("no abort: {:?}", executed.failure)
        };
        assert_eq!((location.package, *code), (package, 7));
    }
}

#[test]
fn the_protocol_s_packages_are_published() {
    let mut world = World::new();
    for package in [atoma_contracts::usd(), atoma_contracts::atoma()] {
        let mut program = Program::new();
        let cap = program.push(Command::Publish(Publish {
            modules: package
                .modules
                .into_iter()
                .map(|module| module.bytes)
                .collect(),
            dependencies: package.dependencies.into_iter().map(Address::new).collect(),
        }));
        program.transfer(vec![cap], world.alice.address);
        let executed = world.alice(program);
        succeeded(&executed);
    }
}

#[test]
fn upgrades_need_the_right_ticket() {
    let mut world = World::new();
    let (package, cap) = world.publish("machinery");
    let executed = upgrade(&mut world, package, cap, 0, [1; 32]);
    assert!(matches!(
        failed(&executed),
        ExecutionError::PackageUpgradeError {
            kind: PackageUpgradeError::DigestDoesNotMatch { .. }
        }
    ));
    let digest = digest_of("machinery_v2");
    let executed = upgrade(&mut world, Address::TWO, cap, 0, digest);
    assert!(matches!(
        failed(&executed),
        ExecutionError::PackageUpgradeError {
            kind: PackageUpgradeError::PackageIdDoesNotMatch { .. }
        }
    ));
    let executed = upgrade(&mut world, package, cap, 7, digest);
    assert!(matches!(
        failed(&executed),
        ExecutionError::PackageUpgradeError {
            kind: PackageUpgradeError::UnknownUpgradePolicy { policy: 7 }
        }
    ));
    for policy in [128, 192] {
        let executed = upgrade(&mut world, package, cap, policy, digest);
        assert!(
            matches!(
                failed(&executed),
                ExecutionError::PackageUpgradeError {
                    kind: PackageUpgradeError::IncompatibleUpgrade
                }
            ),
            "{policy}: {:?}",
            executed.failure
        );
    }
    succeeded(&upgrade(&mut world, package, cap, 0, digest));
}

#[test]
fn a_failed_publication_leaves_nothing() {
    let mut world = World::new();
    let mut program = Program::new();
    program.push(Command::Publish(publish_command("machinery")));
    // The capability is left over.
    let executed = world.alice(program);
    assert!(matches!(
        failed(&executed),
        ExecutionError::UnusedValueWithoutDrop { .. }
    ));
    let id = Address::derive_id(executed.digest, 0);
    assert_eq!(world.ledger.object(&id).expect("the store works"), None);
    assert!(world.ledger.module(&id, "counter").is_err());
    world.publish("machinery");
}
