//! Bounds of a module file, with Sui's figures where Sui has some.

/// Largest module file, in bytes.
pub(crate) const MODULE_BYTES: usize = 1024 * 1024;
/// Deepest nesting of a type in a file.
pub(crate) const TYPE_DEPTH: usize = 256;
/// Most variants of an enum.
pub(crate) const VARIANTS: u8 = 127;
/// Most bytes of a metadata key.
pub(crate) const METADATA_KEY_BYTES: u16 = 1023;

/// Most rows of each table.
pub(crate) const MODULE_HANDLES: usize = 100;
pub(crate) const DATATYPE_HANDLES: usize = 300;
pub(crate) const FUNCTION_HANDLES: usize = 1_500;
pub(crate) const FUNCTION_INSTANTIATIONS: usize = 750;
pub(crate) const SIGNATURES: usize = 1_000;
pub(crate) const CONSTANTS: usize = 4_000;
pub(crate) const IDENTIFIERS: usize = 10_000;
pub(crate) const ADDRESSES: usize = 100;
pub(crate) const STRUCT_DEFS: usize = 200;
pub(crate) const STRUCT_INSTANTIATIONS: usize = 100;
pub(crate) const FUNCTION_DEFS: usize = 1_000;
pub(crate) const FIELD_HANDLES: usize = 500;
pub(crate) const FIELD_INSTANTIATIONS: usize = 250;
pub(crate) const FRIENDS: usize = 100;
pub(crate) const ENUM_DEFS: usize = 200;
pub(crate) const ENUM_INSTANTIATIONS: usize = 100;
pub(crate) const VARIANT_HANDLES: usize = 1_024;
pub(crate) const METADATA: usize = 64;
