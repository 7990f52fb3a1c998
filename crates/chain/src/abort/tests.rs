use std::{collections::BTreeSet, fs, path::Path};

use atoma_protocol::ids::{NetworkId, ObjectId};
use sui_sdk_types::{Address, Identifier};

use super::*;
use crate::{
    deployment::{CoinType, Lineage, SharedObjects, TestUsd},
    id::ChainId,
};

fn at() -> Deployment {
    let package = |n| PackageId::new([n; 32]);
    Deployment {
        chain_id: ChainId::new([0; 32]),
        network: NetworkId::new([0; 32]),
        package: Lineage::new(vec![package(1), package(2)]).unwrap(),
        stake_coin: CoinType::sui(),
        payment_coin: CoinType::sui(),
        objects: SharedObjects {
            live_time: ObjectId::new([0; 32]),
            attestors: ObjectId::new([0; 32]),
            measurements: ObjectId::new([0; 32]),
        },
        test_usd: Some(TestUsd {
            package: package(3),
            faucet: ObjectId::new([0; 32]),
        }),
    }
}

fn location(package: u8, module: &str) -> MoveLocation {
    MoveLocation {
        package: Address::new([package; 32]),
        module: Identifier::new(module).unwrap(),
        function: 0,
        instruction: 0,
        function_name: Some(Identifier::new("settle").unwrap()),
    }
}

/// Number of an `#[error]` constant as the VM reports it.
fn clever(code: u8) -> u64 {
    let (line, name, text) = (301, 7, 12);
    TAG | u64::from(code) << CODE_SHIFT | line << 32 | name << 16 | text
}

#[test]
fn every_error_of_the_source_is_in_the_table_under_its_own_code() {
    let mut found = BTreeSet::new();
    for package in ["atoma", "usd"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../move")
            .join(package)
            .join("sources");
        for entry in fs::read_dir(folder).unwrap() {
            let source = fs::read_to_string(entry.unwrap().path()).unwrap();
            let module = source
                .lines()
                .find_map(|line| line.strip_prefix("module "))
                .and_then(|line| line.split("::").nth(1))
                .unwrap()
                .trim_end_matches(';')
                .to_owned();
            let lines: Vec<&str> = source.lines().collect();
            for (index, line) in lines.iter().enumerate() {
                let Some(code) = line.trim().strip_prefix("#[error(code = ") else {
                    continue;
                };
                let code: u8 = code.trim_end_matches(")]").parse().unwrap();
                let name = lines[index + 1]
                    .trim()
                    .strip_prefix("const ")
                    .and_then(|rest| rest.split(':').next())
                    .unwrap();
                assert!(found.insert((package, module.clone(), code, name.to_owned())));
                let named = Named::find(package, &module, code).unwrap();
                assert_eq!((named.module(), named.name()), (module.as_str(), name));
                assert_eq!(named.code(), code);
                assert!(source.contains(named.text()));
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    assert_eq!(found.len(), Named::all().count());
}

#[test]
fn an_abort_of_any_version_of_ours_has_its_name() {
    for package in [1, 2] {
        let abort = Abort::new(Some(&at()), &location(package, "channel"), clever(3));
        assert_eq!(abort, Abort::Named(Named::ChannelBadVoucher));
        assert!(abort.to_string().contains("atoma::channel::EBadVoucher"));
    }
    let abort = Abort::new(Some(&at()), &location(3, "usd"), clever(0));
    assert_eq!(abort.named(), Some(Named::UsdMintTooLarge));
}

#[test]
fn a_look_alike_package_has_no_names_of_ours() {
    let abort = Abort::new(Some(&at()), &location(9, "channel"), clever(3));
    assert_eq!(abort.named(), None);
    assert_eq!(
        Abort::new(None, &location(1, "channel"), clever(3)).named(),
        None
    );
    // The test dollar is another package: its modules are not the protocol's.
    let abort = Abort::new(Some(&at()), &location(3, "channel"), clever(3));
    assert_eq!(abort.named(), None);
}

#[test]
fn plain_and_unknown_codes_stay_numbers() {
    for code in [3, 0, clever(250), u64::MAX] {
        let abort = Abort::new(Some(&at()), &location(1, "channel"), code);
        let Abort::Other(other) = &abort else {
            panic!("{code} is no named error");
        };
        assert_eq!(other.code, code);
        assert!(abort.to_string().contains("::channel::settle aborted with"));
    }
}
