//! The commands of a programmable transaction.

use std::collections::HashMap;
use std::sync::Arc;

use atoma_move_vm::{GasMeter, LoadedType, Type, Value};
use sui_sdk_types::{
    Argument, Command, CommandArgumentError, ExecutionError, Input, ProgrammableTransaction,
    TypeTag,
};

use super::failure::{
    Failure, Step, Stop, argument_error, invariant, machine_error, stop, stop_with,
};
use super::gas::Meter;
use super::objects::Objects;
use super::packages::Packages;
use super::values::{Groups, Held, Place, Slot, Typed, is_obligation, is_pure, is_well_formed};
use super::{Chain, Mode};
use crate::bridge;
use crate::error::LedgerError;
use crate::outcome::{CommandResult, MutatedArgument, ReturnValue};
use crate::validation::Inputs;

/// A transaction while it runs.
pub(super) struct Interpreter<'a> {
    pub(super) chain: &'a Chain<'a>,
    pub(super) mode: Mode,
    pub(super) packages: &'a Packages<'a>,
    pub(super) objects: Objects<'a>,
    pub(super) meter: Meter,
    pub(super) gas: Slot,
    pub(super) inputs: Vec<Slot>,
    pub(super) results: Vec<Vec<Slot>>,
    pub(super) groups: Groups,
    /// Packages that were published, in order.
    pub(super) published: Vec<sui_sdk_types::MovePackage>,
    /// How the running command uses values.
    uses: HashMap<Place, Use>,
}

/// How a command uses a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Borrowed,
    BorrowedMutably,
}

/// How an argument is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    Value,
    Borrow,
    BorrowMutably,
}

/// What a command leaves: its results, and the arguments that it changed.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) results: Vec<Typed>,
    pub(super) mutated: Vec<(Argument, Place)>,
    /// Group of the results; a new one if `None`.
    pub(super) group: Option<usize>,
}

impl<'a> Interpreter<'a> {
    pub(super) fn new(
        chain: &'a Chain<'a>,
        mode: Mode,
        packages: &'a Packages<'a>,
        objects: Objects<'a>,
        meter: Meter,
    ) -> Self {
        Self {
            chain,
            mode,
            packages,
            objects,
            meter,
            gas: Slot::new(Held::Taken),
            inputs: Vec::new(),
            results: Vec::new(),
            groups: Groups::default(),
            published: Vec::new(),
            uses: HashMap::new(),
        }
    }

    /// Takes over the inputs of the transaction.
    pub(super) fn load_inputs(
        &mut self,
        programmable: &ProgrammableTransaction,
        inputs: &Inputs,
    ) -> Result<(), LedgerError> {
        for input in &programmable.inputs {
            let id = match input {
                Input::Pure(bytes) => {
                    self.inputs.push(Slot::new(Held::Pure(bytes.clone())));
                    continue;
                }
                Input::Receiving(reference) => {
                    self.inputs.push(Slot::new(Held::Receiving {
                        id: *reference.object_id(),
                        version: reference.version(),
                    }));
                    continue;
                }
                Input::ImmutableOrOwned(reference) => *reference.object_id(),
                Input::Shared(shared) => shared.object_id(),
                _ => return Err(LedgerError::System("unchecked input".to_owned())),
            };
            let input = inputs
                .objects
                .get(&id)
                .ok_or_else(|| LedgerError::System(format!("input {id} was not loaded")))?;
            self.inputs
                .push(Slot::input_object(Arc::clone(&input.object), input.access));
        }
        Ok(())
    }

    /// Runs all commands.
    ///
    /// # Errors
    /// The failure with the index of the command that failed.
    pub(super) fn run(
        &mut self,
        commands: &[Command],
        kept: &mut Vec<CommandResult>,
    ) -> Result<Result<(), (Failure, u64)>, LedgerError> {
        for (index, command) in (0u64..).zip(commands) {
            match self.step(command, kept) {
                Ok(()) => {}
                Err(Stop::Failure(failure)) => return Ok(Err((*failure, index))),
                Err(Stop::Ledger(error)) => return Err(error),
            }
        }
        Ok(Ok(()))
    }

    fn step(&mut self, command: &Command, kept: &mut Vec<CommandResult>) -> Step<()> {
        self.uses.clear();
        let left = match command {
            Command::MoveCall(call) => self.call(call)?,
            Command::TransferObjects(transfer) => self.transfer_objects(transfer)?,
            Command::SplitCoins(split) => self.split_coins(split)?,
            Command::MergeCoins(merge) => self.merge_coins(merge)?,
            Command::MakeMoveVector(vector) => self.make_vector(vector)?,
            Command::Publish(publish) => self.publish(publish)?,
            Command::Upgrade(upgrade) => self.upgrade(upgrade)?,
            _ => return Err(stop(ExecutionError::FeatureNotYetSupported)),
        };
        if matches!(self.mode, Mode::Simulation | Mode::Inspection) {
            let result = self.command_result(&left)?;
            kept.push(result);
        }
        let group = left.group.unwrap_or_else(|| self.groups.open());
        let slots = left.results.into_iter().map(|value| {
            if is_obligation(&value.ty) {
                self.groups.oblige(group);
            }
            Slot::result(value, group)
        });
        let slots = slots.collect();
        self.results.push(slots);
        Ok(())
    }

    fn command_result(&self, left: &Left) -> Step<CommandResult> {
        let mut result = CommandResult::default();
        for value in &left.results {
            result.return_values.push(return_value(value)?);
        }
        for (argument, place) in &left.mutated {
            if let Held::Typed(value) = &self.slot(*place)?.held {
                result.mutated.push(MutatedArgument {
                    argument: *argument,
                    value: return_value(value)?,
                });
            }
        }
        Ok(result)
    }

    /// Checks what is left over when all commands have run.
    pub(super) fn check_leftovers(&self) -> Step<()> {
        if self.mode == Mode::Inspection {
            return Ok(());
        }
        for (result, slots) in (0u16..).zip(&self.results) {
            for (subresult, slot) in (0u16..).zip(slots) {
                if let Held::Typed(value) = &slot.held
                    && !value.ty.abilities.has_drop()
                {
                    return Err(stop(ExecutionError::UnusedValueWithoutDrop {
                        result,
                        subresult,
                    }));
                }
            }
        }
        Ok(())
    }

    pub(super) fn slot(&self, place: Place) -> Step<&Slot> {
        let slot = match place {
            Place::Gas => Some(&self.gas),
            Place::Input(index) => self.inputs.get(usize::from(index)),
            Place::Result(result, index) => self
                .results
                .get(usize::from(result))
                .and_then(|slots| slots.get(usize::from(index))),
        };
        slot.ok_or_else(|| invariant("a value is not where it was"))
    }

    pub(super) fn slot_mut(&mut self, place: Place) -> Step<&mut Slot> {
        let slot = match place {
            Place::Gas => Some(&mut self.gas),
            Place::Input(index) => self.inputs.get_mut(usize::from(index)),
            Place::Result(result, index) => self
                .results
                .get_mut(usize::from(result))
                .and_then(|slots| slots.get_mut(usize::from(index))),
        };
        slot.ok_or_else(|| invariant("a value is not where it was"))
    }

    /// Where an argument points.
    pub(super) fn place(&self, position: usize, argument: Argument) -> Step<Place> {
        let out_of_bounds =
            |index: u16| argument_error(position, CommandArgumentError::IndexOutOfBounds { index });
        match argument {
            Argument::Gas => Ok(Place::Gas),
            Argument::Input(index) => {
                if usize::from(index) >= self.inputs.len() {
                    return Err(out_of_bounds(index));
                }
                Ok(Place::Input(index))
            }
            Argument::Result(index) => {
                let results = self
                    .results
                    .get(usize::from(index))
                    .ok_or_else(|| out_of_bounds(index))?;
                if results.len() != 1 {
                    return Err(argument_error(
                        position,
                        CommandArgumentError::InvalidResultArity { result: index },
                    ));
                }
                Ok(Place::Result(index, 0))
            }
            Argument::NestedResult(index, subindex) => {
                let results = self
                    .results
                    .get(usize::from(index))
                    .ok_or_else(|| out_of_bounds(index))?;
                if usize::from(subindex) >= results.len() {
                    return Err(argument_error(
                        position,
                        CommandArgumentError::SecondaryIndexOutOfBounds {
                            result: index,
                            subresult: subindex,
                        },
                    ));
                }
                Ok(Place::Result(index, subindex))
            }
        }
    }

    /// Gets the value of an argument as `ty`; what was borrowed for writing is to be given back
    /// with [`Interpreter::give_back`].
    pub(super) fn take(
        &mut self,
        position: usize,
        place: Place,
        usage: Usage,
        ty: &Arc<LoadedType>,
    ) -> Step<Value> {
        self.check_use(position, place, usage, Some(ty))?;
        let typed = self.typed(position, place, usage, ty)?;
        self.record_use(place, usage);
        Ok(typed.value)
    }

    /// Gets the value of an argument by value, whatever type it has; bytes have none.
    pub(super) fn take_any(&mut self, position: usize, place: Place) -> Step<Typed> {
        let ty = self.type_at(position, place)?;
        let value = self.take(position, place, Usage::Value, &ty)?;
        Ok(Typed { ty, value })
    }

    /// Type of the value at a place that has one.
    pub(super) fn type_at(&mut self, position: usize, place: Place) -> Step<Arc<LoadedType>> {
        match &self.slot(place)?.held {
            Held::Typed(typed) => Ok(Arc::clone(&typed.ty)),
            Held::Stored(object) => {
                let tag = object
                    .as_struct()
                    .map(|contents| TypeTag::Struct(Box::new(contents.object_type().clone())));
                let tag = tag.ok_or_else(|| invariant("a package among input objects"))?;
                self.load_tag(&tag)
            }
            Held::Pure(_) | Held::Receiving { .. } => {
                Err(argument_error(position, CommandArgumentError::TypeMismatch))
            }
            Held::Taken => Err(argument_error(
                position,
                CommandArgumentError::InvalidValueUsage,
            )),
        }
    }

    /// Gives back a value that was borrowed for writing.
    pub(super) fn give_back(
        &mut self,
        place: Place,
        ty: &Arc<LoadedType>,
        value: Value,
    ) -> Step<()> {
        let slot = self.slot_mut(place)?;
        slot.touched = true;
        slot.held = Held::Typed(Typed {
            ty: Arc::clone(ty),
            value,
        });
        Ok(())
    }

    /// Refuses the gas coin by value, which only transfers may take.
    pub(super) fn refuse_gas(&self, position: usize, place: Place) -> Step<()> {
        if place == Place::Gas {
            return Err(argument_error(
                position,
                CommandArgumentError::InvalidGasCoinUsage,
            ));
        }
        Ok(())
    }

    fn record_use(&mut self, place: Place, usage: Usage) {
        match usage {
            Usage::Value => {}
            Usage::Borrow => {
                self.uses.insert(place, Use::Borrowed);
            }
            Usage::BorrowMutably => {
                self.uses.insert(place, Use::BorrowedMutably);
            }
        }
    }

    /// The rules on who may use a value how.
    fn check_use(
        &self,
        position: usize,
        place: Place,
        usage: Usage,
        ty: Option<&Arc<LoadedType>>,
    ) -> Step<()> {
        let slot = self.slot(place)?;
        let copied = ty.is_some_and(|ty| ty.abilities.has_copy());
        let refused = match (self.uses.get(&place), usage) {
            (Some(Use::BorrowedMutably), _) => true,
            (Some(Use::Borrowed), Usage::BorrowMutably) => true,
            (Some(Use::Borrowed), Usage::Value) => !copied,
            (Some(Use::Borrowed), Usage::Borrow) | (None, _) => false,
        };
        if refused || matches!(slot.held, Held::Taken) {
            return Err(argument_error(
                position,
                CommandArgumentError::InvalidValueUsage,
            ));
        }
        let is_mutable = slot
            .access
            .is_none_or(crate::validation::Access::is_mutable);
        let kind = match usage {
            Usage::Value if !is_mutable => CommandArgumentError::InvalidObjectByValue,
            Usage::BorrowMutably if !is_mutable => CommandArgumentError::InvalidObjectByMutRef,
            _ => return Ok(()),
        };
        Err(argument_error(position, kind))
    }

    /// The value at a place as `ty`; taken out unless it can be copied.
    fn typed(
        &mut self,
        position: usize,
        place: Place,
        usage: Usage,
        ty: &Arc<LoadedType>,
    ) -> Step<Typed> {
        let mismatch = || argument_error(position, CommandArgumentError::TypeMismatch);
        let any_values = matches!(self.mode, Mode::Inspection | Mode::System);
        let shared_borrow = usage == Usage::Borrow;
        let slot = self.slot_mut(place)?;
        match &slot.held {
            Held::Pure(bytes) => {
                if !is_pure(&ty.ty) && !any_values {
                    return Err(argument_error(
                        position,
                        CommandArgumentError::InvalidUsageOfPureArgument,
                    ));
                }
                let value = Value::from_bcs(bytes, &ty.layout).ok();
                let value = value.filter(|value| is_well_formed(value, &ty.layout));
                let value = value.ok_or_else(|| {
                    argument_error(position, CommandArgumentError::InvalidBcsBytes)
                })?;
                Ok(Typed {
                    ty: Arc::clone(ty),
                    value,
                })
            }
            Held::Receiving { id, version } => {
                let receives = ty.ty.as_datatype().is_some_and(|datatype| {
                    datatype.is(&atoma_move_vm::Address::SUI, "transfer", "Receiving")
                });
                if !receives {
                    return Err(mismatch());
                }
                let value =
                    Value::structure([Value::id(bridge::vm_address(id)), Value::U64(*version)]);
                if usage == Usage::Value {
                    slot.held = Held::Taken;
                }
                Ok(Typed {
                    ty: Arc::clone(ty),
                    value,
                })
            }
            Held::Stored(object) => {
                let contents = object.as_struct().ok_or_else(mismatch)?;
                let same = ty.ty.as_datatype().is_some_and(|datatype| {
                    bridge::same_datatype(datatype, contents.object_type())
                });
                if !same {
                    return Err(mismatch());
                }
                let value = Value::from_bcs(contents.contents(), &ty.layout)
                    .map_err(|error| invariant(format!("stored object: {error}")))?;
                if shared_borrow {
                    slot.held = Held::Typed(Typed {
                        ty: Arc::clone(ty),
                        value: value.clone(),
                    });
                } else {
                    slot.held = Held::Taken;
                }
                Ok(Typed {
                    ty: Arc::clone(ty),
                    value,
                })
            }
            Held::Typed(typed) => {
                if typed.ty.ty != ty.ty {
                    return Err(mismatch());
                }
                // A value borrowed for reading stays, so that it can be borrowed again.
                if shared_borrow || (usage == Usage::Value && ty.abilities.has_copy()) {
                    return Ok(typed.clone());
                }
                match std::mem::replace(&mut slot.held, Held::Taken) {
                    Held::Typed(typed) => Ok(typed),
                    _ => Err(invariant("a value changed while it was taken")),
                }
            }
            Held::Taken => Err(argument_error(
                position,
                CommandArgumentError::InvalidValueUsage,
            )),
        }
    }

    /// Loads a type that a transaction or an object names.
    pub(super) fn load_tag(&self, tag: &TypeTag) -> Step<Arc<LoadedType>> {
        let ty = bridge::vm_type(tag).ok_or_else(|| {
            stop_with(
                ExecutionError::VmVerificationOrDeserializationError,
                format!("type {tag} is nested too deeply"),
            )
        })?;
        self.load(&ty)
    }

    pub(super) fn load(&self, ty: &Type) -> Step<Arc<LoadedType>> {
        self.chain
            .vm
            .load_type(self.packages, ty)
            .map_err(machine_error)
    }

    /// Charges for bytes that a command works on.
    pub(super) fn charge_bytes(&mut self, bytes: usize) -> Step<()> {
        self.meter
            .charge_memory(u64::try_from(bytes).unwrap_or(u64::MAX))
            .map_err(machine_error)
    }
}

fn return_value(value: &Typed) -> Step<ReturnValue> {
    let type_tag =
        bridge::type_tag(&value.ty.ty).ok_or_else(|| invariant("the type of a result"))?;
    let bcs = value
        .value
        .to_bcs(&value.ty.layout)
        .map_err(|error| invariant(format!("result: {error}")))?;
    Ok(ReturnValue { type_tag, bcs })
}
