//! `0x2`: hash, hmac, ed25519.

use ed25519_zebra::{Signature, VerificationKey};
use sha3::{Digest, Keccak256, Sha3_256};

use super::{PER_BYTE, Table};
use crate::error::VmResult;
use crate::hash::blake2b256;
use crate::runtime::machine::Machine;
use crate::runtime::ty::Ty;
use crate::value::Value;

/// Base cost of a hash.
const HASH_BASE: u64 = 60;
/// Base cost of a signature check.
const SIGNATURE_BASE: u64 = 1_500;
/// Block of SHA3-256, in bytes, as HMAC needs it.
const SHA3_256_BLOCK: usize = 136;

pub(super) const HASH: Table = &[("blake2b256", blake2b), ("keccak256", keccak)];
pub(super) const HMAC: Table = &[("hmac_sha3_256", hmac)];
pub(super) const ED25519: Table = &[("ed25519_verify", ed25519_verify)];

/// Takes references to byte vectors off the stack, in order of the parameters, and charges.
fn bytes_arguments<const N: usize>(machine: &mut Machine<'_>, base: u64) -> VmResult<[Vec<u8>; N]> {
    let mut arguments: [Vec<u8>; N] = std::array::from_fn(|_| Vec::new());
    let mut total = 0usize;
    for slot in arguments.iter_mut().rev() {
        let reference = machine.pop_reference()?;
        *slot = machine.follow_bytes(&reference)?.to_vec();
        total = total.saturating_add(slot.len());
    }
    machine.charge_native(base, PER_BYTE, total)?;
    Ok(arguments)
}

fn blake2b(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let [data] = bytes_arguments(machine, HASH_BASE)?;
    machine.push(Value::Bytes(blake2b256(&[&data]).to_vec()))
}

fn keccak(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let [data] = bytes_arguments(machine, HASH_BASE)?;
    machine.push(Value::Bytes(Keccak256::digest(data).to_vec()))
}

fn hmac(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let [key, message] = bytes_arguments(machine, 2 * HASH_BASE)?;
    let mut block = [0u8; SHA3_256_BLOCK];
    if key.len() > SHA3_256_BLOCK {
        block[..32].copy_from_slice(&Sha3_256::digest(&key));
    } else {
        block[..key.len()].copy_from_slice(&key);
    }
    let inner = Sha3_256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(&message)
        .finalize();
    let outer = Sha3_256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    machine.push(Value::Bytes(outer.to_vec()))
}

/// Checks as Sui does (ZIP-215): cofactored equation, non-canonical points accepted, the scalar
/// canonical. Anything of a wrong length or shape is `false`.
fn ed25519_verify(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let [signature, key, message] = bytes_arguments(machine, SIGNATURE_BASE)?;
    let valid = match (
        <[u8; 64]>::try_from(signature.as_slice()),
        <[u8; 32]>::try_from(key.as_slice()),
    ) {
        (Ok(signature), Ok(key)) => VerificationKey::try_from(key)
            .and_then(|key| key.verify(&Signature::from(signature), &message))
            .is_ok(),
        _ => false,
    };
    machine.push(Value::Bool(valid))
}
