//! One function at a time, assembled by hand, against one rule at a time.

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

#[test]
fn code_ends_and_jumps_inside() {
    fails("function without code", vec![], vec![], vec![], vec![]);
    fails(
        "code runs past its end",
        vec![],
        vec![],
        vec![],
        vec![I::Nop],
    );
    fails(
        "code runs past its end",
        vec![],
        vec![],
        vec![],
        vec![I::LdTrue, I::BrTrue(0)],
    );
    passes(
        vec![],
        vec![],
        vec![],
        vec![I::LdTrue, I::BrTrue(0), I::Ret],
    );
}

#[test]
fn operands_have_the_right_types() {
    let why = "operand of another type";
    fails(
        why,
        vec![],
        vec![T::U64],
        vec![],
        vec![I::LdU64(1), I::LdU8(1), I::Add, I::Ret],
    );
    fails(why, vec![], vec![T::U64], vec![], vec![I::LdU8(1), I::Ret]);
    fails(
        why,
        vec![],
        vec![],
        vec![],
        vec![I::LdU64(1), I::BrTrue(0), I::Ret],
    );
    fails(why, vec![], vec![], vec![], vec![I::LdU8(1), I::Abort]);
    fails(
        why,
        vec![],
        vec![],
        vec![],
        vec![I::LdU64(1), I::LdU64(1), I::Pack(0), I::Pop, I::Ret],
    );
    fails(
        "expected an integer",
        vec![],
        vec![],
        vec![],
        vec![I::LdTrue, I::CastU8, I::Pop, I::Ret],
    );
    passes(
        vec![],
        vec![],
        vec![],
        vec![I::LdU64(1), I::LdConst(0), I::Pack(0), I::Pop, I::Ret],
    );
}

#[test]
fn the_stack_is_balanced() {
    fails(
        "stack is empty",
        vec![],
        vec![],
        vec![],
        vec![I::Pop, I::Ret],
    );
    fails("stack is empty", vec![], vec![T::U64], vec![], vec![I::Ret]);
    let why = "values are left on the stack";
    fails(why, vec![], vec![], vec![], vec![I::LdU64(1), I::Ret]);
    fails(
        why,
        vec![],
        vec![],
        vec![],
        vec![I::LdU64(1), I::Branch(2), I::Pop, I::Ret],
    );
    fails(
        why,
        vec![],
        vec![],
        vec![],
        vec![I::LdU64(1), I::LdU64(1), I::Abort],
    );
}

#[test]
fn values_are_neither_lost_nor_doubled() {
    fails(
        "value without copy is copied",
        vec![hot()],
        vec![hot(), hot()],
        vec![],
        vec![I::CopyLoc(0), I::MoveLoc(0), I::Ret],
    );
    fails(
        "value without drop is dropped",
        vec![hot()],
        vec![],
        vec![],
        vec![I::MoveLoc(0), I::Pop, I::Ret],
    );
    let why = "local without drop has a value at return";
    fails(why, vec![hot()], vec![], vec![], vec![I::Ret]);
    let why = "value without drop is overwritten";
    fails(
        why,
        vec![hot(), hot()],
        vec![hot()],
        vec![],
        vec![I::MoveLoc(0), I::StLoc(1), I::MoveLoc(1), I::Ret],
    );
    fails(
        why,
        vec![mutable(hot()), hot()],
        vec![],
        vec![],
        vec![I::MoveLoc(1), I::MoveLoc(0), I::WriteRef, I::Ret],
    );
    let why = "value without copy is copied";
    fails(
        why,
        vec![reference(hot())],
        vec![hot()],
        vec![],
        vec![I::MoveLoc(0), I::ReadRef, I::Ret],
    );
    fails(
        "values cannot be compared",
        vec![hot(), hot()],
        vec![T::Bool],
        vec![],
        vec![I::MoveLoc(0), I::MoveLoc(1), I::Eq, I::Ret],
    );
    passes(
        vec![hot()],
        vec![T::U64],
        vec![],
        vec![I::MoveLoc(0), I::Unpack(1), I::Ret],
    );
    // A value that is lost on one of two ways.
    let why = "local without drop has a value at return";
    fails(
        why,
        vec![hot(), T::Bool],
        vec![],
        vec![],
        vec![
            I::CopyLoc(1),
            I::BrTrue(5),
            I::MoveLoc(0),
            I::Unpack(1),
            I::Pop,
            I::Ret,
        ],
    );
    // Aborting may lose anything.
    passes(vec![hot()], vec![], vec![], vec![I::LdU64(7), I::Abort]);
}

#[test]
fn locals_are_used_only_with_a_value() {
    let why = "local may have no value";
    fails(
        why,
        vec![],
        vec![T::U64],
        vec![T::U64],
        vec![I::CopyLoc(0), I::Ret],
    );
    fails(
        why,
        vec![T::U64],
        vec![T::U64],
        vec![],
        vec![I::MoveLoc(0), I::Pop, I::MoveLoc(0), I::Ret],
    );
    fails(
        why,
        vec![T::Bool],
        vec![T::U64],
        vec![T::U64],
        vec![
            I::CopyLoc(0),
            I::BrTrue(4),
            I::LdU64(1),
            I::StLoc(1),
            I::MoveLoc(1),
            I::Ret,
        ],
    );
    fails(
        why,
        vec![],
        vec![],
        vec![data()],
        vec![I::MutBorrowLoc(0), I::Pop, I::Ret],
    );
}

#[test]
fn references_do_not_outlive_what_they_point_to() {
    let why = "reference to a local is returned";
    fails(
        why,
        vec![data()],
        vec![reference(data())],
        vec![],
        vec![I::ImmBorrowLoc(0), I::Ret],
    );
    fails(
        why,
        vec![data()],
        vec![mutable(T::U64)],
        vec![],
        vec![I::MutBorrowLoc(0), I::MutBorrowField(0), I::Ret],
    );
    let why = "local is borrowed";
    fails(
        why,
        vec![data()],
        vec![],
        vec![reference(data())],
        vec![
            I::ImmBorrowLoc(0),
            I::StLoc(1),
            I::MoveLoc(0),
            I::Pop,
            I::MoveLoc(1),
            I::Pop,
            I::Ret,
        ],
    );
    fails(
        why,
        vec![data(), data()],
        vec![],
        vec![reference(T::U64)],
        vec![
            I::ImmBorrowLoc(0),
            I::ImmBorrowField(0),
            I::StLoc(2),
            I::MoveLoc(1),
            I::StLoc(0),
            I::MoveLoc(2),
            I::Pop,
            I::Ret,
        ],
    );
    // Once the reference is gone, the local is free again.
    passes(
        vec![data(), data()],
        vec![],
        vec![reference(T::U64)],
        vec![
            I::ImmBorrowLoc(0),
            I::ImmBorrowField(0),
            I::StLoc(2),
            I::MoveLoc(2),
            I::Pop,
            I::MoveLoc(1),
            I::StLoc(0),
            I::Ret,
        ],
    );
}

#[test]
fn mutable_references_have_no_aliases() {
    let why = "reference is borrowed";
    // The same mutable reference twice in a call.
    fails(
        why,
        vec![data()],
        vec![],
        vec![mutable(data())],
        vec![
            I::MutBorrowLoc(0),
            I::StLoc(1),
            I::CopyLoc(1),
            I::MoveLoc(1),
            I::Call(PICK),
            I::Pop,
            I::Ret,
        ],
    );
    // Writing to a struct while a field of it is borrowed.
    fails(
        why,
        vec![mutable(data()), data()],
        vec![],
        vec![mutable(T::U64)],
        vec![
            I::CopyLoc(0),
            I::MutBorrowField(0),
            I::StLoc(2),
            I::MoveLoc(1),
            I::MoveLoc(0),
            I::WriteRef,
            I::MoveLoc(2),
            I::Pop,
            I::Ret,
        ],
    );
    // Popping from a vector while an element is borrowed.
    fails(
        why,
        vec![mutable(vector(T::U64))],
        vec![],
        vec![mutable(T::U64)],
        vec![
            I::CopyLoc(0),
            I::LdU64(0),
            I::VecMutBorrow(0),
            I::StLoc(1),
            I::CopyLoc(0),
            I::VecPopBack(0),
            I::Pop,
            I::MoveLoc(1),
            I::Pop,
            I::Ret,
        ],
    );
    // What came out of a call may point into any mutable argument.
    fails(
        why,
        vec![mutable(data()), mutable(data()), data()],
        vec![],
        vec![mutable(data())],
        vec![
            I::CopyLoc(0),
            I::CopyLoc(1),
            I::Call(PICK),
            I::StLoc(3),
            I::MoveLoc(2),
            I::CopyLoc(1),
            I::WriteRef,
            I::MoveLoc(3),
            I::Pop,
            I::Ret,
        ],
    );
    let why = "reference is mutably borrowed";
    fails(
        why,
        vec![mutable(data())],
        vec![T::U64],
        vec![mutable(T::U64)],
        vec![
            I::CopyLoc(0),
            I::MutBorrowField(0),
            I::StLoc(1),
            I::CopyLoc(0),
            I::ImmBorrowField(0),
            I::ReadRef,
            I::MoveLoc(1),
            I::Pop,
            I::Ret,
        ],
    );
    let why = "local is mutably borrowed";
    fails(
        why,
        vec![data()],
        vec![data()],
        vec![mutable(data())],
        vec![
            I::MutBorrowLoc(0),
            I::StLoc(1),
            I::CopyLoc(0),
            I::MoveLoc(1),
            I::Pop,
            I::Ret,
        ],
    );
    // Two different fields may be borrowed at once.
    passes(
        vec![mutable(data())],
        vec![],
        vec![mutable(T::U64)],
        vec![
            I::CopyLoc(0),
            I::MutBorrowField(0),
            I::StLoc(1),
            I::MoveLoc(0),
            I::MutBorrowField(1),
            I::LdU64(3),
            I::VecPushBack(0),
            I::MoveLoc(1),
            I::Pop,
            I::Ret,
        ],
    );
}

#[test]
fn a_borrow_on_one_of_two_ways_counts() {
    fails(
        "local is borrowed",
        vec![data(), data(), T::Bool],
        vec![],
        vec![reference(data())],
        vec![
            I::ImmBorrowLoc(1),
            I::StLoc(3),
            I::CopyLoc(2),
            I::BrTrue(6),
            I::ImmBorrowLoc(0),
            I::StLoc(3),
            I::MoveLoc(0),
            I::Pop,
            I::MoveLoc(3),
            I::Pop,
            I::Ret,
        ],
    );
}

#[test]
fn immutable_references_are_not_written_through() {
    let why = "expected a reference";
    fails(
        why,
        vec![reference(T::U64)],
        vec![],
        vec![],
        vec![I::LdU64(1), I::MoveLoc(0), I::WriteRef, I::Ret],
    );
    fails(
        why,
        vec![reference(data())],
        vec![],
        vec![],
        vec![I::MoveLoc(0), I::MutBorrowField(0), I::Pop, I::Ret],
    );
    let why = "reference to a reference";
    fails(
        why,
        vec![reference(data())],
        vec![],
        vec![],
        vec![I::ImmBorrowLoc(0), I::Pop, I::Ret],
    );
    passes(
        vec![mutable(data())],
        vec![reference(data())],
        vec![],
        vec![I::MoveLoc(0), I::FreezeRef, I::Ret],
    );
}

#[test]
fn enums_are_taken_apart_by_the_right_table() {
    let choice = || T::Datatype(CHOICE);
    let switch = |ty: T, jumps: Vec<u16>| {
        let mut case = case(
            vec![ty],
            vec![],
            vec![],
            vec![I::MoveLoc(0), I::VariantSwitch(0), I::Ret, I::Ret],
        );
        case.jumps = jumps;
        verify(&case)
    };
    assert_eq!(switch(reference(choice()), vec![2, 3]), Ok(()));
    assert_eq!(
        switch(mutable(choice()), vec![2, 3]),
        Err("expected an immutable reference".to_owned())
    );
    assert_eq!(
        switch(reference(data()), vec![2, 3]),
        Err("jump table of another enum".to_owned())
    );
    // A field of a variant must not survive the variant.
    fails(
        "reference is borrowed",
        vec![mutable(choice()), choice()],
        vec![],
        vec![mutable(T::U64)],
        vec![
            I::CopyLoc(0),
            I::UnpackVariantMutRef(0),
            I::StLoc(2),
            I::MoveLoc(1),
            I::MoveLoc(0),
            I::WriteRef,
            I::MoveLoc(2),
            I::Pop,
            I::Ret,
        ],
    );
    passes(
        vec![choice()],
        vec![T::U64],
        vec![],
        vec![I::MoveLoc(0), I::UnpackVariant(1), I::Ret],
    );
    passes(
        vec![],
        vec![choice()],
        vec![],
        vec![I::LdU64(1), I::PackVariant(0), I::Ret],
    );
}

#[test]
fn type_arguments_have_the_abilities_asked_for() {
    let generic = |index: u16, parameters: Vec<T>, returns: Vec<T>| {
        let mut case = case(
            parameters,
            returns,
            vec![],
            vec![I::MoveLoc(0), I::PackGeneric(index), I::Ret],
        );
        case.type_parameters = &[AbilitySet::EMPTY];
        verify(&case)
    };
    assert_eq!(generic(0, vec![T::U64], vec![holder(T::U64)]), Ok(()));
    let lacking = Err("type argument lacks an ability".to_owned());
    assert_eq!(generic(2, vec![T::TypeParameter(0)], vec![]), lacking);
    assert_eq!(generic(3, vec![hot()], vec![]), lacking);
    // In a signature as well.
    assert_eq!(
        verify(&case(vec![], vec![holder(hot())], vec![], vec![I::Ret])),
        lacking
    );
    fails(
        "reference inside of a type",
        vec![vector(reference(T::U64))],
        vec![],
        vec![],
        vec![I::Ret],
    );
}

#[test]
fn objects_get_ids_made_for_them() {
    let context = || mutable(T::Datatype(TX_CONTEXT));
    let thing = || T::Datatype(THING);
    let why = "object gets an id that was not made for it";
    passes(
        vec![context()],
        vec![thing()],
        vec![],
        vec![I::MoveLoc(0), I::Call(NEW_ID), I::Pack(2), I::Ret],
    );
    passes(
        vec![context()],
        vec![thing()],
        vec![T::Datatype(UID)],
        vec![
            I::MoveLoc(0),
            I::Call(NEW_ID),
            I::StLoc(1),
            I::MoveLoc(1),
            I::Pack(2),
            I::Ret,
        ],
    );
    fails(
        why,
        vec![],
        vec![thing()],
        vec![],
        vec![I::Call(OLD_ID), I::Pack(2), I::Ret],
    );
    fails(
        why,
        vec![thing()],
        vec![thing()],
        vec![],
        vec![I::MoveLoc(0), I::Unpack(2), I::Pack(2), I::Ret],
    );
    // Fresh on one of two ways only.
    fails(
        why,
        vec![context(), T::Bool, T::Datatype(UID)],
        vec![thing()],
        vec![T::Datatype(UID)],
        vec![
            I::CopyLoc(1),
            I::BrTrue(6),
            I::MoveLoc(0),
            I::Call(NEW_ID),
            I::StLoc(3),
            I::Branch(8),
            I::MoveLoc(2),
            I::StLoc(3),
            I::MoveLoc(3),
            I::Pack(2),
            I::Ret,
        ],
    );
}

#[test]
fn only_own_objects_are_transferred() {
    let give = |index: u16, parameter: T| {
        let mut case = case(
            vec![parameter, T::Address],
            vec![],
            vec![],
            vec![I::MoveLoc(0), I::MoveLoc(1), I::CallGeneric(index), I::Ret],
        );
        case.type_parameters = &[AbilitySet::KEY];
        verify(&case)
    };
    assert_eq!(give(1, T::Datatype(THING)), Ok(()));
    assert_eq!(
        give(2, T::TypeParameter(0)),
        Err("transfer::transfer may be called with a type of the own module only".to_owned())
    );
}

#[test]
fn init_has_one_shape() {
    let init = |parameters: Vec<T>, returns: Vec<T>, code: Vec<I>| {
        let mut case = case(parameters, returns, vec![], code);
        case.name = "init";
        verify(&case)
    };
    let context = || mutable(T::Datatype(TX_CONTEXT));
    assert_eq!(init(vec![context()], vec![], vec![I::Ret]), Ok(()));
    let refused = Err("init has another signature".to_owned());
    assert_eq!(init(vec![], vec![], vec![I::Ret]), refused);
    assert_eq!(init(vec![data(), context()], vec![], vec![I::Ret]), refused);
    assert_eq!(
        init(vec![context()], vec![T::U64], vec![I::LdU64(1), I::Ret]),
        refused
    );
}

fn declarations(change: impl FnOnce(&mut CompiledModule)) -> Result<(), String> {
    let mut module = Builder::new().function(&case(vec![], vec![], vec![], vec![I::Ret]));
    change(&mut module);
    verify_module(&module).map_err(|error| error.message.unwrap_or_default().into_string())
}

#[test]
fn declarations_are_consistent() {
    let refused = |why: &str| Err(why.to_owned());
    assert_eq!(declarations(|_| ()), Ok(()));
    assert_eq!(
        declarations(|module| module.struct_defs[0].fields = Some(vec![])),
        refused("struct without fields")
    );
    assert_eq!(
        declarations(|module| module.struct_defs[0].fields = None),
        refused("native struct")
    );
    assert_eq!(
        declarations(|module| {
            let field = &mut module.struct_defs[0].fields.as_mut().unwrap()[0];
            field.ty = vector(data());
        }),
        refused("datatype contains itself")
    );
    assert_eq!(
        declarations(|module| {
            let field = &mut module.struct_defs[0].fields.as_mut().unwrap()[0];
            field.ty = reference(T::U64);
        }),
        refused("reference inside of a type")
    );
    assert_eq!(
        declarations(|module| {
            let field = &mut module.struct_defs[0].fields.as_mut().unwrap()[0];
            field.ty = hot();
        }),
        refused("field lacks an ability of its datatype")
    );
    assert_eq!(
        declarations(|module| {
            let handle = &mut module.datatype_handles[usize::from(HOLDER)];
            handle.type_parameters[0].is_phantom = true;
        }),
        refused("phantom parameter is used")
    );
    assert_eq!(
        declarations(|module| {
            let twice = module.datatype_handles[0].clone();
            module.datatype_handles.push(twice);
        }),
        refused("a datatype handle occurs twice")
    );
    assert_eq!(
        declarations(|module| {
            module.datatype_handles[usize::from(HOT)].abilities = AbilitySet::KEY;
        }),
        refused("Hot has key but no id: UID as its first field")
    );
    assert_eq!(
        declarations(|module| module.constants[0].data = vec![1]),
        refused("malformed constant")
    );
    assert_eq!(
        declarations(|module| module.function_defs[0].acquires.push(0)),
        refused("global storage does not exist on Sui")
    );
    assert_eq!(
        declarations(|module| {
            let unit = module.function_defs[0].code.as_mut().unwrap();
            unit.code.insert(0, I::GlobalStorage(0x29, 0));
        }),
        refused("global storage does not exist on Sui")
    );
}

#[test]
fn a_witness_is_made_by_nobody() {
    // A struct named like the module, with one bool.
    let with_witness = |code: Vec<I>, abilities: AbilitySet| {
        let mut module = Builder::new().function(&case(vec![], vec![], vec![], code));
        let name = u16::try_from(module.identifiers.len()).unwrap();
        module.identifiers.push(Identifier::new("M").unwrap());
        let hot = &mut module.datatype_handles[usize::from(HOT)];
        hot.name = name;
        hot.abilities = abilities;
        module.struct_defs[usize::from(HOT)]
            .fields
            .as_mut()
            .unwrap()[0]
            .ty = T::Bool;
        verify_module(&module).map_err(|error| error.message.unwrap_or_default().into_string())
    };
    let pack = || vec![I::LdTrue, I::Pack(1), I::Pop, I::Ret];
    assert_eq!(with_witness(vec![I::Ret], AbilitySet::DROP), Ok(()));
    assert_eq!(
        with_witness(pack(), AbilitySet::DROP),
        Err("one-time witness is made".to_owned())
    );
    assert_eq!(
        with_witness(vec![I::Ret], AbilitySet::DROP | AbilitySet::COPY),
        Err("one-time witness has more than drop".to_owned())
    );
}
