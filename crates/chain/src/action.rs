//! What a builder builds: a programmable transaction whose objects are still named by id and whose
//! payments are still amounts. Building needs no chain; [`crate::client`] fills in versions, coins and gas.

use std::collections::{BTreeMap, HashMap};

use atoma_protocol::{
    ids::{Address, ObjectId, PackageId},
    money::Amount,
};
use serde::Serialize;
use sui_sdk_types::{
    Argument, Command, Identifier, Input, MakeMoveVector, MergeCoins, MoveCall, ObjectReference,
    ProgrammableTransaction, Publish, SplitCoins, TransferObjects, TypeTag,
};

use crate::{deployment::CoinType, error::ChainError, id::SuiId};

/// Sui's limit on the commands of a transaction.
pub const MAX_COMMANDS: usize = 1_024;
/// Sui's limit on the inputs of a transaction.
pub const MAX_INPUTS: usize = 2_048;
/// Sui's limit on one plain argument, its length prefix included.
pub const MAX_PURE_BYTES: usize = 16 * 1_024;
/// Sui's limit on the BCS of a transaction.
pub const MAX_TRANSACTION_BYTES: usize = 128 * 1_024;

/// A transaction to be: what to call with what. Names objects by id and payments by amount.
#[derive(Clone, Debug)]
pub struct Action {
    name: &'static str,
    inputs: Vec<ActionInput>,
    commands: Vec<ActionCommand>,
    payments: Vec<Payment>,
    pure: HashMap<Vec<u8>, usize>,
    objects: BTreeMap<ObjectId, usize>,
    error: Option<ChainError>,
}

/// An argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg(ArgKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ArgKind {
    Gas,
    Input(usize),
    Payment(usize),
    Result(usize),
    Nested(usize, usize),
}

impl Arg {
    /// The coin that pays for gas.
    pub const GAS: Self = Self(ArgKind::Gas);

    /// One of several results of a command.
    #[must_use]
    pub const fn nth(self, index: usize) -> Self {
        match self.0 {
            ArgKind::Result(command) => Self(ArgKind::Nested(command, index)),
            _ => self,
        }
    }
}

/// How a shared object is used. Transactions that only read one do not queue behind each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Not changed.
    Read,
    /// Changed; owned objects may also be consumed.
    Write,
}

#[derive(Clone, Debug)]
enum ActionInput {
    Pure(Vec<u8>),
    Object(ObjectId, Access),
}

/// A coin of exactly this amount, cut from what the wallet has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) coin: CoinType,
    pub(crate) amount: Amount,
}

#[derive(Clone, Debug)]
enum ActionCommand {
    Call {
        package: PackageId,
        module: &'static str,
        function: &'static str,
        type_args: Vec<TypeTag>,
        args: Vec<Arg>,
    },
    Transfer {
        objects: Vec<Arg>,
        to: Arg,
    },
    Split {
        coin: Arg,
        amounts: Vec<Arg>,
    },
    Merge {
        into: Arg,
        coins: Vec<Arg>,
    },
    Vector {
        kind: Option<TypeTag>,
        elements: Vec<Arg>,
    },
    Publish {
        modules: Vec<Vec<u8>>,
        dependencies: Vec<PackageId>,
    },
}

impl Action {
    /// An empty transaction; `name` is for logs.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            inputs: Vec::new(),
            commands: Vec::new(),
            payments: Vec::new(),
            pure: HashMap::new(),
            objects: BTreeMap::new(),
            error: None,
        }
    }

    /// What it is called in logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many commands it has, as built.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether it does nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// A plain value, as BCS. Equal bytes share one input.
    pub fn pure<T: Serialize + ?Sized>(&mut self, value: &T) -> Arg {
        match bcs::to_bytes(value) {
            Ok(bytes) => self.pure_bytes(bytes),
            Err(error) => {
                self.fail(ChainError::BadArgument(format!(
                    "an argument has no BCS: {error}"
                )));
                Arg(ArgKind::Input(0))
            }
        }
    }

    /// A plain value that is BCS already.
    pub fn pure_bytes(&mut self, bytes: Vec<u8>) -> Arg {
        if bytes.len() > MAX_PURE_BYTES {
            self.fail(ChainError::TooLarge {
                what: "an argument's length in bytes",
                size: bytes.len(),
                limit: MAX_PURE_BYTES,
            });
        }
        let next = self.inputs.len();
        let index = *self.pure.entry(bytes).or_insert_with_key(|bytes| {
            self.inputs.push(ActionInput::Pure(bytes.clone()));
            next
        });
        Arg(ArgKind::Input(index))
    }

    /// A 32-byte id or hash, which Move takes as `address` or `ID`.
    pub fn id<T: SuiId>(&mut self, id: T) -> Arg {
        self.pure_bytes(id.to_sui().into_inner().to_vec())
    }

    /// An object by id; one input an object, with the strongest access asked for.
    pub fn object<T: SuiId>(&mut self, id: T, access: Access) -> Arg {
        let id = ObjectId::from_sui(id.to_sui());
        let next = self.inputs.len();
        let index = *self.objects.entry(id).or_insert(next);
        if index == next {
            self.inputs.push(ActionInput::Object(id, access));
        } else if let Some(ActionInput::Object(_, held)) = self.inputs.get_mut(index) {
            *held = (*held).max(access);
        }
        Arg(ArgKind::Input(index))
    }

    /// A coin of exactly `amount`, cut from the wallet's coins; SUI comes from the gas coin.
    pub fn coin(&mut self, coin: &CoinType, amount: Amount) -> Arg {
        self.payments.push(Payment {
            coin: coin.clone(),
            amount,
        });
        Arg(ArgKind::Payment(self.payments.len() - 1))
    }

    /// Calls a Move function.
    pub fn call(
        &mut self,
        package: PackageId,
        module: &'static str,
        function: &'static str,
        type_args: Vec<TypeTag>,
        args: Vec<Arg>,
    ) -> Arg {
        self.command(ActionCommand::Call {
            package,
            module,
            function,
            type_args,
            args,
        })
    }

    /// Gives objects to an address.
    pub fn transfer(&mut self, objects: Vec<Arg>, to: Address) {
        let to = self.id(to);
        self.command(ActionCommand::Transfer { objects, to });
    }

    /// Cuts coins of these amounts off a coin; [`Arg::nth`] names them.
    pub fn split(&mut self, coin: Arg, amounts: &[Amount]) -> Arg {
        let amounts = amounts.iter().map(|amount| self.pure(amount)).collect();
        self.command(ActionCommand::Split { coin, amounts })
    }

    /// Adds coins to a coin.
    pub fn merge(&mut self, into: Arg, coins: Vec<Arg>) {
        self.command(ActionCommand::Merge { into, coins });
    }

    /// A Move vector of objects or results; plain vectors are [`Self::pure`].
    pub fn vector(&mut self, kind: Option<TypeTag>, elements: Vec<Arg>) -> Arg {
        self.command(ActionCommand::Vector { kind, elements })
    }

    /// Publishes a package; gives its `UpgradeCap`.
    pub fn publish(&mut self, modules: Vec<Vec<u8>>, dependencies: Vec<PackageId>) -> Arg {
        self.command(ActionCommand::Publish {
            modules,
            dependencies,
        })
    }

    /// Remembers the first thing that is wrong with it; building never fails half-way.
    pub(crate) fn fail(&mut self, error: ChainError) {
        self.error.get_or_insert(error);
    }

    fn command(&mut self, command: ActionCommand) -> Arg {
        self.commands.push(command);
        Arg(ArgKind::Result(self.commands.len() - 1))
    }

    /// Objects that it names, with their access.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, Access)> + '_ {
        self.inputs.iter().filter_map(|input| match input {
            ActionInput::Object(id, access) => Some((*id, *access)),
            ActionInput::Pure(_) => None,
        })
    }

    /// What it needs of each coin, SUI aside.
    pub(crate) fn payments(&self) -> Result<BTreeMap<CoinType, Amount>, ChainError> {
        let mut sums: BTreeMap<CoinType, Amount> = BTreeMap::new();
        for payment in self.payments.iter().filter(|p| !p.coin.is_sui()) {
            let sum = sums.entry(payment.coin.clone()).or_default();
            *sum = sum
                .checked_add(payment.amount)
                .map_err(|error| ChainError::BadArgument(error.to_string()))?;
        }
        Ok(sums)
    }

    /// What it takes from the gas coin beside gas, in MIST.
    pub(crate) fn sui_spent(&self) -> u64 {
        self.payments
            .iter()
            .filter(|payment| payment.coin.is_sui())
            .fold(0, |sum, payment| sum.saturating_add(payment.amount.0))
    }

    /// Writes the transaction down.
    ///
    /// `objects` are the inputs for [`Self::objects`], `coins` the wallet's coins to pay each kind
    /// from, enough of them.
    ///
    /// # Errors
    /// [`ChainError::TooLarge`] over Sui's limits, [`ChainError::NoSuchObject`] for an object that is
    /// not in `objects`, or whatever was wrong with an argument.
    pub fn lower(
        &self,
        objects: &HashMap<ObjectId, Input>,
        coins: &BTreeMap<CoinType, Vec<ObjectReference>>,
    ) -> Result<Lowered, ChainError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            inputs.push(match input {
                ActionInput::Pure(bytes) => Input::Pure(bytes.clone()),
                ActionInput::Object(id, _) => objects
                    .get(id)
                    .cloned()
                    .ok_or(ChainError::NoSuchObject { id: *id })?,
            });
        }
        let mut lowering = Lowering {
            inputs,
            commands: Vec::with_capacity(self.commands.len()),
            payments: vec![None; self.payments.len()],
            prefix: 0,
        };
        lowering.pay(&self.payments, coins)?;
        lowering.prefix = lowering.commands.len();
        for command in &self.commands {
            let command = lowering.command(command)?;
            lowering.commands.push(command);
        }
        within("commands", lowering.commands.len(), MAX_COMMANDS)?;
        within("inputs", lowering.inputs.len(), MAX_INPUTS)?;
        Ok(Lowered {
            transaction: ProgrammableTransaction {
                inputs: lowering.inputs,
                commands: lowering.commands,
            },
            prefix: lowering.prefix,
        })
    }
}

/// A transaction as Sui takes it, gas aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// Inputs and commands.
    pub transaction: ProgrammableTransaction,
    /// Commands put in front to cut coins.
    pub prefix: usize,
}

impl Lowered {
    /// The command's index in the [`Action`], given that in the transaction.
    #[must_use]
    pub fn command_of_action(&self, index: u64) -> Option<usize> {
        usize::try_from(index).ok()?.checked_sub(self.prefix)
    }
}

struct Lowering {
    inputs: Vec<Input>,
    commands: Vec<Command>,
    payments: Vec<Option<Argument>>,
    prefix: usize,
}

impl Lowering {
    /// Puts the commands in front that cut every payment from the wallet's coins.
    fn pay(
        &mut self,
        payments: &[Payment],
        coins: &BTreeMap<CoinType, Vec<ObjectReference>>,
    ) -> Result<(), ChainError> {
        let mut by_coin: BTreeMap<&CoinType, Vec<usize>> = BTreeMap::new();
        for (index, payment) in payments.iter().enumerate() {
            by_coin.entry(&payment.coin).or_default().push(index);
        }
        for (coin, indices) in by_coin {
            let total = indices.iter().fold(0_u64, |sum, index| {
                sum.saturating_add(payments[*index].amount.0)
            });
            let held = coins.get(coin).map(Vec::as_slice).unwrap_or_default();
            if total == 0 && !coin.is_sui() {
                for index in indices {
                    let zero = self.zero(coin)?;
                    self.payments[index] = Some(zero);
                }
                continue;
            }
            let source = if coin.is_sui() {
                Argument::Gas
            } else {
                self.merged(coin, held)?
            };
            let mut amounts = Vec::with_capacity(indices.len());
            for index in &indices {
                let bytes = payments[*index].amount.0.to_le_bytes().to_vec();
                amounts.push(self.input(Input::Pure(bytes))?);
            }
            let split = index16("commands", self.commands.len(), MAX_COMMANDS)?;
            self.commands.push(Command::SplitCoins(SplitCoins {
                coin: source,
                amounts,
            }));
            for (position, index) in indices.into_iter().enumerate() {
                let position = index16("coins", position, MAX_INPUTS)?;
                self.payments[index] = Some(Argument::NestedResult(split, position));
            }
        }
        Ok(())
    }

    fn zero(&mut self, coin: &CoinType) -> Result<Argument, ChainError> {
        let index = index16("commands", self.commands.len(), MAX_COMMANDS)?;
        self.commands.push(Command::MoveCall(MoveCall {
            package: sui_sdk_types::Address::TWO,
            module: Identifier::from_static("coin"),
            function: Identifier::from_static("zero"),
            type_arguments: vec![coin.type_tag()],
            arguments: Vec::new(),
        }));
        Ok(Argument::Result(index))
    }

    fn merged(
        &mut self,
        coin: &CoinType,
        held: &[ObjectReference],
    ) -> Result<Argument, ChainError> {
        let mut arguments = Vec::with_capacity(held.len());
        for reference in held {
            arguments.push(self.input(Input::ImmutableOrOwned(reference.clone()))?);
        }
        let Some((first, rest)) = arguments.split_first() else {
            return Err(ChainError::BadArgument(format!(
                "no coin of {coin} to pay from"
            )));
        };
        if !rest.is_empty() {
            self.commands.push(Command::MergeCoins(MergeCoins {
                coin: *first,
                coins_to_merge: rest.to_vec(),
            }));
        }
        Ok(*first)
    }

    fn input(&mut self, input: Input) -> Result<Argument, ChainError> {
        let index = index16("inputs", self.inputs.len(), MAX_INPUTS)?;
        self.inputs.push(input);
        Ok(Argument::Input(index))
    }

    fn arg(&self, arg: Arg) -> Result<Argument, ChainError> {
        Ok(match arg.0 {
            ArgKind::Gas => Argument::Gas,
            ArgKind::Input(index) => Argument::Input(index16("inputs", index, MAX_INPUTS)?),
            ArgKind::Payment(index) => {
                self.payments.get(index).copied().flatten().ok_or_else(|| {
                    ChainError::BadArgument("a payment of another action was named".to_owned())
                })?
            }
            ArgKind::Result(index) => {
                Argument::Result(index16("commands", index + self.prefix, MAX_COMMANDS)?)
            }
            ArgKind::Nested(index, nth) => Argument::NestedResult(
                index16("commands", index + self.prefix, MAX_COMMANDS)?,
                index16("results", nth, MAX_COMMANDS)?,
            ),
        })
    }

    fn args(&self, args: &[Arg]) -> Result<Vec<Argument>, ChainError> {
        args.iter().map(|arg| self.arg(*arg)).collect()
    }

    fn command(&self, command: &ActionCommand) -> Result<Command, ChainError> {
        Ok(match command {
            ActionCommand::Call {
                package,
                module,
                function,
                type_args,
                args,
            } => Command::MoveCall(MoveCall {
                package: package.to_sui(),
                module: identifier(module)?,
                function: identifier(function)?,
                type_arguments: type_args.clone(),
                arguments: self.args(args)?,
            }),
            ActionCommand::Transfer { objects, to } => Command::TransferObjects(TransferObjects {
                objects: self.args(objects)?,
                address: self.arg(*to)?,
            }),
            ActionCommand::Split { coin, amounts } => Command::SplitCoins(SplitCoins {
                coin: self.arg(*coin)?,
                amounts: self.args(amounts)?,
            }),
            ActionCommand::Merge { into, coins } => Command::MergeCoins(MergeCoins {
                coin: self.arg(*into)?,
                coins_to_merge: self.args(coins)?,
            }),
            ActionCommand::Vector { kind, elements } => Command::MakeMoveVector(MakeMoveVector {
                type_: kind.clone(),
                elements: self.args(elements)?,
            }),
            ActionCommand::Publish {
                modules,
                dependencies,
            } => Command::Publish(Publish {
                modules: modules.clone(),
                dependencies: dependencies.iter().map(|id| id.to_sui()).collect(),
            }),
        })
    }
}

fn identifier(text: &str) -> Result<Identifier, ChainError> {
    Identifier::new(text).map_err(|_| ChainError::BadArgument(format!("{text:?} is no Move name")))
}

fn index16(what: &'static str, index: usize, limit: usize) -> Result<u16, ChainError> {
    u16::try_from(index).map_err(|_| ChainError::TooLarge {
        what,
        size: index,
        limit,
    })
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), ChainError> {
    if size > limit {
        return Err(ChainError::TooLarge { what, size, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
