//! Modules without indices: comparable whatever the order of their tables.

use std::collections::BTreeMap;

use crate::ability::AbilitySet;
use crate::binary::{
    CodeUnit, CompiledModule, DatatypeParameter, FieldDef, Instruction, SignatureToken,
};
use crate::identifier::Identifier;
use crate::types::{Datatype, ModuleId, Type};
use crate::vm::Visibility;

/// A module by names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NormalModule {
    pub(super) datatypes: BTreeMap<Identifier, NormalDatatype>,
    pub(super) functions: BTreeMap<Identifier, NormalFunction>,
    pub(super) friends: Vec<ModuleId>,
}

/// A variant's name, none for a struct, and its fields.
type NormalVariant = (Option<Identifier>, Vec<(Identifier, Type)>);

/// A struct, as an enum with one variant without name, or an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NormalDatatype {
    pub(super) abilities: AbilitySet,
    pub(super) parameters: Vec<DatatypeParameter>,
    pub(super) is_enum: bool,
    pub(super) variants: Vec<NormalVariant>,
}

/// A function; types are named by original id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NormalFunction {
    pub(super) visibility: Visibility,
    pub(super) is_entry: bool,
    pub(super) type_parameters: Vec<AbilitySet>,
    pub(super) parameters: Vec<Type>,
    pub(super) returns: Vec<Type>,
    /// Locals and instructions; `None` for a native function.
    pub(super) body: Option<(Vec<Type>, Vec<NormalInstruction>)>,
}

/// An instruction with what its operands stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NormalInstruction {
    /// The instruction with its operand, where that is no index; its kind only, where it is.
    plain: Instruction,
    types: Vec<Type>,
    module: Option<ModuleId>,
    names: Vec<Identifier>,
    numbers: Vec<u16>,
    data: Vec<u8>,
}

impl NormalModule {
    pub(super) fn new(module: &CompiledModule) -> Self {
        let datatype_name = |handle: u16| {
            let row = &module.datatype_handles[usize::from(handle)];
            module.name(row.name).clone()
        };
        let structs = module.struct_defs.iter().map(|definition| {
            let fields = fields(module, definition.fields.as_deref().unwrap_or_default());
            let datatype = datatype(module, definition.handle, false, vec![(None, fields)]);
            (datatype_name(definition.handle), datatype)
        });
        let enums = module.enum_defs.iter().map(|definition| {
            let variants = definition
                .variants
                .iter()
                .map(|variant| {
                    let name = module.name(variant.name).clone();
                    (Some(name), fields(module, &variant.fields))
                })
                .collect();
            let datatype = datatype(module, definition.handle, true, variants);
            (datatype_name(definition.handle), datatype)
        });
        let functions = (0u16..)
            .take(module.function_defs.len())
            .map(|index| (module.function_name(index).clone(), function(module, index)));
        let friends = module
            .friends
            .iter()
            .map(|friend| {
                ModuleId::new(
                    module.addresses[usize::from(friend.address)],
                    module.name(friend.name).clone(),
                )
            })
            .collect();
        Self {
            datatypes: structs.chain(enums).collect(),
            functions: functions.collect(),
            friends,
        }
    }
}

fn datatype(
    module: &CompiledModule,
    handle: u16,
    is_enum: bool,
    variants: Vec<NormalVariant>,
) -> NormalDatatype {
    let row = &module.datatype_handles[usize::from(handle)];
    NormalDatatype {
        abilities: row.abilities,
        parameters: row.type_parameters.clone(),
        is_enum,
        variants,
    }
}

fn fields(module: &CompiledModule, fields: &[FieldDef]) -> Vec<(Identifier, Type)> {
    fields
        .iter()
        .map(|field| {
            (
                module.name(field.name).clone(),
                normal_type(module, &field.ty),
            )
        })
        .collect()
}

fn signature(module: &CompiledModule, index: u16) -> Vec<Type> {
    module.signatures[usize::from(index)]
        .iter()
        .map(|token| normal_type(module, token))
        .collect()
}

fn function(module: &CompiledModule, index: u16) -> NormalFunction {
    let definition = &module.function_defs[usize::from(index)];
    let handle = &module.function_handles[usize::from(definition.handle)];
    NormalFunction {
        visibility: definition.visibility,
        is_entry: definition.is_entry,
        type_parameters: handle.type_parameters.clone(),
        parameters: signature(module, handle.parameters),
        returns: signature(module, handle.returns),
        body: definition.code.as_ref().map(|unit| {
            let code = unit
                .code
                .iter()
                .map(|it| instruction(module, unit, it))
                .collect();
            (signature(module, unit.locals), code)
        }),
    }
}

/// The type with datatypes named by original id.
fn normal_type(module: &CompiledModule, token: &SignatureToken) -> Type {
    let named = |handle: u16, args: &[SignatureToken]| {
        let row = &module.datatype_handles[usize::from(handle)];
        let owner = module.module_id(row.module);
        Type::Datatype(Box::new(Datatype {
            address: owner.address,
            module: owner.name,
            name: module.name(row.name).clone(),
            type_args: args.iter().map(|arg| normal_type(module, arg)).collect(),
        }))
    };
    match token {
        SignatureToken::Bool => Type::Bool,
        SignatureToken::U8 => Type::U8,
        SignatureToken::U16 => Type::U16,
        SignatureToken::U32 => Type::U32,
        SignatureToken::U64 => Type::U64,
        SignatureToken::U128 => Type::U128,
        SignatureToken::U256 => Type::U256,
        SignatureToken::Address => Type::Address,
        SignatureToken::Signer => Type::Signer,
        SignatureToken::Vector(inner) => Type::vector(normal_type(module, inner)),
        SignatureToken::Reference(inner) => Type::Reference(Box::new(normal_type(module, inner))),
        SignatureToken::MutableReference(inner) => {
            Type::MutableReference(Box::new(normal_type(module, inner)))
        }
        SignatureToken::TypeParameter(index) => Type::TypeParameter(*index),
        SignatureToken::Datatype(handle) => named(*handle, &[]),
        SignatureToken::DatatypeInstantiation(instance) => named(instance.0, &instance.1),
    }
}

/// Collects what the operands of one instruction stand for.
struct Operands<'m> {
    module: &'m CompiledModule,
    normal: NormalInstruction,
}

impl Operands<'_> {
    fn datatype(&mut self, handle: u16) {
        let row = &self.module.datatype_handles[usize::from(handle)];
        self.normal.names.push(self.module.name(row.name).clone());
    }

    fn field(&mut self, handle: u16) {
        let row = self.module.field_handles[usize::from(handle)];
        self.datatype(self.module.struct_defs[usize::from(row.owner)].handle);
        self.normal.numbers.push(row.field);
    }

    fn function(&mut self, handle: u16) {
        let row = &self.module.function_handles[usize::from(handle)];
        self.normal.module = Some(self.module.module_id(row.module));
        self.normal.names.push(self.module.name(row.name).clone());
    }

    fn types(&mut self, index: u16) {
        self.normal.types.extend(signature(self.module, index));
    }

    fn variant(&mut self, enum_def: u16, tag: u16) {
        self.datatype(self.module.enum_defs[usize::from(enum_def)].handle);
        self.normal.numbers.push(tag);
    }

    fn generic_variant(&mut self, index: u16) {
        let row = self.module.variant_instantiation_handles[usize::from(index)];
        let owner = self.module.enum_instantiations[usize::from(row.owner)];
        self.variant(owner.target, row.tag);
        self.types(owner.type_args);
    }
}

fn instruction(
    module: &CompiledModule,
    unit: &CodeUnit,
    instruction: &Instruction,
) -> NormalInstruction {
    use Instruction as I;
    let mut operands = Operands {
        module,
        normal: NormalInstruction {
            plain: instruction.clone(),
            types: Vec::new(),
            module: None,
            names: Vec::new(),
            numbers: Vec::new(),
            data: Vec::new(),
        },
    };
    let plain = match instruction {
        I::LdConst(index) => {
            let constant = &module.constants[usize::from(*index)];
            operands
                .normal
                .types
                .push(normal_type(module, &constant.ty));
            operands.normal.data.clone_from(&constant.data);
            I::LdConst(0)
        }
        I::VariantSwitch(index) => {
            let table = &unit.jump_tables[usize::from(*index)];
            operands.datatype(module.enum_defs[usize::from(table.enum_def)].handle);
            operands.normal.numbers.clone_from(&table.offsets);
            I::VariantSwitch(0)
        }
        I::Call(handle) => {
            operands.function(*handle);
            I::Call(0)
        }
        I::CallGeneric(index) => {
            let row = module.function_instantiations[usize::from(*index)];
            operands.function(row.target);
            operands.types(row.type_args);
            I::CallGeneric(0)
        }
        other => datatype_instruction(&mut operands, other)
            .or_else(|| vector_instruction(&mut operands, other))
            .unwrap_or_else(|| other.clone()),
    };
    NormalInstruction {
        plain,
        ..operands.normal
    }
}

fn datatype_instruction(
    operands: &mut Operands<'_>,
    instruction: &Instruction,
) -> Option<Instruction> {
    use Instruction as I;
    let module = operands.module;
    let (kind, index): (fn(u16) -> Instruction, u16) = match instruction {
        I::MutBorrowField(index) => (I::MutBorrowField, *index),
        I::ImmBorrowField(index) => (I::ImmBorrowField, *index),
        I::MutBorrowFieldGeneric(index) => (I::MutBorrowFieldGeneric, *index),
        I::ImmBorrowFieldGeneric(index) => (I::ImmBorrowFieldGeneric, *index),
        I::Pack(index) => (I::Pack, *index),
        I::Unpack(index) => (I::Unpack, *index),
        I::PackGeneric(index) => (I::PackGeneric, *index),
        I::UnpackGeneric(index) => (I::UnpackGeneric, *index),
        I::PackVariant(index) => (I::PackVariant, *index),
        I::UnpackVariant(index) => (I::UnpackVariant, *index),
        I::UnpackVariantImmRef(index) => (I::UnpackVariantImmRef, *index),
        I::UnpackVariantMutRef(index) => (I::UnpackVariantMutRef, *index),
        I::PackVariantGeneric(index) => (I::PackVariantGeneric, *index),
        I::UnpackVariantGeneric(index) => (I::UnpackVariantGeneric, *index),
        I::UnpackVariantGenericImmRef(index) => (I::UnpackVariantGenericImmRef, *index),
        I::UnpackVariantGenericMutRef(index) => (I::UnpackVariantGenericMutRef, *index),
        _ => return None,
    };
    match instruction {
        I::MutBorrowField(_) | I::ImmBorrowField(_) => operands.field(index),
        I::MutBorrowFieldGeneric(_) | I::ImmBorrowFieldGeneric(_) => {
            let row = module.field_instantiations[usize::from(index)];
            operands.field(row.target);
            operands.types(row.type_args);
        }
        I::Pack(_) | I::Unpack(_) => {
            operands.datatype(module.struct_defs[usize::from(index)].handle);
        }
        I::PackGeneric(_) | I::UnpackGeneric(_) => {
            let row = module.struct_instantiations[usize::from(index)];
            operands.datatype(module.struct_defs[usize::from(row.target)].handle);
            operands.types(row.type_args);
        }
        I::PackVariant(_)
        | I::UnpackVariant(_)
        | I::UnpackVariantImmRef(_)
        | I::UnpackVariantMutRef(_) => {
            let row = module.variant_handles[usize::from(index)];
            operands.variant(row.owner, row.tag);
        }
        _ => operands.generic_variant(index),
    }
    Some(kind(0))
}

fn vector_instruction(
    operands: &mut Operands<'_>,
    instruction: &Instruction,
) -> Option<Instruction> {
    use Instruction as I;
    let (index, plain) = match instruction {
        I::VecPack(index, count) => (*index, I::VecPack(0, *count)),
        I::VecUnpack(index, count) => (*index, I::VecUnpack(0, *count)),
        I::VecLen(index) => (*index, I::VecLen(0)),
        I::VecImmBorrow(index) => (*index, I::VecImmBorrow(0)),
        I::VecMutBorrow(index) => (*index, I::VecMutBorrow(0)),
        I::VecPushBack(index) => (*index, I::VecPushBack(0)),
        I::VecPopBack(index) => (*index, I::VecPopBack(0)),
        I::VecSwap(index) => (*index, I::VecSwap(0)),
        _ => return None,
    };
    operands.types(index);
    Some(plain)
}
