//! Commands without a call: coins, transfers, vectors.

use std::sync::Arc;

use atoma_move_vm::{self as vm, LoadedType, ObjectRuntime, Recipient, Type, Value};
use sui_sdk_types::{
    CommandArgumentError, ExecutionError, MakeMoveVector, MergeCoins, SplitCoins, TransferObjects,
};

use super::Mode;
use super::failure::{Step, argument_error, fail, invariant, stop, stop_with};
use super::interpreter::{Interpreter, Left, Usage};
use super::values::{Held, Place, Typed, is_obligation};

impl Interpreter<'_> {
    pub(super) fn transfer_objects(&mut self, transfer: &TransferObjects) -> Step<Left> {
        let mut objects = Vec::with_capacity(transfer.objects.len());
        for (position, argument) in transfer.objects.iter().enumerate() {
            let place = self.place(position, *argument)?;
            let object = self.take_any(position, place)?;
            let abilities = object.ty.abilities;
            if !abilities.has_key() || !abilities.has_store() {
                return Err(argument_error(
                    position,
                    CommandArgumentError::InvalidTransferObject,
                ));
            }
            objects.push(object);
        }
        let position = transfer.objects.len();
        let place = self.place(position, transfer.address)?;
        let address_type = self.load(&Type::Address)?;
        let recipient = self
            .take(position, place, Usage::Value, &address_type)?
            .as_address()
            .ok_or_else(|| invariant("an address is no address"))?;
        for object in objects {
            self.objects
                .transfer(&object.ty, object.value, Recipient::Address(recipient))
                .map_err(|error| {
                    stop_with(
                        ExecutionError::MovePrimitiveRuntimeError { location: None },
                        error.to_string(),
                    )
                })?;
        }
        Ok(Left::default())
    }

    pub(super) fn split_coins(&mut self, split: &SplitCoins) -> Step<Left> {
        let place = self.place(0, split.coin)?;
        let ty = self.coin_type_at(0, place)?;
        let coin = self.take(0, place, Usage::BorrowMutably, &ty)?;
        let (id, mut balance) = coin_parts(&coin)?;
        let amount_type = self.load(&Type::U64)?;
        let mut amounts = Vec::with_capacity(split.amounts.len());
        for (index, argument) in split.amounts.iter().enumerate() {
            let position = index + 1;
            let place = self.place(position, *argument)?;
            let amount = self.take(position, place, Usage::Value, &amount_type)?;
            amounts.push(amount.as_u64().ok_or_else(|| invariant("an amount"))?);
        }
        let mut results = Vec::with_capacity(amounts.len());
        for amount in amounts {
            balance = balance
                .checked_sub(amount)
                .ok_or_else(|| stop(ExecutionError::InsufficientCoinBalance))?;
            let new_id = self.fresh_id()?;
            results.push(Typed {
                ty: Arc::clone(&ty),
                value: coin_value(new_id, amount),
            });
        }
        self.give_back(place, &ty, coin_value(id, balance))?;
        let group = self.groups.open();
        self.join_group(place, group)?;
        Ok(Left {
            results,
            mutated: vec![(split.coin, place)],
            group: Some(group),
        })
    }

    pub(super) fn merge_coins(&mut self, merge: &MergeCoins) -> Step<Left> {
        let place = self.place(0, merge.coin)?;
        let ty = self.coin_type_at(0, place)?;
        let coin = self.take(0, place, Usage::BorrowMutably, &ty)?;
        let (id, mut balance) = coin_parts(&coin)?;
        let group = self.groups.open();
        for (index, argument) in merge.coins_to_merge.iter().enumerate() {
            let position = index + 1;
            let source = self.place(position, *argument)?;
            self.refuse_gas(position, source)?;
            let merged = self.take(position, source, Usage::Value, &ty)?;
            self.join_group(source, group)?;
            let (merged_id, value) = coin_parts(&merged)?;
            balance = balance
                .checked_add(value)
                .ok_or_else(|| stop(ExecutionError::CoinBalanceOverflow))?;
            self.objects.delete_uid(merged_id).map_err(|error| {
                stop_with(
                    ExecutionError::MovePrimitiveRuntimeError { location: None },
                    error.to_string(),
                )
            })?;
        }
        self.give_back(place, &ty, coin_value(id, balance))?;
        self.join_group(place, group)?;
        Ok(Left {
            results: Vec::new(),
            mutated: vec![(merge.coin, place)],
            group: Some(group),
        })
    }

    pub(super) fn make_vector(&mut self, vector: &MakeMoveVector) -> Step<Left> {
        let element = match &vector.type_ {
            Some(tag) => self.load_tag(tag)?,
            None => {
                let argument = vector
                    .elements
                    .first()
                    .ok_or_else(|| stop(ExecutionError::ArityMismatch))?;
                let place = self.place(0, *argument)?;
                if matches!(self.slot(place)?.held, Held::Pure(_)) {
                    return Err(argument_error(
                        0,
                        CommandArgumentError::InvalidMakeMoveVecNonObjectArgument,
                    ));
                }
                let ty = self.type_at(0, place)?;
                if !ty.abilities.has_key() && self.mode != Mode::Inspection {
                    return Err(argument_error(
                        0,
                        CommandArgumentError::InvalidMakeMoveVecNonObjectArgument,
                    ));
                }
                ty
            }
        };
        let group = self.groups.open();
        let mut elements = Vec::with_capacity(vector.elements.len());
        for (position, argument) in vector.elements.iter().enumerate() {
            let place = self.place(position, *argument)?;
            self.refuse_gas(position, place)?;
            let value = self.take(position, place, Usage::Value, &element)?;
            self.join_group(place, group)?;
            if is_obligation(&element) {
                self.groups.release(group);
            }
            elements.push(value);
        }
        let ty = self.load(&Type::vector(element.ty.clone()))?;
        let value = vector_value(&element, elements)?;
        Ok(Left {
            results: vec![Typed { ty, value }],
            mutated: Vec::new(),
            group: Some(group),
        })
    }

    pub(super) fn fresh_id(&mut self) -> Step<vm::Address> {
        self.objects.fresh_id().map_err(|error| {
            stop_with(
                ExecutionError::MovePrimitiveRuntimeError { location: None },
                error.to_string(),
            )
        })
    }

    /// Type of the value at a place, which must be a coin.
    fn coin_type_at(&mut self, position: usize, place: Place) -> Step<Arc<LoadedType>> {
        let ty = self.type_at(position, place)?;
        let is_coin = ty
            .ty
            .as_datatype()
            .is_some_and(|datatype| datatype.is(&vm::Address::SUI, "coin", "Coin"));
        if !is_coin {
            return Err(argument_error(position, CommandArgumentError::TypeMismatch));
        }
        Ok(ty)
    }
}

/// `vector<u8>` is kept as bytes, every other vector as values.
fn vector_value(element: &LoadedType, elements: Vec<Value>) -> Step<Value> {
    if element.ty != Type::U8 {
        return Ok(Value::Vector(elements));
    }
    let byte = |value| match value {
        Value::U8(byte) => Some(byte),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = elements.into_iter().map(byte).collect();
    match bytes {
        Some(bytes) => Ok(Value::Bytes(bytes)),
        None => fail(ExecutionError::InvariantViolation),
    }
}

/// Id and balance of a `Coin<T> { id: UID, balance: Balance<T> { value: u64 } }`.
pub(super) fn coin_parts(coin: &Value) -> Step<(vm::Address, u64)> {
    let balance = coin
        .field(1)
        .and_then(|balance| balance.field(0))
        .and_then(Value::as_u64);
    coin.object_id()
        .zip(balance)
        .ok_or_else(|| invariant("a coin is no coin"))
}

pub(super) fn coin_value(id: vm::Address, balance: u64) -> Value {
    Value::structure([Value::uid(id), Value::structure([Value::U64(balance)])])
}
