use std::{fs, path::PathBuf};

use atoma_protocol::time::TimestampMs;
use sui_crypto::{SuiVerifier as _, UserSignatureVerifier};
use sui_sdk_types::{
    GasPayment, ProgrammableTransaction, TransactionExpiration, TransactionKind, UserSignature,
};

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn wallet(seed: u8) -> Wallet {
    Wallet::from_seed(&Zeroizing::new([seed; 32]))
}

fn saved(folder: &tempfile::TempDir) -> (Wallet, PathBuf) {
    let path = folder.path().join("key");
    let wallet = wallet(7);
    wallet.save(&path).unwrap();
    (wallet, path)
}

#[test]
fn a_key_survives_its_file() {
    let folder = folder();
    let (wallet, path) = saved(&folder);
    assert_eq!(Wallet::load(&path).unwrap().address(), wallet.address());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("suiprivkey1") && text.ends_with('\n'));
    assert_eq!(
        Wallet::from_suiprivkey(&text).unwrap().address(),
        wallet.address()
    );
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let (_, path) = saved(&folder);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for exposed in [0o640, 0o604, 0o644, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
        assert!(
            matches!(Wallet::load(&path), Err(KeyFileError::Exposed { mode, .. }) if mode == exposed)
        );
    }
}

#[test]
fn a_key_file_is_never_replaced() {
    let folder = folder();
    let (first, path) = saved(&folder);
    assert!(matches!(
        wallet(8).save(&path),
        Err(KeyFileError::Exists { .. })
    ));
    assert_eq!(Wallet::load(&path).unwrap().address(), first.address());
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_made_once() {
    let env = Env::simulated(1, TimestampMs(0));
    let folder = folder();
    let path = folder.path().join("key");
    assert!(matches!(
        Wallet::load(&path),
        Err(KeyFileError::Missing { .. })
    ));
    let made = Wallet::load_or_create(&path, &env).unwrap();
    let again = Wallet::load_or_create(&path, &env).unwrap();
    assert_eq!(made.address(), again.address());
    assert_ne!(made.address(), Wallet::generate(&env).address());
}

#[test]
fn what_is_no_key_is_refused() {
    let folder = folder();
    let path = folder.path().join("key");
    for text in [
        "",
        "# only a comment\n",
        "suiprivkey1",
        "suiprivkey1qqqq",
        "0x1234",
        "suiprivkey2qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
        &"a".repeat(100_000),
    ] {
        assert!(matches!(
            Wallet::from_suiprivkey(text),
            Err(KeyFileError::NotAKey)
        ));
    }
    saved_bytes(&path, &[0xff, 0xfe, 0x00]);
    assert!(matches!(Wallet::load(&path), Err(KeyFileError::NotAKey)));
}

fn saved_bytes(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn comments_in_a_key_file_are_skipped() {
    let folder = folder();
    let (wallet, path) = saved(&folder);
    let text = format!(
        "# the operator's key\n\n{}",
        fs::read_to_string(&path).unwrap()
    );
    assert_eq!(
        Wallet::from_suiprivkey(&text).unwrap().address(),
        wallet.address()
    );
}

#[test]
fn signatures_are_the_addresss_own() {
    let wallet = wallet(3);
    let transaction = Transaction {
        kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
            inputs: Vec::new(),
            commands: Vec::new(),
        }),
        sender: wallet.address().to_sui(),
        gas_payment: GasPayment {
            objects: Vec::new(),
            owner: wallet.address().to_sui(),
            price: 1,
            budget: 1,
        },
        expiration: TransactionExpiration::None,
    };
    let signed = wallet.sign(transaction.clone());
    let [signature] = signed.signatures.as_slice() else {
        panic!("one signature");
    };
    UserSignatureVerifier::new()
        .verify_transaction(&transaction, signature)
        .unwrap();
    let UserSignature::Simple(simple) = signature else {
        panic!("a simple signature");
    };
    let sui_sdk_types::SimpleSignature::Ed25519 { public_key, .. } = simple else {
        panic!("an ed25519 signature");
    };
    assert_eq!(public_key.derive_address(), wallet.address().to_sui());
}

#[test]
fn does_not_print_its_key() {
    let shown = format!("{:?}", wallet(7));
    assert_eq!(shown, format!("Wallet({})", wallet(7).address()));
}
