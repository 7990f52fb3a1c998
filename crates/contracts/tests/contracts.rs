//! The embedded packages, and moving a package to another address.

use atoma_contracts::{
    DecodeError, Module, Package, RelocateError, atoma, framework, placeholder_address, testing,
    usd,
};

/// Sui refuses packages over 100 KiB; the protocol's keeps room for upgrades.
const MAX_ATOMA_SIZE: usize = 60 * 1024;
const ZERO: [u8; 32] = [0; 32];

fn address(last: u8) -> [u8; 32] {
    let mut address = ZERO;
    address[31] = last;
    address
}

#[test]
fn the_framework_is_whole() {
    let [std, sui] = framework();
    assert_eq!((std.name.as_str(), sui.name.as_str()), ("std", "sui"));
    assert_eq!(std.dependencies, Vec::<[u8; 32]>::new());
    assert_eq!(sui.dependencies, [address(1)]);
    for (package, module) in [
        (&std, "vector"),
        (&std, "option"),
        (&sui, "coin"),
        (&sui, "transfer"),
    ] {
        assert!(package.modules.iter().any(|m| m.name == module), "{module}");
    }
}

#[test]
fn every_embedded_module_is_bytecode_and_named_once() {
    for package in framework().into_iter().chain([usd(), atoma()]) {
        let mut names: Vec<_> = package.modules.iter().map(|m| m.name.clone()).collect();
        for module in &package.modules {
            assert_eq!(module.bytes[..4], [0xa1, 0x1c, 0xeb, 0x0b]);
            let name = module.name.as_bytes();
            assert!(module.bytes.windows(name.len()).any(|w| w == name));
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), package.modules.len());
        assert!(!names.is_empty(), "{} has no modules", package.name);
    }
}

#[test]
fn the_protocol_stays_under_its_size() {
    let size = atoma().size();
    assert!(size <= MAX_ATOMA_SIZE, "{size} bytes of bytecode");
}

#[test]
fn publishing_gives_a_package_its_address() {
    let published = usd()
        .relocate(ZERO, address(0xaa))
        .expect("usd is compiled at zero");
    assert_ne!(published, usd());
    assert_eq!(published.size(), usd().size());
    let back = published
        .relocate(address(0xaa), ZERO)
        .expect("it is there");
    assert_eq!(back, usd());
}

#[test]
fn a_dependent_is_linked_to_the_published_package() {
    let dependent = testing::package("dependent").expect("scripts/move build has compiled it");
    let placeholder = placeholder_address("usd");
    assert!(dependent.dependencies.contains(&placeholder));
    let linked = dependent
        .relocate(placeholder, address(0xbb))
        .expect("it calls usd");
    assert!(linked.dependencies.contains(&address(0xbb)));
    let holds = |package: &Package, wanted: [u8; 32]| {
        let bytes = &package.modules[0].bytes;
        bytes.windows(32).any(|window| window == wanted)
    };
    assert!(holds(&dependent, placeholder) && !holds(&linked, placeholder));
    assert!(holds(&linked, address(0xbb)));
}

#[test]
fn a_relocation_that_cannot_be_right_is_refused() {
    let dependent = testing::package("dependent").expect("scripts/move build has compiled it");
    assert_eq!(
        dependent.relocate(ZERO, placeholder_address("usd")),
        Err(RelocateError::AlreadyUsed {
            module: "dependent".to_owned()
        })
    );
    assert_eq!(
        dependent.relocate(address(0xcc), address(0xcd)),
        Err(RelocateError::Unused {
            package: "dependent".to_owned()
        })
    );
    for bytes in [
        vec![],
        vec![0xa1, 0x1c, 0xeb],
        b"\xa1\x1c\xeb\x0b\x07\0\0\x05".to_vec(),
        b"\xa1\x1c\xeb\x0b\x07\0\0\x05\x01\x08\x00\x20".to_vec(),
        b"\xa1\x1c\xeb\x0b\x07\0\0\x05\x01\x08\xff\xff\xff\xff\xff\x01\x20".to_vec(),
    ] {
        let package = Package {
            name: "bad".to_owned(),
            modules: vec![Module {
                name: "bad".to_owned(),
                bytes,
            }],
            dependencies: vec![],
        };
        let result = package.relocate(ZERO, address(1));
        assert!(
            matches!(result, Err(RelocateError::NotBytecode { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn an_unknown_test_package_names_the_command() {
    let error = testing::package("no-such-package").expect_err("it does not exist");
    assert!(error.to_string().contains("scripts/move build"), "{error}");
}

#[test]
fn a_damaged_package_file_is_an_error() {
    let good = b"\x01\x01a\x00\x01\x01m\x02\x07\x08";
    let package = Package::decode(good).expect("written by hand after the format");
    assert_eq!(package.name, "a");
    assert_eq!(package.modules[0].bytes, [7, 8]);
    for end in 0..good.len() {
        assert!(Package::decode(&good[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(
        Package::decode(b"\x02"),
        Err(DecodeError::Format { found: 2 })
    );
    assert_eq!(
        Package::decode(b"\x01\x01a\x00\x00\x00"),
        Err(DecodeError::Trailing { count: 1 })
    );
    assert_eq!(
        Package::decode(b"\x01\x81\x00a\x00\x00"),
        Err(DecodeError::Length { offset: 1 })
    );
    assert_eq!(
        Package::decode(b"\x01\x01\xff\x00\x00"),
        Err(DecodeError::Name { offset: 2 })
    );
    assert_eq!(
        Package::decode(b"\x01\xff\xff\xff\xff\x7f"),
        Err(DecodeError::Length { offset: 1 })
    );
}
