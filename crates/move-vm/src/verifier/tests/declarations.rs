//! Declarations, type arguments, and Sui's own rules.

use super::*;

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
