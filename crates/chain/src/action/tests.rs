use atoma_protocol::ids::ChannelId;
use sui_sdk_types::{Address as SuiAddress, Digest, SharedInput};

use super::*;

fn coin(n: u8) -> CoinType {
    CoinType::new(PackageId::new([n; 32]), "usd", "USD").unwrap()
}

fn reference(n: u8) -> ObjectReference {
    ObjectReference::new(SuiAddress::new([n; 32]), 1, Digest::new([n; 32]))
}

fn shared(action: &Action) -> HashMap<ObjectId, Input> {
    action
        .objects()
        .map(|(id, access)| {
            let input = SharedInput::new(id.to_sui(), 1, access == Access::Write);
            (id, Input::Shared(input))
        })
        .collect()
}

fn lower(action: &Action) -> Lowered {
    action.lower(&shared(action), &BTreeMap::new()).unwrap()
}

#[test]
fn equal_values_and_objects_share_one_input() {
    let mut action = Action::new("test");
    let channel = ChannelId::new([1; 32]);
    let first = action.object(channel, Access::Read);
    let second = action.object(channel, Access::Write);
    assert_eq!(first, second);
    assert_eq!(action.pure(&5_u64), action.pure(&5_u64));
    assert_ne!(action.pure(&5_u64), action.pure(&6_u64));
    assert_eq!(
        action.objects().collect::<Vec<_>>(),
        [(ObjectId::new([1; 32]), Access::Write)]
    );
    assert_eq!(lower(&action).transaction.inputs.len(), 3);
}

#[test]
fn a_read_stays_a_read() {
    let mut action = Action::new("test");
    action.object(ObjectId::new([1; 32]), Access::Read);
    action.object(ObjectId::new([1; 32]), Access::Read);
    assert_eq!(
        action.objects().collect::<Vec<_>>(),
        [(ObjectId::new([1; 32]), Access::Read)]
    );
}

#[test]
fn payments_are_cut_in_front_and_indices_move_with_them() {
    let usd = coin(9);
    let mut action = Action::new("test");
    let object = action.object(ObjectId::new([1; 32]), Access::Write);
    let paid = action.coin(&usd, Amount(30));
    let also_paid = action.coin(&usd, Amount(12));
    let made = action.call(
        PackageId::new([2; 32]),
        "m",
        "f",
        vec![],
        vec![object, paid],
    );
    action.call(
        PackageId::new([2; 32]),
        "m",
        "g",
        vec![],
        vec![made, made.nth(1), also_paid],
    );
    assert_eq!(
        action.payments().unwrap(),
        BTreeMap::from([(usd.clone(), Amount(42))])
    );
    let coins = BTreeMap::from([(usd, vec![reference(7), reference(8)])]);
    let lowered = action.lower(&shared(&action), &coins).unwrap();
    assert_eq!(lowered.prefix, 2);
    let commands = &lowered.transaction.commands;
    let Command::MergeCoins(merge) = &commands[0] else {
        panic!("coins are merged first");
    };
    assert_eq!(
        (merge.coin, merge.coins_to_merge.as_slice()),
        (Argument::Input(1), [Argument::Input(2)].as_slice())
    );
    let Command::SplitCoins(split) = &commands[1] else {
        panic!("then cut");
    };
    assert_eq!(split.coin, Argument::Input(1));
    let amounts: Vec<_> = split
        .amounts
        .iter()
        .map(|amount| match amount {
            Argument::Input(index) => &lowered.transaction.inputs[usize::from(*index)],
            _ => panic!("amounts are inputs"),
        })
        .collect();
    assert_eq!(
        amounts,
        [
            &Input::Pure(30_u64.to_le_bytes().to_vec()),
            &Input::Pure(12_u64.to_le_bytes().to_vec())
        ]
    );
    let Command::MoveCall(call) = &commands[2] else {
        panic!("then used");
    };
    assert_eq!(
        call.arguments,
        [Argument::Input(0), Argument::NestedResult(1, 0)]
    );
    let Command::MoveCall(call) = &commands[3] else {
        panic!("then used again");
    };
    assert_eq!(
        call.arguments,
        [
            Argument::Result(2),
            Argument::NestedResult(2, 1),
            Argument::NestedResult(1, 1)
        ]
    );
    assert_eq!(lowered.command_of_action(3), Some(1));
    assert_eq!(lowered.command_of_action(1), None);
}

#[test]
fn sui_comes_from_the_gas_coin_and_nothing_from_nowhere() {
    let mut action = Action::new("test");
    let sui = action.coin(&CoinType::sui(), Amount(5));
    let zero = action.coin(&coin(9), Amount(0));
    action.transfer(vec![sui, zero], Address::new([3; 32]));
    assert_eq!(action.sui_spent(), 5);
    let lowered = lower(&action);
    let zero_made = lowered.transaction.commands.iter().any(
        |command| matches!(command, Command::MoveCall(call) if call.function.as_str() == "zero"),
    );
    let from_gas = lowered.transaction.commands.iter().any(
        |command| matches!(command, Command::SplitCoins(split) if split.coin == Argument::Gas),
    );
    assert!(zero_made && from_gas);
}

#[test]
fn a_payment_without_coins_is_an_error() {
    let mut action = Action::new("test");
    let paid = action.coin(&coin(9), Amount(1));
    action.transfer(vec![paid], Address::new([3; 32]));
    assert!(matches!(
        action.lower(&HashMap::new(), &BTreeMap::new()),
        Err(ChainError::BadArgument(_))
    ));
}

#[test]
fn an_unknown_object_is_an_error() {
    let mut action = Action::new("test");
    action.object(ObjectId::new([4; 32]), Access::Read);
    assert_eq!(
        action.lower(&HashMap::new(), &BTreeMap::new()),
        Err(ChainError::NoSuchObject {
            id: ObjectId::new([4; 32])
        })
    );
}

#[test]
fn payments_that_overflow_are_an_error() {
    let mut action = Action::new("test");
    action.coin(&coin(9), Amount(u64::MAX));
    action.coin(&coin(9), Amount(1));
    assert!(matches!(action.payments(), Err(ChainError::BadArgument(_))));
}

#[test]
fn suis_limits_are_kept() {
    let mut action = Action::new("test");
    action.pure_bytes(vec![0; MAX_PURE_BYTES + 1]);
    assert!(matches!(
        action.lower(&HashMap::new(), &BTreeMap::new()),
        Err(ChainError::TooLarge { size, limit, .. }) if size == limit + 1
    ));

    let mut action = Action::new("test");
    for _ in 0..=MAX_COMMANDS {
        action.call(PackageId::new([2; 32]), "m", "f", vec![], vec![]);
    }
    assert!(matches!(
        action.lower(&HashMap::new(), &BTreeMap::new()),
        Err(ChainError::TooLarge {
            what: "commands",
            ..
        })
    ));

    let mut action = Action::new("test");
    for value in 0..=u32::try_from(MAX_INPUTS).unwrap() {
        action.pure(&value);
    }
    assert!(matches!(
        action.lower(&HashMap::new(), &BTreeMap::new()),
        Err(ChainError::TooLarge { what: "inputs", .. })
    ));
}
