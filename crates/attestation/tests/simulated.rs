//! Simulated evidence runs the production path, and production refuses it.

use atoma_attestation::{
    Evidence, EvidenceError, Policy, Verifiers,
    simulated::{Platform, SimulatedVerifier},
};
use atoma_protocol::{
    hash::ReportData,
    keys::SigningKey,
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};

const NOW: TimestampMs = TimestampMs(1_000);
const DATA: ReportData = ReportData::new([5; 32]);

fn platform() -> Platform {
    Platform::new(SigningKey::from_seed([1; 32]), b"software".to_vec())
}

fn verifiers() -> Verifiers {
    Verifiers::new().with(SimulatedVerifier::new(platform().root()))
}

fn dev() -> Policy {
    Policy {
        dev: true,
        measurements: vec![(EvidenceKind::Simulated, b"software".to_vec())],
    }
}

fn check(evidence: &Evidence, policy: &Policy) -> Result<Grade, EvidenceError> {
    verifiers()
        .check(evidence, evidence.hash(), DATA, policy, NOW)
        .map(|finding| finding.grade)
}

#[test]
fn good_evidence_counts_on_a_development_network() {
    let grade = check(&platform().evidence(DATA), &dev()).unwrap();
    assert_eq!(grade, Grade::SIMULATED.union(Grade::MEASUREMENT));
}

#[test]
fn a_production_network_refuses_it() {
    let policy = Policy {
        dev: false,
        ..dev()
    };
    assert_eq!(
        check(&platform().evidence(DATA), &policy),
        Err(EvidenceError::SimulatedOnProduction)
    );
}

#[test]
fn a_build_without_the_verifier_refuses_it() {
    let evidence = platform().evidence(DATA);
    let result = Verifiers::new().check(&evidence, evidence.hash(), DATA, &dev(), NOW);
    assert_eq!(
        result,
        Err(EvidenceError::UnknownKind(EvidenceKind::Simulated))
    );
}

#[test]
fn it_binds_exactly_the_posted_keys() {
    let evidence = platform().evidence(ReportData::new([6; 32]));
    assert!(matches!(
        check(&evidence, &dev()),
        Err(EvidenceError::WrongReportData { .. })
    ));
}

#[test]
fn evidence_other_than_the_one_on_chain_is_refused() {
    let (named, given) = (
        platform().evidence(ReportData::new([6; 32])),
        platform().evidence(DATA),
    );
    let result = verifiers().check(&given, named.hash(), DATA, &dev(), NOW);
    assert!(matches!(result, Err(EvidenceError::WrongHash { .. })));
}

#[test]
fn another_root_debug_mode_and_unknown_software_are_refused() {
    let foreign = Platform::new(SigningKey::from_seed([2; 32]), b"software".to_vec());
    assert!(matches!(
        check(&foreign.evidence(DATA), &dev()),
        Err(EvidenceError::BadSignature(_))
    ));
    let debug = platform().in_debug_mode().evidence(DATA);
    assert_eq!(check(&debug, &dev()), Err(EvidenceError::Debug));
    let other = Platform::new(SigningKey::from_seed([1; 32]), b"other".to_vec()).evidence(DATA);
    assert_eq!(
        check(&other, &dev()),
        Err(EvidenceError::MeasurementNotAllowed(b"other".to_vec()))
    );
}

#[test]
fn any_flipped_byte_is_refused() {
    let good = platform().evidence(DATA);
    for index in 0..good.document.len() {
        let mut bad = good.clone();
        bad.document[index] ^= 1;
        assert!(check(&bad, &dev()).is_err(), "byte {index}");
    }
}

#[test]
fn bytes_that_are_no_evidence_are_typed_errors() {
    let bytes = platform().evidence(DATA).to_bytes();
    assert!(Evidence::from_bytes(&bytes).is_ok());
    for end in 0..bytes.len() {
        assert!(Evidence::from_bytes(&bytes[..end]).is_err());
    }
    assert!(Evidence::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
}
