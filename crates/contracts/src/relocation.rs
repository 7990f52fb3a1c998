//! Addresses inside compiled modules.
//!
//! A compiled module names other packages only through its table of addresses, so replacing an
//! entry there moves every reference. An address that the source writes as a *value* (`@atoma`) is
//! a constant and stays what it was at compile time; Sui's own publishing leaves it so, too.
//!
//! - A package that is published: its own address is zero; the publisher replaces zero by the new id.
//! - A package that depends on another one of this repository was compiled against that one's
//!   [`placeholder_address`]; [`Package::relocate`] replaces it by the published id before the
//!   dependent is published.

use crate::package::{Module, Package};

const MAGIC: [u8; 4] = [0xa1, 0x1c, 0xeb, 0x0b];
/// Magic and version word before the table of tables.
const HEADER_SIZE: usize = 8;
/// Kind of the table of addresses.
const ADDRESS_IDENTIFIERS: u8 = 0x8;
const ADDRESS_SIZE: usize = 32;
/// Sui's bytecode has 17 kinds of table.
const MAX_TABLES: usize = 32;

/// Why a package could not be moved to another address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelocateError {
    /// The bytes of a module do not have the shape of Move bytecode.
    #[error("module {module} is not Move bytecode: {reason}")]
    NotBytecode {
        /// The module.
        module: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A module already refers to the new address, and its table must not name one twice.
    #[error("module {module} already refers to the address it should be moved to")]
    AlreadyUsed {
        /// The module.
        module: String,
    },
    /// No module and no dependency refers to the old address.
    #[error("package {package} does not refer to the address that should be replaced")]
    Unused {
        /// The package.
        package: String,
    },
}

/// The address at which the package called `name` is compiled into packages that depend on it: the
/// ASCII of its name, right-aligned in 32 bytes (`atoma` is `0x61746f6d61`). The compiler refuses
/// names over 32 bytes; of a longer one the first 32 count here.
pub fn placeholder_address(name: &str) -> [u8; 32] {
    let mut address = [0; ADDRESS_SIZE];
    let name = &name.as_bytes()[..name.len().min(ADDRESS_SIZE)];
    address[ADDRESS_SIZE - name.len()..].copy_from_slice(name);
    address
}

impl Package {
    /// The package with `from` replaced by `to` in the address table of every module and among the
    /// dependencies.
    ///
    /// # Errors
    /// A module that is not bytecode, that already refers to `to`, or a package that nowhere refers
    /// to `from`.
    pub fn relocate(&self, from: [u8; 32], to: [u8; 32]) -> Result<Self, RelocateError> {
        let mut package = self.clone();
        let mut found = false;
        for module in &mut package.modules {
            found |= relocate_module(module, from, to)?;
        }
        for dependency in &mut package.dependencies {
            if *dependency == from {
                *dependency = to;
                found = true;
            }
        }
        if found || from == to {
            Ok(package)
        } else {
            Err(RelocateError::Unused {
                package: self.name.clone(),
            })
        }
    }
}

/// Replaces `from` in one module's address table; says whether it was there.
fn relocate_module(
    module: &mut Module,
    from: [u8; 32],
    to: [u8; 32],
) -> Result<bool, RelocateError> {
    let range = address_table(&module.bytes).map_err(|reason| RelocateError::NotBytecode {
        module: module.name.clone(),
        reason,
    })?;
    let table = module
        .bytes
        .get_mut(range)
        .ok_or_else(|| RelocateError::NotBytecode {
            module: module.name.clone(),
            reason: "its address table lies outside the file",
        })?;
    let (addresses, rest) = table.as_chunks_mut::<ADDRESS_SIZE>();
    if !rest.is_empty() {
        return Err(RelocateError::NotBytecode {
            module: module.name.clone(),
            reason: "its address table is not made of 32-byte entries",
        });
    }
    if from != to && addresses.contains(&from) && addresses.contains(&to) {
        return Err(RelocateError::AlreadyUsed {
            module: module.name.clone(),
        });
    }
    let mut found = false;
    for address in addresses.iter_mut().filter(|address| **address == from) {
        *address = to;
        found = true;
    }
    Ok(found)
}

/// Where the address table lies in a module's bytes; empty if there is none.
fn address_table(bytes: &[u8]) -> Result<std::ops::Range<usize>, &'static str> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err("it does not begin with the magic bytes");
    }
    let mut position = HEADER_SIZE;
    let count = uleb128(bytes, &mut position)?;
    if count > MAX_TABLES {
        return Err("it has too many tables");
    }
    let mut found = None;
    for _ in 0..count {
        let kind = *bytes.get(position).ok_or("it is truncated")?;
        position += 1;
        let offset = uleb128(bytes, &mut position)?;
        let length = uleb128(bytes, &mut position)?;
        if kind == ADDRESS_IDENTIFIERS && found.replace((offset, length)).is_some() {
            return Err("it has two address tables");
        }
    }
    let (offset, length) = found.unwrap_or((0, 0));
    let start = position.checked_add(offset).ok_or("an offset overflows")?;
    let end = start.checked_add(length).ok_or("a length overflows")?;
    Ok(start..end)
}

/// A ULEB128 of at most 32 bits.
fn uleb128(bytes: &[u8], position: &mut usize) -> Result<usize, &'static str> {
    let mut value = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *bytes.get(*position).ok_or("it is truncated")?;
        *position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return u32::try_from(value)
                .ok()
                .and_then(|value| usize::try_from(value).ok())
                .ok_or("a number does not fit 32 bits");
        }
    }
    Err("a number does not fit 32 bits")
}
