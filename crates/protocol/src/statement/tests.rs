use super::*;

fn voucher(cumulative: u64) -> Voucher {
    Voucher {
        channel: ChannelId::new([3; 32]),
        cumulative: Amount(cumulative),
    }
}

#[test]
fn a_message_is_domain_network_then_fields() {
    let message = voucher(0x0102).message(NetworkId::new([9; 32]));
    let mut expected = blake2b256(&[b"atoma/voucher/1"]).to_vec();
    expected.extend([9; 32]);
    expected.extend([3; 32]);
    expected.extend([2, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(message, expected);
}

#[test]
fn a_signature_fits_one_network_one_kind_and_one_content() {
    let (key, network) = (SigningKey::from_seed([1; 32]), NetworkId::new([9; 32]));
    let signed = Verified::sign(voucher(5), network, &key).into_signed();
    assert!(signed.clone().verify(network, &key.public()).is_ok());
    assert!(
        signed
            .clone()
            .verify(NetworkId::new([8; 32]), &key.public())
            .is_err()
    );
    assert!(
        Signed {
            statement: voucher(6),
            ..signed
        }
        .verify(network, &key.public())
        .is_err()
    );
}

#[test]
fn no_two_kinds_share_a_domain() {
    let domains = [
        Voucher::DOMAIN,
        Statement::DOMAIN,
        Receipt::DOMAIN,
        Promise::DOMAIN,
        Verdict::DOMAIN,
        Report::DOMAIN,
    ];
    let distinct: std::collections::BTreeSet<_> = domains.iter().collect();
    assert_eq!(distinct.len(), domains.len());
}

#[test]
fn a_report_holds_its_key_behind_a_length() {
    let key = SigningKey::from_seed([1; 32]).public();
    let report = Report {
        node: NodeId::new([1; 32]),
        kind: EvidenceKind::Simulated,
        key_epoch: KeyEpoch(7),
        signing_key: ReportKey(key),
        sealing_keys_hash: SealingKeysHash::new([2; 32]),
        manifest_hash: ManifestHash::new([3; 32]),
        anchor_seq: CheckpointSeq(4),
        anchor_digest: CheckpointDigest::new([5; 32]),
    };
    let message = report.message(NetworkId::new([9; 32]));
    assert_eq!(message.len(), 32 + 32 + 32 + 1 + 8 + 33 + 32 + 32 + 8 + 32);
    assert_eq!(message[105], 32);
    assert_eq!(bcs::from_bytes::<Report>(&message[64..]).unwrap(), report);
}

#[test]
fn a_grade_covers_its_subsets_only() {
    let grade = Grade::VENDOR_CHAIN.union(Grade::TCB);
    assert!(grade.covers(Grade::default()) && grade.covers(Grade::TCB));
    assert!(!grade.covers(Grade::MEASUREMENT) && !grade.covers(Grade::SIMULATED));
    assert_eq!(grade.to_string(), "vendor-chain+tcb");
}
