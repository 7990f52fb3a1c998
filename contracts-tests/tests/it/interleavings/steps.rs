//! What may happen to a channel next.

use proptest::{prelude::*, sample::Index};

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever has the right: payer, node, or router.
    Owner,
    /// Somebody with rights to other things only.
    Stranger,
}

/// What is wrong with the words that are brought to a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tamper {
    /// Nothing.
    None,
    /// The voucher is by another key.
    ForgedVoucher,
    /// The voucher was given for another channel.
    ForeignVoucher,
    /// The voucher's amount was changed.
    RaisedVoucher,
    /// The statement is by another key.
    ForgedStatement,
    /// The statement was given for another channel.
    ForeignStatement,
    /// The statement's amount was changed.
    RaisedStatement,
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The payer signs a voucher for so much more.
    Authorize(u64),
    /// A key signs a statement of one receipt more.
    Earn { epoch: u64, fee: u64 },
    /// A hostile node has a key sign anything.
    Boast {
        epoch: u64,
        earned: u64,
        receipts: u64,
    },
    /// Somebody brings a voucher and a statement, of those signed so far.
    Settle {
        voucher: Index,
        epoch: u64,
        statement: Index,
        tamper: Tamper,
    },
    /// Somebody adds to the deposit.
    TopUp { by: Who, amount: u64 },
    /// The close is asked for.
    RequestClose(Who),
    /// The close is asked for because the channel expired.
    RequestCloseExpired,
    /// The node closes.
    Close(Who),
    /// Somebody closes after the grace.
    Finalize,
    /// The routing share is taken.
    ClaimRouting(Who),
    /// A lane is folded.
    Fold { by: Who, epoch: u64 },
    /// The refund is sent elsewhere.
    Redirect(Who),
    /// The channel is deleted.
    Reap(Who),
    /// Somebody advances the operator's dues.
    Mature,
    /// The operator's dues are taken.
    Withdraw(Who),
    /// The protocol's dues are swept.
    Sweep,
    /// Time passes without a tick.
    Halt(u64),
    /// Somebody ticks.
    Tick,
}

impl Step {
    /// Whether anybody could have done it.
    pub(crate) const fn is_anybodys(&self) -> bool {
        match self {
            Self::Settle { .. }
            | Self::RequestCloseExpired
            | Self::Mature
            | Self::Sweep
            | Self::Tick
            | Self::TopUp { .. } => true,
            Self::RequestClose(by)
            | Self::Close(by)
            | Self::ClaimRouting(by)
            | Self::Fold { by, .. }
            | Self::Redirect(by)
            | Self::Reap(by)
            | Self::Withdraw(by) => matches!(by, Who::Stranger),
            _ => false,
        }
    }
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![3 => Just(Who::Owner), 2 => Just(Who::Stranger)]
}

fn tamper() -> impl Strategy<Value = Tamper> {
    prop_oneof![
        10 => Just(Tamper::None),
        1 => Just(Tamper::ForgedVoucher),
        1 => Just(Tamper::ForeignVoucher),
        1 => Just(Tamper::RaisedVoucher),
        1 => Just(Tamper::ForgedStatement),
        1 => Just(Tamper::ForeignStatement),
        1 => Just(Tamper::RaisedStatement),
    ]
}

/// Small amounts, where rounding bites, and large ones.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![0..=3_u64, 1..=300_u64, 1_000..=2_000_000_u64]
}

/// What a hostile node may state: next to the truth, or anything.
fn claim() -> impl Strategy<Value = u64> {
    prop_oneof![4 => amount(), 1 => any::<u64>()]
}

/// Boundaries of gap, grace, hold-back and deletion, long halts, and what lies between.
fn pause_ms() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => prop_oneof![Just(1), Just(999), Just(1_000), Just(2_000), Just(3_000)],
        3 => 0..=5_000_u64,
        1 => Just(3_600_000),
        1 => Just(8 * 24 * 3_600_000),
    ]
}

/// Key epochs: the graded ones most often, then one without a grade, then one that does not exist.
fn epoch() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0..=1_u64, 6 => 2..=4_u64, 1 => Just(5), 1 => Just(6)]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => amount().prop_map(Step::Authorize),
        6 => (0..=4_u64, amount()).prop_map(|(epoch, fee)| Step::Earn { epoch, fee }),
        2 => (0..=1_u64, claim(), 0..=3_u64)
            .prop_map(|(epoch, earned, receipts)| Step::Boast { epoch, earned, receipts }),
        14 => (any::<Index>(), epoch(), any::<Index>(), tamper()).prop_map(
            |(voucher, epoch, statement, tamper)| Step::Settle { voucher, epoch, statement, tamper }
        ),
        2 => (who(), amount()).prop_map(|(by, amount)| Step::TopUp { by, amount }),
        3 => who().prop_map(Step::RequestClose),
        1 => Just(Step::RequestCloseExpired),
        2 => who().prop_map(Step::Close),
        3 => Just(Step::Finalize),
        2 => who().prop_map(Step::ClaimRouting),
        2 => (who(), epoch()).prop_map(|(by, epoch)| Step::Fold { by, epoch }),
        1 => who().prop_map(Step::Redirect),
        3 => who().prop_map(Step::Reap),
        2 => Just(Step::Mature),
        2 => who().prop_map(Step::Withdraw),
        1 => Just(Step::Sweep),
        5 => pause_ms().prop_map(Step::Halt),
        3 => Just(Step::Tick),
    ]
}
