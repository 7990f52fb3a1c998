//! Checks that need nothing but the transaction itself.

use std::collections::BTreeSet;

use sui_sdk_types::{
    Command, Input, MoveCall, ProgrammableTransaction, Transaction, TransactionKind, TypeTag,
    UserSignature,
};

use crate::error::Refusal;
use crate::limits::Limits;

/// Refuses what is too large, empty, repeated or not for users.
pub(crate) fn check_structure(
    transaction: &Transaction,
    signatures: &[UserSignature],
    limits: &Limits,
) -> Result<(), Refusal> {
    let TransactionKind::ProgrammableTransaction(programmable) = &transaction.kind else {
        return Err(Refusal::Unsupported(
            "only programmable transactions come from users",
        ));
    };
    check_size(transaction, signatures, limits)?;
    within("inputs", programmable.inputs.len(), limits.inputs)?;
    within("commands", programmable.commands.len(), limits.commands)?;
    let payment = &transaction.gas_payment.objects;
    within(
        "gas payment objects",
        payment.len(),
        limits.gas_payment_objects,
    )?;
    if programmable.commands.is_empty() {
        return Err(Refusal::EmptyCommand { command: 0 });
    }
    check_inputs(transaction, programmable, limits)?;
    for (index, command) in programmable.commands.iter().enumerate() {
        check_command(index, command, limits)?;
    }
    let publishes = programmable
        .commands
        .iter()
        .filter(|command| matches!(command, Command::Publish(_) | Command::Upgrade(_)))
        .count();
    within(
        "publish and upgrade commands",
        publishes,
        limits.publish_commands,
    )
}

pub(super) fn within(limit: &'static str, value: usize, most: usize) -> Result<(), Refusal> {
    if value <= most {
        return Ok(());
    }
    Err(Refusal::Limit {
        limit,
        value: u64::try_from(value).unwrap_or(u64::MAX),
        most: u64::try_from(most).unwrap_or(u64::MAX),
    })
}

fn check_size(
    transaction: &Transaction,
    signatures: &[UserSignature],
    limits: &Limits,
) -> Result<(), Refusal> {
    let malformed = |error: bcs::Error| Refusal::Malformed {
        what: "transaction",
        reason: error.to_string(),
    };
    let mut size = bcs::serialized_size(transaction).map_err(malformed)?;
    for signature in signatures {
        size += bcs::serialized_size(signature).map_err(malformed)?;
    }
    within("transaction bytes", size, limits.transaction_bytes)
}

fn check_inputs(
    transaction: &Transaction,
    programmable: &ProgrammableTransaction,
    limits: &Limits,
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for reference in &transaction.gas_payment.objects {
        if !seen.insert(*reference.object_id()) {
            return Err(Refusal::DuplicateObject(*reference.object_id()));
        }
    }
    for input in &programmable.inputs {
        let id = match input {
            Input::Pure(bytes) => {
                within(
                    "pure argument bytes",
                    bytes.len(),
                    limits.pure_argument_bytes,
                )?;
                continue;
            }
            Input::ImmutableOrOwned(reference) | Input::Receiving(reference) => {
                *reference.object_id()
            }
            Input::Shared(shared) => shared.object_id(),
            Input::FundsWithdrawal(_) => {
                return Err(Refusal::Unsupported("withdrawals from address balances"));
            }
            _ => return Err(Refusal::Unsupported("this kind of input")),
        };
        if !seen.insert(id) {
            return Err(Refusal::DuplicateObject(id));
        }
    }
    for command in &programmable.commands {
        match command {
            Command::MoveCall(call) => {
                packages.insert(call.package);
            }
            Command::Publish(publish) => packages.extend(&publish.dependencies),
            Command::Upgrade(upgrade) => {
                packages.extend(&upgrade.dependencies);
                packages.insert(upgrade.package);
            }
            _ => {}
        }
    }
    within(
        "input objects",
        seen.len() + packages.len(),
        limits.input_objects,
    )
}

fn check_command(index: usize, command: &Command, limits: &Limits) -> Result<(), Refusal> {
    let some = |count: usize| {
        if count == 0 {
            return Err(Refusal::EmptyCommand { command: index });
        }
        within("arguments of a command", count, limits.arguments)
    };
    match command {
        Command::MoveCall(call) => check_call(call, limits),
        Command::TransferObjects(transfer) => some(transfer.objects.len()),
        Command::SplitCoins(split) => some(split.amounts.len()),
        Command::MergeCoins(merge) => some(merge.coins_to_merge.len()),
        Command::MakeMoveVector(vector) => {
            if let Some(element) = &vector.type_ {
                check_types(std::slice::from_ref(element), limits)?;
            } else if vector.elements.is_empty() {
                return Err(Refusal::EmptyCommand { command: index });
            }
            within(
                "arguments of a command",
                vector.elements.len(),
                limits.arguments,
            )
        }
        Command::Publish(publish) => check_package(
            index,
            publish.modules.len(),
            publish.dependencies.len(),
            limits,
        ),
        Command::Upgrade(upgrade) => check_package(
            index,
            upgrade.modules.len(),
            upgrade.dependencies.len(),
            limits,
        ),
        _ => Err(Refusal::Unsupported("this kind of command")),
    }
}

fn check_package(
    command: usize,
    modules: usize,
    dependencies: usize,
    limits: &Limits,
) -> Result<(), Refusal> {
    if modules == 0 {
        return Err(Refusal::EmptyCommand { command });
    }
    within("modules of a package", modules, limits.package_modules)?;
    within(
        "dependencies of a package",
        dependencies,
        limits.package_dependencies,
    )
}

fn check_call(call: &MoveCall, limits: &Limits) -> Result<(), Refusal> {
    within(
        "arguments of a command",
        call.arguments.len(),
        limits.arguments,
    )?;
    within(
        "type arguments",
        call.type_arguments.len(),
        limits.type_arguments,
    )?;
    check_types(&call.type_arguments, limits)
}

fn check_types(types: &[TypeTag], limits: &Limits) -> Result<(), Refusal> {
    let mut nodes = 0;
    let mut open: Vec<(&TypeTag, usize)> = types.iter().map(|tag| (tag, 1)).collect();
    while let Some((tag, depth)) = open.pop() {
        nodes += 1;
        within("nodes of type arguments", nodes, limits.type_argument_nodes)?;
        within(
            "depth of a type argument",
            depth,
            limits.type_argument_depth,
        )?;
        match tag {
            TypeTag::Vector(element) => open.push((element, depth + 1)),
            TypeTag::Struct(tag) => {
                open.extend(tag.type_params().iter().map(|tag| (tag, depth + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}
