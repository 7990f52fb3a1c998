//! Stack, types, abilities and locals.

use super::*;

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
