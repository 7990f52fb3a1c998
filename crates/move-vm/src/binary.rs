//! Compiled modules: their tables as they lie in the file.
//!
//! Indices between tables are plain `u16` newtypes-by-position; [`CompiledModule::read`] checks
//! that every one of them is in range, so that later stages may follow them without asking.

mod bounds;
mod code;
mod cursor;
mod instruction;
pub(crate) mod limits;
mod reader;
mod rows;

use thiserror::Error;

use crate::ability::AbilitySet;
use crate::address::Address;
use crate::identifier::Identifier;
use crate::types::ModuleId;
use crate::vm::Visibility;

pub use instruction::Instruction;
pub use reader::relocate;

/// Lowest version of the format that is read.
pub const MIN_VERSION: u32 = 6;
/// Highest version of the format that is read; the first with enums is 7.
pub const MAX_VERSION: u32 = 7;
/// The flavour byte that Sui's compiler puts on top of the version word from version 7 on.
pub const SUI_FLAVOUR: u8 = 0x05;

/// Why bytes are not a module.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BinaryError {
    /// Not the magic number of a Move module.
    #[error("not a Move module: wrong magic number")]
    BadMagic,
    /// A version or flavour that is not read here.
    #[error("unsupported version word {0:#010x}")]
    UnsupportedVersion(u32),
    /// The bytes end inside of something.
    #[error("unexpected end of {0}")]
    UnexpectedEnd(&'static str),
    /// The table of tables is inconsistent.
    #[error("bad table header: {0}")]
    BadTables(&'static str),
    /// A number is not in ULEB128 or larger than its bound.
    #[error("number out of range: {0}")]
    OutOfRange(&'static str),
    /// A byte that stands for nothing.
    #[error("unknown {what} {byte:#04x}")]
    Unknown {
        /// What the byte should have named.
        what: &'static str,
        /// The byte.
        byte: u8,
    },
    /// An identifier is not one.
    #[error("invalid identifier")]
    BadIdentifier,
    /// A type is nested too deeply or has no arguments where it must.
    #[error("malformed type: {0}")]
    BadType(&'static str),
    /// An index points outside of its table.
    #[error("{table} index {index} out of bounds")]
    IndexOutOfBounds {
        /// The table it points into.
        table: &'static str,
        /// The index.
        index: usize,
    },
    /// A bound on the module was exceeded.
    #[error("module too large: {0}")]
    TooLarge(&'static str),
    /// Something this version of the format does not have.
    #[error("{0} not available in this version of the format")]
    NotInVersion(&'static str),
    /// Bytes follow the module.
    #[error("bytes left over after the module")]
    TrailingBytes,
}

/// A module as read from its file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompiledModule {
    /// Format version without flavour.
    pub version: u32,
    /// Which of the module handles is this module.
    pub self_handle: u16,
    /// Modules that are named here.
    pub module_handles: Vec<ModuleHandle>,
    /// Datatypes that are named here.
    pub datatype_handles: Vec<DatatypeHandle>,
    /// Functions that are named here.
    pub function_handles: Vec<FunctionHandle>,
    /// Struct fields that are named here.
    pub field_handles: Vec<FieldHandle>,
    /// Enum variants that are named here.
    pub variant_handles: Vec<VariantHandle>,
    /// Instances of generic structs.
    pub struct_instantiations: Vec<Instantiation>,
    /// Instances of generic functions.
    pub function_instantiations: Vec<Instantiation>,
    /// Instances of fields of generic structs.
    pub field_instantiations: Vec<Instantiation>,
    /// Instances of generic enums.
    pub enum_instantiations: Vec<Instantiation>,
    /// Variants of instances of generic enums; `owner` indexes the enum instantiations.
    pub variant_instantiation_handles: Vec<VariantHandle>,
    /// Lists of types.
    pub signatures: Vec<Vec<SignatureToken>>,
    /// Names.
    pub identifiers: Vec<Identifier>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Metadata.
    pub metadata: Vec<Metadata>,
    /// Structs declared here.
    pub struct_defs: Vec<StructDef>,
    /// Enums declared here.
    pub enum_defs: Vec<EnumDef>,
    /// Functions declared here.
    pub function_defs: Vec<FunctionDef>,
    /// Friend modules.
    pub friends: Vec<ModuleHandle>,
}

/// A module by address and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModuleHandle {
    /// Index of the address.
    pub address: u16,
    /// Index of the name.
    pub name: u16,
}

/// A datatype by module and name, with what its users rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatatypeHandle {
    /// Index of the module handle.
    pub module: u16,
    /// Index of the name.
    pub name: u16,
    /// Declared abilities.
    pub abilities: AbilitySet,
    /// Type parameters.
    pub type_parameters: Vec<DatatypeParameter>,
}

/// A type parameter of a datatype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatatypeParameter {
    /// Abilities that arguments must have.
    pub constraints: AbilitySet,
    /// Whether it occurs in phantom positions only.
    pub is_phantom: bool,
}

/// A function by module and name, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionHandle {
    /// Index of the module handle.
    pub module: u16,
    /// Index of the name.
    pub name: u16,
    /// Index of the signature of parameters.
    pub parameters: u16,
    /// Index of the signature of returned values.
    pub returns: u16,
    /// Abilities that type arguments must have.
    pub type_parameters: Vec<AbilitySet>,
}

/// A field of a struct declared here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldHandle {
    /// Index of the struct definition.
    pub owner: u16,
    /// Place of the field in it.
    pub field: u16,
}

/// A variant of an enum declared here, or of an instance of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VariantHandle {
    /// Index of the enum definition or enum instantiation.
    pub owner: u16,
    /// The variant's tag.
    pub tag: u16,
}

/// Something generic with type arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instantiation {
    /// Index of the generic thing: a definition or handle, depending on the table.
    pub target: u16,
    /// Index of the signature of type arguments.
    pub type_args: u16,
}

/// A type inside of a module.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignatureToken {
    /// `bool`
    Bool,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `u128`
    U128,
    /// `u256`
    U256,
    /// `address`
    Address,
    /// `signer`
    Signer,
    /// `vector<T>`
    Vector(Box<SignatureToken>),
    /// A datatype without type arguments, by handle.
    Datatype(u16),
    /// A datatype with type arguments, by handle.
    DatatypeInstantiation(Box<(u16, Vec<SignatureToken>)>),
    /// `&T`
    Reference(Box<SignatureToken>),
    /// `&mut T`
    MutableReference(Box<SignatureToken>),
    /// A type parameter of the declaration around.
    TypeParameter(u16),
}

/// A constant: a type that has no datatype, and the BCS of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// Type of the value.
    pub ty: SignatureToken,
    /// BCS of the value.
    pub data: Vec<u8>,
}

/// A key and a value that mean nothing to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Key.
    pub key: Vec<u8>,
    /// Value.
    pub value: Vec<u8>,
}

/// A struct declared here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructDef {
    /// Index of its datatype handle.
    pub handle: u16,
    /// Fields in order; `None` for a native struct, which nothing can make.
    pub fields: Option<Vec<FieldDef>>,
}

/// An enum declared here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumDef {
    /// Index of its datatype handle.
    pub handle: u16,
    /// Variants by tag.
    pub variants: Vec<VariantDef>,
}

/// A variant of an enum declared here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantDef {
    /// Index of the name.
    pub name: u16,
    /// Fields in order.
    pub fields: Vec<FieldDef>,
}

/// A field of a struct or variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDef {
    /// Index of the name.
    pub name: u16,
    /// Type of the field.
    pub ty: SignatureToken,
}

/// A function declared here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDef {
    /// Index of its function handle.
    pub handle: u16,
    /// Who may call it.
    pub visibility: Visibility,
    /// Whether a transaction may call it even if it is not public.
    pub is_entry: bool,
    /// Structs of global storage it uses; must be empty on Sui.
    pub acquires: Vec<u16>,
    /// Its body; `None` for a native function.
    pub code: Option<CodeUnit>,
}

/// The body of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeUnit {
    /// Index of the signature of locals beyond the parameters.
    pub locals: u16,
    /// Instructions.
    pub code: Vec<Instruction>,
    /// Tables for [`Instruction::VariantSwitch`].
    pub jump_tables: Vec<JumpTable>,
}

/// Where to go for each variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JumpTable {
    /// Index of the enum definition.
    pub enum_def: u16,
    /// Instruction offset by tag.
    pub offsets: Vec<u16>,
}

impl CompiledModule {
    /// The module's own address (original id of its package) and name.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.module_id(self.self_handle)
    }

    /// The module behind a module handle.
    #[must_use]
    pub fn module_id(&self, handle: u16) -> ModuleId {
        let handle = &self.module_handles[usize::from(handle)];
        ModuleId::new(
            self.addresses[usize::from(handle.address)],
            self.identifiers[usize::from(handle.name)].clone(),
        )
    }

    /// The name behind an identifier index.
    #[must_use]
    pub fn name(&self, index: u16) -> &Identifier {
        &self.identifiers[usize::from(index)]
    }

    /// Name of a function definition.
    #[must_use]
    pub fn function_name(&self, definition: u16) -> &Identifier {
        let handle = self.function_defs[usize::from(definition)].handle;
        self.name(self.function_handles[usize::from(handle)].name)
    }

    /// Looks up a function definition by name.
    #[must_use]
    pub fn function_named(&self, name: &str) -> Option<u16> {
        (0u16..)
            .zip(&self.function_defs)
            .find(|(_, definition)| {
                &**self.name(self.function_handles[usize::from(definition.handle)].name) == name
            })
            .map(|(index, _)| index)
    }

    /// Modules that this one depends on, itself not included; by original id.
    pub fn dependencies(&self) -> impl Iterator<Item = ModuleId> + '_ {
        (0u16..)
            .zip(&self.module_handles)
            .filter(|(index, _)| *index != self.self_handle)
            .map(|(index, _)| self.module_id(index))
    }
}
