//! From bytes to tables.

use super::bounds::check_bounds;
use super::cursor::Cursor;
use super::limits;
use super::rows::{
    constant, datatype_handle, enum_def, function_def, function_handle, identifier, instantiation,
    module_handle, rows, signature, struct_def, variant_handle,
};
use super::{
    BinaryError, CompiledModule, FieldHandle, MAX_VERSION, MIN_VERSION, Metadata, SUI_FLAVOUR,
};
use crate::address::{ADDRESS_LENGTH, Address};

type Result<T> = std::result::Result<T, BinaryError>;

const MAGIC: [u8; 4] = [0xA1, 0x1C, 0xEB, 0x0B];
/// From this version on the version word carries a flavour.
const FIRST_FLAVOURED_VERSION: u32 = 7;
/// From this version on there are enums.
pub(super) const FIRST_VERSION_WITH_ENUMS: u32 = 7;

/// Kinds of tables, by their byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableKind {
    ModuleHandles = 0x1,
    DatatypeHandles = 0x2,
    FunctionHandles = 0x3,
    FunctionInstantiations = 0x4,
    Signatures = 0x5,
    Constants = 0x6,
    Identifiers = 0x7,
    Addresses = 0x8,
    StructDefs = 0xA,
    StructInstantiations = 0xB,
    FunctionDefs = 0xC,
    FieldHandles = 0xD,
    FieldInstantiations = 0xE,
    Friends = 0xF,
    Metadata = 0x10,
    EnumDefs = 0x11,
    EnumInstantiations = 0x12,
    VariantHandles = 0x13,
    VariantInstantiations = 0x14,
}

impl TableKind {
    const ALL: [Self; 19] = [
        Self::ModuleHandles,
        Self::DatatypeHandles,
        Self::FunctionHandles,
        Self::FunctionInstantiations,
        Self::Signatures,
        Self::Constants,
        Self::Identifiers,
        Self::Addresses,
        Self::StructDefs,
        Self::StructInstantiations,
        Self::FunctionDefs,
        Self::FieldHandles,
        Self::FieldInstantiations,
        Self::Friends,
        Self::Metadata,
        Self::EnumDefs,
        Self::EnumInstantiations,
        Self::VariantHandles,
        Self::VariantInstantiations,
    ];

    fn from_byte(byte: u8) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| *kind as u8 == byte)
            .ok_or(BinaryError::Unknown {
                what: "table kind",
                byte,
            })
    }

    const fn needs_enums(self) -> bool {
        matches!(
            self,
            Self::EnumDefs
                | Self::EnumInstantiations
                | Self::VariantHandles
                | Self::VariantInstantiations
        )
    }
}

/// One table: its kind and its bytes.
struct Table<'a> {
    kind: TableKind,
    bytes: &'a [u8],
}

/// A module's header, its tables in order of place, and the index of its own handle.
struct Frame<'a> {
    version: u32,
    tables: Vec<Table<'a>>,
    self_handle: u16,
    /// Bytes behind the last table.
    tail_bytes: usize,
}

impl CompiledModule {
    /// Reads a module and checks that every index in it is in range.
    ///
    /// # Errors
    /// [`BinaryError`] for anything but a well-formed module.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let frame = read_frame(bytes)?;
        let mut module = Self {
            version: frame.version,
            self_handle: frame.self_handle,
            ..Self::default()
        };
        for table in &frame.tables {
            read_table(&mut module, table)?;
        }
        check_bounds(&module)?;
        Ok(module)
    }
}

/// The same module bytes under another address: replaces the address of the module itself, as
/// publishing does with the `0x0` that the compiler leaves.
///
/// # Errors
/// [`BinaryError`] when the bytes are not a module.
pub fn relocate(bytes: &[u8], address: Address) -> Result<Vec<u8>> {
    let module = CompiledModule::read(bytes)?;
    let own = module.module_handles[usize::from(module.self_handle)].address;
    let frame = read_frame(bytes)?;
    // Tables lie one after another, the last of them right before the index of the own handle.
    let tables: usize = frame.tables.iter().map(|table| table.bytes.len()).sum();
    let before: usize = frame
        .tables
        .iter()
        .take_while(|table| table.kind != TableKind::Addresses)
        .map(|table| table.bytes.len())
        .sum();
    let start =
        bytes.len() - frame.tail_bytes - tables + before + usize::from(own) * ADDRESS_LENGTH;
    let mut relocated = bytes.to_vec();
    relocated
        .get_mut(start..start + ADDRESS_LENGTH)
        .ok_or(BinaryError::BadTables("no addresses"))?
        .copy_from_slice(address.as_bytes());
    Ok(relocated)
}

fn read_version(word: u32) -> Result<u32> {
    let unsupported = BinaryError::UnsupportedVersion(word);
    if word < FIRST_FLAVOURED_VERSION {
        return if word >= MIN_VERSION {
            Ok(word)
        } else {
            Err(unsupported)
        };
    }
    let [low, middle, high, flavour] = word.to_le_bytes();
    let version = u32::from_le_bytes([low, middle, high, 0]);
    if flavour == SUI_FLAVOUR && (FIRST_FLAVOURED_VERSION..=MAX_VERSION).contains(&version) {
        Ok(version)
    } else {
        Err(unsupported)
    }
}

fn read_frame(bytes: &[u8]) -> Result<Frame<'_>> {
    if bytes.len() > limits::MODULE_BYTES {
        return Err(BinaryError::TooLarge("bytes"));
    }
    let mut cursor = Cursor::new(bytes, "header");
    if cursor.array::<4>()? != MAGIC {
        return Err(BinaryError::BadMagic);
    }
    let version = read_version(u32::from_le_bytes(cursor.array()?))?;
    let count = cursor.small(u8::MAX)?;
    let mut headers = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let kind = TableKind::from_byte(cursor.byte()?)?;
        let offset = cursor.uleb(u64::from(u32::MAX))?;
        let length = cursor.uleb(u64::from(u32::MAX))?;
        headers.push((offset, length, kind));
    }
    headers.sort_by_key(|(offset, _, _)| *offset);
    let mut tables: Vec<Table<'_>> = Vec::with_capacity(headers.len());
    let mut next = 0u64;
    for (offset, length, kind) in headers {
        if offset != next {
            return Err(BinaryError::BadTables("not contiguous"));
        }
        if length == 0 {
            return Err(BinaryError::BadTables("empty table"));
        }
        if tables.iter().any(|table| table.kind == kind) {
            return Err(BinaryError::BadTables("same table twice"));
        }
        if kind.needs_enums() && version < FIRST_VERSION_WITH_ENUMS {
            return Err(BinaryError::NotInVersion("enums"));
        }
        next = offset + length;
        let length = usize::try_from(length).map_err(|_| BinaryError::BadTables("too long"))?;
        tables.push(Table {
            kind,
            bytes: cursor.take(length)?,
        });
    }
    let tail_bytes = cursor.remaining().len();
    let self_handle = cursor.index()?;
    if !cursor.is_empty() {
        return Err(BinaryError::TrailingBytes);
    }
    Ok(Frame {
        version,
        tables,
        self_handle,
        tail_bytes,
    })
}

fn read_table(module: &mut CompiledModule, table: &Table<'_>) -> Result<()> {
    let bytes = table.bytes;
    match table.kind {
        TableKind::ModuleHandles => {
            module.module_handles = rows(
                bytes,
                "module handles",
                limits::MODULE_HANDLES,
                module_handle,
            )?;
        }
        TableKind::DatatypeHandles => {
            module.datatype_handles = rows(
                bytes,
                "datatype handles",
                limits::DATATYPE_HANDLES,
                datatype_handle,
            )?;
        }
        TableKind::FunctionHandles => {
            module.function_handles = rows(
                bytes,
                "function handles",
                limits::FUNCTION_HANDLES,
                function_handle,
            )?;
        }
        TableKind::FunctionInstantiations => {
            module.function_instantiations = rows(
                bytes,
                "function instantiations",
                limits::FUNCTION_INSTANTIATIONS,
                instantiation,
            )?;
        }
        TableKind::Signatures => {
            module.signatures = rows(bytes, "signatures", limits::SIGNATURES, signature)?;
        }
        TableKind::Constants => {
            module.constants = rows(bytes, "constants", limits::CONSTANTS, constant)?;
        }
        TableKind::Identifiers => {
            module.identifiers = rows(bytes, "identifiers", limits::IDENTIFIERS, identifier)?;
        }
        TableKind::Addresses => {
            module.addresses = rows(bytes, "addresses", limits::ADDRESSES, |cursor| {
                cursor.array::<ADDRESS_LENGTH>().map(Address)
            })?;
        }
        _ => read_definitions(module, table)?,
    }
    Ok(())
}

/// Reads the tables of what a module declares.
fn read_definitions(module: &mut CompiledModule, table: &Table<'_>) -> Result<()> {
    let version = module.version;
    let bytes = table.bytes;
    match table.kind {
        TableKind::StructDefs => {
            module.struct_defs =
                rows(bytes, "struct definitions", limits::STRUCT_DEFS, struct_def)?;
        }
        TableKind::StructInstantiations => {
            module.struct_instantiations = rows(
                bytes,
                "struct instantiations",
                limits::STRUCT_INSTANTIATIONS,
                instantiation,
            )?;
        }
        TableKind::FunctionDefs => {
            module.function_defs = rows(
                bytes,
                "function definitions",
                limits::FUNCTION_DEFS,
                |cursor| function_def(cursor, version),
            )?;
        }
        TableKind::FieldHandles => {
            module.field_handles = rows(bytes, "field handles", limits::FIELD_HANDLES, |cursor| {
                Ok(FieldHandle {
                    owner: cursor.index()?,
                    field: u16::from(cursor.small(u8::MAX)?),
                })
            })?;
        }
        TableKind::FieldInstantiations => {
            module.field_instantiations = rows(
                bytes,
                "field instantiations",
                limits::FIELD_INSTANTIATIONS,
                instantiation,
            )?;
        }
        TableKind::Friends => {
            module.friends = rows(bytes, "friends", limits::FRIENDS, module_handle)?;
        }
        TableKind::Metadata => {
            module.metadata = rows(bytes, "metadata", limits::METADATA, |cursor| {
                Ok(Metadata {
                    key: cursor.blob(limits::METADATA_KEY_BYTES)?.to_vec(),
                    value: cursor.blob(u16::MAX)?.to_vec(),
                })
            })?;
        }
        _ => read_enum_table(module, table)?,
    }
    Ok(())
}

/// Reads the tables that came with enums.
fn read_enum_table(module: &mut CompiledModule, table: &Table<'_>) -> Result<()> {
    let bytes = table.bytes;
    match table.kind {
        TableKind::EnumDefs => {
            module.enum_defs = rows(bytes, "enum definitions", limits::ENUM_DEFS, enum_def)?;
        }
        TableKind::EnumInstantiations => {
            module.enum_instantiations = rows(
                bytes,
                "enum instantiations",
                limits::ENUM_INSTANTIATIONS,
                instantiation,
            )?;
        }
        TableKind::VariantHandles => {
            module.variant_handles = rows(
                bytes,
                "variant handles",
                limits::VARIANT_HANDLES,
                variant_handle,
            )?;
        }
        TableKind::VariantInstantiations => {
            module.variant_instantiation_handles = rows(
                bytes,
                "variant instantiations",
                limits::VARIANT_HANDLES,
                variant_handle,
            )?;
        }
        _ => return Err(BinaryError::BadTables("unknown table")),
    }
    Ok(())
}
