//! One function at a time, assembled by hand, against one rule at a time.

mod declarations;
mod references;
mod values;

use super::verify_module;
use crate::ability::AbilitySet;
use crate::address::Address;
use crate::binary::{
    CodeUnit, CompiledModule, Constant, DatatypeHandle, DatatypeParameter, EnumDef, FieldDef,
    FieldHandle, FunctionDef, FunctionHandle, Instantiation, Instruction as I, JumpTable,
    ModuleHandle, SignatureToken as T, StructDef, VariantDef, VariantHandle,
};
use crate::identifier::Identifier;
use crate::vm::Visibility;

const SELF: u16 = 0;
const OBJECT: u16 = 1;
const TRANSFER: u16 = 2;
const CONTEXT: u16 = 3;

/// Datatype handles; structs and the enum are defined in this order.
const DATA: u16 = 0;
const HOT: u16 = 1;
const THING: u16 = 2;
const CHOICE: u16 = 3;
const HOLDER: u16 = 4;
const UID: u16 = 5;
const TX_CONTEXT: u16 = 6;

/// Function handles.
const PICK: u16 = 1;
const NEW_ID: u16 = 2;
const GIVE: u16 = 3;
const OLD_ID: u16 = 4;

fn vector(inner: T) -> T {
    T::Vector(Box::new(inner))
}

fn reference(inner: T) -> T {
    T::Reference(Box::new(inner))
}

fn mutable(inner: T) -> T {
    T::MutableReference(Box::new(inner))
}

fn holder(inner: T) -> T {
    T::DatatypeInstantiation(Box::new((HOLDER, vec![inner])))
}

/// A module with a few declarations:
///
/// ```text
/// struct Data has copy, drop { a: u64, b: vector<u64> }
/// struct Hot { a: u64 }
/// struct Thing has key { id: UID }
/// struct Holder<T: store> has store { it: T }
/// enum Choice has copy, drop { One { x: u64 }, Two { y: u64 } }
/// fun pick(a: &mut Data, b: &mut Data): &mut Data
/// ```
struct Builder(CompiledModule);

impl Builder {
    fn new() -> Self {
        let mut builder = Self(CompiledModule {
            version: 7,
            addresses: vec![Address::from_suffix(0xAA), Address::SUI],
            ..CompiledModule::default()
        });
        for (address, name) in [(0, "m"), (1, "object"), (1, "transfer"), (1, "tx_context")] {
            let name = builder.name(name);
            builder
                .0
                .module_handles
                .push(ModuleHandle { address, name });
        }
        let copy_drop = AbilitySet::COPY | AbilitySet::DROP;
        builder.datatype(SELF, "Data", copy_drop, &[]);
        builder.datatype(SELF, "Hot", AbilitySet::EMPTY, &[]);
        builder.datatype(SELF, "Thing", AbilitySet::KEY, &[]);
        builder.datatype(SELF, "Choice", copy_drop, &[]);
        builder.datatype(SELF, "Holder", AbilitySet::STORE, &[AbilitySet::STORE]);
        builder.datatype(OBJECT, "UID", AbilitySet::STORE, &[]);
        builder.datatype(CONTEXT, "TxContext", AbilitySet::DROP, &[]);
        builder.structure(DATA, &[("a", T::U64), ("b", vector(T::U64))]);
        builder.structure(HOT, &[("a", T::U64)]);
        builder.structure(THING, &[("id", T::Datatype(UID))]);
        builder.structure(HOLDER, &[("it", T::TypeParameter(0))]);
        let variants = [("One", "x"), ("Two", "y")]
            .map(|(name, field)| VariantDef {
                name: builder.name(name),
                fields: vec![FieldDef {
                    name: builder.name(field),
                    ty: T::U64,
                }],
            })
            .to_vec();
        builder.0.enum_defs.push(EnumDef {
            handle: CHOICE,
            variants,
        });
        builder.0.variant_handles = (0..2).map(|tag| VariantHandle { owner: 0, tag }).collect();
        builder.0.field_handles = (0..2)
            .map(|field| FieldHandle { owner: 0, field })
            .collect();
        builder.0.constants.push(Constant {
            ty: vector(T::U64),
            data: vec![0],
        });
        builder
    }

    fn name(&mut self, text: &str) -> u16 {
        let name = Identifier::new(text).unwrap();
        let known = self.0.identifiers.iter().position(|it| *it == name);
        let index = known.unwrap_or_else(|| {
            self.0.identifiers.push(name);
            self.0.identifiers.len() - 1
        });
        u16::try_from(index).unwrap()
    }

    fn signature(&mut self, types: &[T]) -> u16 {
        let known = self.0.signatures.iter().position(|it| it == types);
        let index = known.unwrap_or_else(|| {
            self.0.signatures.push(types.to_vec());
            self.0.signatures.len() - 1
        });
        u16::try_from(index).unwrap()
    }

    fn datatype(
        &mut self,
        module: u16,
        name: &str,
        abilities: AbilitySet,
        parameters: &[AbilitySet],
    ) {
        let name = self.name(name);
        let type_parameters = parameters
            .iter()
            .map(|constraints| DatatypeParameter {
                constraints: *constraints,
                is_phantom: false,
            })
            .collect();
        self.0.datatype_handles.push(DatatypeHandle {
            module,
            name,
            abilities,
            type_parameters,
        });
    }

    fn structure(&mut self, handle: u16, fields: &[(&str, T)]) {
        let fields = fields
            .iter()
            .map(|(name, ty)| FieldDef {
                name: self.name(name),
                ty: ty.clone(),
            })
            .collect();
        self.0.struct_defs.push(StructDef {
            handle,
            fields: Some(fields),
        });
    }

    fn handle(
        &mut self,
        module: u16,
        name: &str,
        type_parameters: &[AbilitySet],
        parameters: &[T],
        returns: &[T],
    ) {
        let row = FunctionHandle {
            module,
            name: self.name(name),
            parameters: self.signature(parameters),
            returns: self.signature(returns),
            type_parameters: type_parameters.to_vec(),
        };
        self.0.function_handles.push(row);
    }

    /// The function to check, and those that it may call.
    fn function(mut self, case: &Case) -> CompiledModule {
        let data = || mutable(T::Datatype(DATA));
        self.handle(
            SELF,
            case.name,
            case.type_parameters,
            &case.parameters,
            &case.returns,
        );
        self.handle(SELF, "pick", &[], &[data(), data()], &[data()]);
        let context = mutable(T::Datatype(TX_CONTEXT));
        self.handle(OBJECT, "new", &[], &[context], &[T::Datatype(UID)]);
        self.handle(
            TRANSFER,
            "transfer",
            &[AbilitySet::KEY],
            &[T::TypeParameter(0), T::Address],
            &[],
        );
        self.handle(OBJECT, "old", &[], &[], &[T::Datatype(UID)]);
        for ty in [
            T::U64,
            T::Datatype(THING),
            T::TypeParameter(0),
            T::Datatype(HOT),
        ] {
            let type_args = self.signature(&[ty]);
            self.0.struct_instantiations.push(Instantiation {
                target: 3,
                type_args,
            });
            self.0.function_instantiations.push(Instantiation {
                target: GIVE,
                type_args,
            });
        }
        let locals = self.signature(&case.locals);
        let element = self.signature(&[T::U64]);
        assert_eq!(self.0.signatures[usize::from(element)], [T::U64]);
        let code = case
            .code
            .iter()
            .map(|it| match it {
                // Element types of vectors are written as zero and stand for u64.
                I::VecMutBorrow(_) => I::VecMutBorrow(element),
                I::VecImmBorrow(_) => I::VecImmBorrow(element),
                I::VecPushBack(_) => I::VecPushBack(element),
                I::VecPopBack(_) => I::VecPopBack(element),
                I::VecPack(_, count) => I::VecPack(element, *count),
                I::VecUnpack(_, count) => I::VecUnpack(element, *count),
                other => other.clone(),
            })
            .collect();
        self.0.function_defs.push(FunctionDef {
            handle: 0,
            visibility: Visibility::Private,
            is_entry: false,
            acquires: vec![],
            code: Some(CodeUnit {
                locals,
                code,
                jump_tables: vec![JumpTable {
                    enum_def: 0,
                    offsets: case.jumps.clone(),
                }],
            }),
        });
        self.0.function_defs.push(FunctionDef {
            handle: PICK,
            visibility: Visibility::Public,
            is_entry: false,
            acquires: vec![],
            code: None,
        });
        self.0
    }
}

struct Case {
    name: &'static str,
    type_parameters: &'static [AbilitySet],
    parameters: Vec<T>,
    returns: Vec<T>,
    locals: Vec<T>,
    code: Vec<I>,
    jumps: Vec<u16>,
}

fn case(parameters: Vec<T>, returns: Vec<T>, locals: Vec<T>, code: Vec<I>) -> Case {
    Case {
        name: "f",
        type_parameters: &[],
        parameters,
        returns,
        locals,
        code,
        jumps: vec![0, 0],
    }
}

fn verify(case: &Case) -> Result<(), String> {
    verify_module(&Builder::new().function(case))
        .map_err(|error| error.message.unwrap_or_default().into_string())
}

#[track_caller]
fn passes(parameters: Vec<T>, returns: Vec<T>, locals: Vec<T>, code: Vec<I>) {
    assert_eq!(verify(&case(parameters, returns, locals, code)), Ok(()));
}

#[track_caller]
fn fails(why: &str, parameters: Vec<T>, returns: Vec<T>, locals: Vec<T>, code: Vec<I>) {
    let result = verify(&case(parameters, returns, locals, code));
    assert_eq!(result, Err(why.to_owned()));
}

const fn data() -> T {
    T::Datatype(DATA)
}

const fn hot() -> T {
    T::Datatype(HOT)
}
