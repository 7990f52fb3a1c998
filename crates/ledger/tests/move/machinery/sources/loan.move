/// An obligation: a value that must come back.
module machinery::loan;

use machinery::counter::Counter;

public struct Loan {
    amount: u64,
}

public fun borrow(counter: &mut Counter): Loan {
    Loan { amount: counter.value() }
}

public fun repay(loan: Loan) {
    let Loan { amount: _ } = loan;
}
