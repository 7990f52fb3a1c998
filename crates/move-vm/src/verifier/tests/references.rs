//! What references may point to, and for how long.

use super::*;

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
}

#[test]
fn what_is_mutably_borrowed_is_not_read() {
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
