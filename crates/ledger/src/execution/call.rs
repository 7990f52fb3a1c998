//! Calls of Move functions.

use std::sync::Arc;

use atoma_move_vm::{self as vm, Call, FunctionInfo, Host, LoadedType, Status, Type, Visibility};
use sui_sdk_types::{
    Address, Argument, CommandArgumentError, ExecutionError, Identifier, MoveCall,
    TypeArgumentError,
};

use super::Mode;
use super::failure::{
    Step, argument_error, fail, invariant, machine_error, stop, stop_with, type_argument_error,
};
use super::interpreter::{Interpreter, Left, Usage};
use super::values::{Place, Typed, is_obligation};
use crate::bridge;

/// Functions of the framework that a transaction may not call itself: module and function, where
/// `None` means every function. Calling them is reserved to the module that declares the type.
const RESERVED: [(&str, Option<&str>); 8] = [
    ("event", None),
    ("transfer", Some("transfer")),
    ("transfer", Some("freeze_object")),
    ("transfer", Some("share_object")),
    ("transfer", Some("receive")),
    ("transfer", Some("party_transfer")),
    ("coin_registry", Some("new_currency")),
    ("internal", None),
];

/// An argument on its way into a call.
struct Passed {
    place: Place,
    argument: Argument,
    usage: Usage,
    ty: Arc<LoadedType>,
}

impl Interpreter<'_> {
    pub(super) fn call(&mut self, call: &MoveCall) -> Step<Left> {
        let package = bridge::vm_address(&call.package);
        let function = self
            .chain
            .vm
            .function(self.packages, &package, &call.module, &call.function)
            .map_err(machine_error)?;
        self.check_callable(call, &function)?;
        let type_args = self.type_arguments(call, &function)?;
        let parameters = instantiate(&function.parameters, &type_args)?;
        let returns = instantiate(&function.returns, &type_args)?;
        if let Some(index) = returns.iter().position(Type::is_reference) {
            return fail(ExecutionError::InvalidPublicFunctionReturnType {
                index: u16::try_from(index).unwrap_or(u16::MAX),
            });
        }
        let contexts = parameters.iter().filter(|ty| is_tx_context(ty)).count();
        if parameters.len() - contexts != call.arguments.len() {
            return fail(ExecutionError::ArityMismatch);
        }
        let is_guarded = function.visibility != Visibility::Public
            && !matches!(self.mode, Mode::Inspection | Mode::System);
        let (args, passed, group) = self.arguments(call, &parameters, is_guarded)?;
        self.objects.set_caller(call.package, call.module.clone());
        let outcome = self.invoke(package, &call.module, &call.function, &type_args, args)?;
        let mut left = Left {
            group: Some(group),
            ..Left::default()
        };
        for (index, value) in outcome.references {
            if let Some(Some(passed)) = passed.get(index)
                && passed.usage == Usage::BorrowMutably
            {
                self.give_back(passed.place, &passed.ty, value)?;
                left.mutated.push((passed.argument, passed.place));
            }
        }
        if outcome.returns.len() != returns.len() {
            return Err(invariant("a call returned too many or too few values"));
        }
        for (ty, value) in returns.iter().zip(outcome.returns) {
            let ty = self.load(ty)?;
            left.results.push(Typed { ty, value });
        }
        Ok(left)
    }

    /// Calls into the machine.
    pub(super) fn invoke(
        &mut self,
        package: vm::Address,
        module: &str,
        function: &str,
        type_args: &[Type],
        args: Vec<vm::Argument>,
    ) -> Step<vm::Outcome> {
        let call = Call {
            package,
            module,
            function,
            type_args,
            args,
        };
        let host = Host {
            resolver: self.packages,
            objects: &mut self.objects,
            gas: &mut self.meter,
        };
        self.chain.vm.execute(call, host).map_err(machine_error)
    }

    fn check_callable(&self, call: &MoveCall, function: &FunctionInfo) -> Step<()> {
        if matches!(self.mode, Mode::Inspection | Mode::System) {
            return Ok(());
        }
        let callable = function.visibility == Visibility::Public || function.is_entry;
        if !callable || call.function.as_str() == "init" {
            return Err(stop_with(
                ExecutionError::NonEntryFunctionInvoked,
                format!(
                    "{}::{} is neither public nor entry",
                    call.module, call.function
                ),
            ));
        }
        let reserved = call.package == Address::TWO
            && RESERVED.iter().any(|(module, name)| {
                call.module.as_str() == *module
                    && name.is_none_or(|name| call.function.as_str() == name)
            });
        if reserved {
            return Err(stop_with(
                ExecutionError::NonEntryFunctionInvoked,
                format!(
                    "sui::{}::{} is reserved to the module that declares the type",
                    call.module, call.function
                ),
            ));
        }
        Ok(())
    }

    fn type_arguments(&self, call: &MoveCall, function: &FunctionInfo) -> Step<Vec<Type>> {
        if call.type_arguments.len() != function.type_parameters.len() {
            return fail(ExecutionError::TypeArityMismatch);
        }
        let mut types = Vec::with_capacity(call.type_arguments.len());
        let expected = function.type_parameters.iter();
        for (index, (tag, abilities)) in call.type_arguments.iter().zip(expected).enumerate() {
            let not_found = || type_argument_error(index, TypeArgumentError::TypeNotFound);
            let ty = bridge::vm_type(tag).ok_or_else(not_found)?;
            let loaded = match self.chain.vm.load_type(self.packages, &ty) {
                Ok(loaded) => loaded,
                Err(error) => {
                    return Err(match error.status {
                        Status::TypeNotFound | Status::ModuleNotFound | Status::PackageNotFound => {
                            not_found()
                        }
                        _ => machine_error(error),
                    });
                }
            };
            if !loaded.abilities.contains(*abilities) {
                return Err(type_argument_error(
                    index,
                    TypeArgumentError::ConstraintNotSatisfied,
                ));
            }
            types.push(ty);
        }
        Ok(types)
    }

    /// Collects the arguments: for the machine, what is to be given back, and the group that all of
    /// them now form.
    fn arguments(
        &mut self,
        call: &MoveCall,
        parameters: &[Type],
        is_guarded: bool,
    ) -> Step<(Vec<vm::Argument>, Vec<Option<Passed>>, usize)> {
        let group = self.groups.open();
        let mut args = Vec::with_capacity(parameters.len());
        let mut passed = Vec::with_capacity(parameters.len());
        let mut released = Vec::new();
        let mut given = call.arguments.iter().enumerate();
        for parameter in parameters {
            if is_tx_context(parameter) {
                args.push(self.tx_context(parameter));
                passed.push(None);
                continue;
            }
            let (position, argument) = given
                .next()
                .ok_or_else(|| stop(ExecutionError::ArityMismatch))?;
            let place = self.place(position, *argument)?;
            let (usage, inner) = match parameter {
                Type::Reference(inner) => (Usage::Borrow, &**inner),
                Type::MutableReference(inner) => (Usage::BorrowMutably, &**inner),
                by_value => (Usage::Value, by_value),
            };
            let ty = self.load(inner)?;
            if usage == Usage::Value {
                self.refuse_gas(position, place)?;
            }
            let value = self.take(position, place, usage, &ty)?;
            if let Some(of_argument) = self.slot(place)?.group {
                if is_guarded && self.groups.is_obliged(of_argument) {
                    return Err(argument_error(
                        position,
                        CommandArgumentError::InvalidArgumentToPrivateEntryFunction,
                    ));
                }
                if usage == Usage::Value && is_obligation(&ty) {
                    released.push(of_argument);
                }
            }
            self.join_group(place, group)?;
            args.push(match usage {
                Usage::Value => vm::Argument::Value(value),
                Usage::Borrow => vm::Argument::Reference(value),
                Usage::BorrowMutably => vm::Argument::MutableReference(value),
            });
            passed.push(Some(Passed {
                place,
                argument: *argument,
                usage,
                ty,
            }));
        }
        for of_argument in released {
            self.groups.release(of_argument);
        }
        Ok((args, passed, group))
    }

    /// Makes the value at a place a member of a group, with all that it is grouped with.
    pub(super) fn join_group(&mut self, place: Place, group: usize) -> Step<()> {
        let previous = self.slot_mut(place)?.group.replace(group);
        if let Some(previous) = previous {
            self.groups.merge(group, previous);
        }
        Ok(())
    }

    pub(super) fn tx_context(&self, parameter: &Type) -> vm::Argument {
        use atoma_move_vm::ObjectRuntime as _;
        let value = self.objects.tx().to_tx_context(self.objects.ids_created());
        match parameter {
            Type::MutableReference(_) => vm::Argument::MutableReference(value),
            _ => vm::Argument::Reference(value),
        }
    }

    /// Calls the `init` function of a module that was just published, if it has one.
    pub(super) fn initialize(&mut self, package: Address, module: &Identifier) -> Step<()> {
        const INIT: &str = "init";
        let address = bridge::vm_address(&package);
        let function = match self
            .chain
            .vm
            .function(self.packages, &address, module, INIT)
        {
            Ok(function) => function,
            Err(error) if error.status == Status::FunctionNotFound => return Ok(()),
            Err(error) => return Err(machine_error(error)),
        };
        let mut args = Vec::new();
        for parameter in &function.parameters {
            if is_tx_context(parameter) {
                args.push(self.tx_context(parameter));
            } else {
                // The one-time witness: a struct whose only field is a bool.
                let witness = vm::Value::structure([vm::Value::Bool(false)]);
                args.push(vm::Argument::Value(witness));
            }
        }
        self.objects.set_caller(package, module.clone());
        self.invoke(address, module, INIT, &[], args)?;
        Ok(())
    }
}

fn instantiate(types: &[Type], type_args: &[Type]) -> Step<Vec<Type>> {
    types
        .iter()
        .map(|ty| ty.substitute(type_args))
        .collect::<Option<_>>()
        .ok_or_else(|| invariant("a type parameter out of range"))
}

fn is_tx_context(ty: &Type) -> bool {
    match ty {
        Type::Reference(inner) | Type::MutableReference(inner) => inner
            .as_datatype()
            .is_some_and(|datatype| datatype.is(&vm::Address::SUI, "tx_context", "TxContext")),
        _ => false,
    }
}
