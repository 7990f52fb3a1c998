//! Who must have signed, and whether they did.

use sui_crypto::{SuiVerifier, UserSignatureVerifier};
use sui_sdk_types::{Address, Transaction, UserSignature};

use crate::error::Refusal;

/// Checks that exactly the sender, and the gas owner where that is somebody else, have signed.
///
/// ed25519, secp256k1, secp256r1 and multisig of these are known.
pub(crate) fn check_signatures(
    transaction: &Transaction,
    signatures: &[UserSignature],
) -> Result<(), Refusal> {
    let mut signers: Vec<Address> = vec![transaction.sender];
    if transaction.gas_payment.owner != transaction.sender {
        signers.push(transaction.gas_payment.owner);
    }
    if signatures.len() != signers.len() {
        return Err(Refusal::SignatureCount {
            expected: signers.len(),
            found: signatures.len(),
        });
    }
    let is_known = |signature: &UserSignature| {
        matches!(
            signature,
            UserSignature::Simple(_) | UserSignature::Multisig(_)
        )
    };
    if !signatures.iter().all(is_known) {
        return Err(Refusal::Unsupported("zkLogin and passkey signatures"));
    }
    for signer in signers {
        let signature = signatures
            .iter()
            .find(|signature| is_by(signature, &signer))
            .ok_or(Refusal::SignerAbsent(signer))?;
        UserSignatureVerifier::new()
            .verify_transaction(transaction, signature)
            .map_err(|error| Refusal::InvalidSignature(error.to_string()))?;
    }
    Ok(())
}

fn is_by(signature: &UserSignature, signer: &Address) -> bool {
    signature
        .derive_addresses()
        .any(|address| address == *signer)
}
