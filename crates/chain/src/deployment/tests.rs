use super::*;

fn deployment() -> Deployment {
    let package = |n| PackageId::new([n; 32]);
    Deployment {
        chain_id: ChainId::new([9; 32]),
        network: NetworkId::new([1; 32]),
        package: Lineage::new(vec![package(2), package(3)]).unwrap(),
        stake_coin: CoinType::new(package(2), "atoma", "ATOMA").unwrap(),
        payment_coin: CoinType::new(package(4), "usd", "USD").unwrap(),
        objects: SharedObjects {
            live_time: ObjectId::new([5; 32]),
            attestors: ObjectId::new([6; 32]),
            measurements: ObjectId::new([7; 32]),
        },
        test_usd: Some(TestUsd {
            package: package(4),
            faucet: ObjectId::new([8; 32]),
        }),
    }
}

#[test]
fn survives_json_and_toml() {
    let whole = deployment();
    let without_usd = Deployment {
        test_usd: None,
        ..deployment()
    };
    for at in [whole, without_usd] {
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(serde_json::from_str::<Deployment>(&json).unwrap(), at);
        let text = toml::to_string(&at).unwrap();
        assert_eq!(toml::from_str::<Deployment>(&text).unwrap(), at, "{text}");
    }
}

#[test]
fn refuses_a_misspelt_field() {
    let mut json = serde_json::to_value(deployment()).unwrap();
    json["packge"] = 1.into();
    assert!(serde_json::from_value::<Deployment>(json).is_err());
}

#[test]
fn a_lineage_has_at_least_one_package_and_none_twice() {
    let package = PackageId::new([1; 32]);
    assert_eq!(Lineage::new(Vec::new()), Err(BadLineage));
    assert_eq!(Lineage::new(vec![package, package]), Err(BadLineage));
    for json in [
        r#"{"versions":[]}"#,
        r#"{"versions":["0x1","0x1"]}"#,
        r#"{"versions":["zz"]}"#,
    ] {
        assert!(serde_json::from_str::<Lineage>(json).is_err(), "{json}");
    }
}

#[test]
fn types_are_the_originals_and_calls_go_to_the_newest() {
    let [first, second, stranger] = [1, 2, 3].map(|n| PackageId::new([n; 32]));
    let lineage = Lineage::new(vec![first, second]).unwrap();
    assert_eq!(lineage.original(), first);
    assert_eq!(lineage.newest(), second);
    assert!(lineage.contains(first) && lineage.contains(second));
    assert!(!lineage.contains(stranger));
}

#[test]
fn coin_types_are_text() {
    let sui: CoinType = "0x2::sui::SUI".parse().unwrap();
    assert_eq!(sui, CoinType::sui());
    assert!(sui.is_sui());
    assert_eq!(sui.symbol(), "SUI");
    assert_eq!(sui.to_string().parse::<CoinType>().unwrap(), sui);
    for text in ["", "u64", "0x2::sui", "0x2::sui::", &"a".repeat(10_000)] {
        assert!(text.parse::<CoinType>().is_err(), "{text:?}");
    }
    assert!(CoinType::new(PackageId::new([1; 32]), "no space", "X").is_err());
}
