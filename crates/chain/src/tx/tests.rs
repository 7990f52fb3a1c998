use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use atoma_protocol::{
    hash::{
        BodyHash, CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData,
        RequestCommitment, ResponseCommitment,
    },
    ids::{
        AccountId, Address, AttestorSetVersion, ChannelId, CheckpointSeq, KeyEpoch, ModelId,
        NetworkId, NodeId, ObjectId, PackageId, Seq,
    },
    keys::{PublicKey, Signature, SigningKey},
    money::{Amount, Bps, Price, Prices, Tokens},
    statement::{
        EvidenceKind, Grade, Receipt, ReceiptBody, Signed, Statement, Verdict, Verified, Voucher,
    },
    time::TimestampMs,
};
use sui_sdk_types::{
    Address as SuiAddress, Argument, Command, Digest, Input, ObjectReference,
    ProgrammableTransaction, SharedInput,
};

use super::*;
use crate::{
    deployment::{Lineage, SharedObjects, TestUsd},
    error::ChainError,
    id::{ChainId, ReportCommitment, SuiId as _},
    state::{Modality, NetworkParams},
};

const NETWORK: NetworkId = NetworkId::new([0x11; 32]);
const ORIGINAL: PackageId = PackageId::new([0xa1; 32]);
const NEWEST: PackageId = PackageId::new([0xa2; 32]);
const USD: PackageId = PackageId::new([0xd0; 32]);
const NODE: NodeId = NodeId::new([0x21; 32]);
const CHANNEL: ChannelId = ChannelId::new([0x22; 32]);
const CAP: ObjectId = ObjectId::new([0x23; 32]);
const POOL: ObjectId = ObjectId::new([0x24; 32]);
const VAULT: ObjectId = ObjectId::new([0x25; 32]);
const OTHER: ObjectId = ObjectId::new([0x26; 32]);
const MODEL: ModelId = ModelId::new([0x27; 32]);
const ME: Address = Address::new([0x31; 32]);

fn usd() -> CoinType {
    CoinType::new(USD, "usd", "USD").unwrap()
}

fn at() -> Deployment {
    Deployment {
        chain_id: ChainId::new([9; 32]),
        network: NETWORK,
        package: Lineage::new(vec![ORIGINAL, NEWEST]).unwrap(),
        stake_coin: CoinType::new(ORIGINAL, "atoma", "ATOMA").unwrap(),
        payment_coin: usd(),
        objects: SharedObjects {
            live_time: ObjectId::new([0x12; 32]),
            attestors: ObjectId::new([0x13; 32]),
            measurements: ObjectId::new([0x14; 32]),
        },
        test_usd: Some(TestUsd {
            package: USD,
            faucet: ObjectId::new([0x15; 32]),
        }),
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

fn prices() -> Prices {
    Prices {
        input: Price::new(10).unwrap(),
        output: Price::new(20).unwrap(),
    }
}

fn offer() -> OfferTerms {
    OfferTerms {
        model: MODEL,
        prices: prices(),
        context_length: 2_048,
        engine_class: "candle/cpu".to_owned(),
        credit: Amount(1_000),
        max_routing_bps: Bps::new(300).unwrap(),
        min_deposit: Amount(5_000),
    }
}

fn settle_item(channel: u8) -> SettleChannel {
    let channel = ChannelId::new([channel; 32]);
    let voucher = Voucher {
        channel,
        cumulative: Amount(700),
    };
    let statement = Statement {
        channel,
        key_epoch: KeyEpoch(2),
        earned: Amount(650),
        receipts: 9,
        input_tokens: 100,
        output_tokens: 200,
        root: MerkleRoot::new([0x77; 32]),
    };
    SettleChannel {
        coin: usd(),
        node: NODE,
        vault: VAULT,
        voucher: Verified::sign(voucher, NETWORK, &key(1)).into_signed(),
        statement: Verified::sign(statement, NETWORK, &key(2)).into_signed(),
    }
}

fn receipt(fee: u64) -> Signed<Receipt> {
    let head = Receipt {
        account: AccountId::from(CHANNEL),
        key_epoch: KeyEpoch(0),
        seq: Seq(4),
        fee: Amount(fee),
        body_hash: BodyHash::new([0x44; 32]),
    };
    Verified::sign(head, NETWORK, &key(2)).into_signed()
}

fn body() -> ReceiptBody {
    ReceiptBody {
        request_commitment: RequestCommitment::new([1; 32]),
        response_commitment: ResponseCommitment::new([2; 32]),
        part: 1,
        last: true,
        model: MODEL,
        manifest_hash: ManifestHash::new([3; 32]),
        input_before: Tokens::new(5).unwrap(),
        output_before: Tokens::new(6).unwrap(),
        input_tokens: Tokens::new(7).unwrap(),
        output_tokens: Tokens::new(8).unwrap(),
        finished_at_ms: TimestampMs(9),
    }
}

fn verdict() -> Verdict {
    Verdict {
        node: NODE,
        key_epoch: KeyEpoch(1),
        kind: EvidenceKind::Simulated,
        measurement: vec![1, 2, 3],
        evidence_hash: EvidenceHash::new([1; 32]),
        report_data: ReportData::new([2; 32]),
        grade: Grade::SIMULATED,
        anchor_ms: TimestampMs(1_000),
        attestor_set_version: AttestorSetVersion(1),
    }
}

fn signature() -> Signature {
    Signature::new([8; 64])
}

fn params() -> NetworkParams {
    let share = Bps::new(100).unwrap();
    NetworkParams {
        protocol_bps: share,
        max_routing_bps: share,
        min_own_stake: Amount(1),
        min_grace_ms: 2,
        max_grace_ms: 3,
        max_channel_ms: 4,
        reap_ms: 5,
        unbonding_ms: 6,
        hold_back_ms: 7,
        stream_ms: 8,
        timelock_ms: 9,
        max_evidence_age_ms: 10,
        max_anchor_age_ms: 11,
        slash_bps: share,
        reporter_bps: share,
        report_delay_ms: 12,
        report_window_ms: 13,
        jail_ms: 14,
    }
}

fn new_network(params: Option<NetworkParams>) -> CreateNetwork {
    CreateNetwork {
        package: NEWEST,
        dev: true,
        gap_ms: 5_000,
        params,
        treasury: ME,
        coins: vec![usd()],
        admin: ME,
    }
}

fn open() -> OpenChannel {
    OpenChannel {
        node: NODE,
        coin: usd(),
        deposit: Amount(10_000),
        voucher_key: key(1).public(),
        refund_to: ME,
        router: Address::new([0x32; 32]),
        routing_bps: Bps::new(200).unwrap(),
        models: vec![(MODEL, prices())],
        need: Grade::SIMULATED,
        grace: Duration::from_secs(5),
        expires: TimestampMs(99),
        owner: ME,
    }
}

/// One of every action.
fn every_action(at: &Deployment) -> Vec<Action> {
    [
        network_actions(at),
        node_actions(at),
        channel_actions(at),
        slashing_actions(at),
    ]
    .concat()
}

fn network_actions(at: &Deployment) -> Vec<Action> {
    let keys: Vec<PublicKey> = vec![key(5).public()];
    let simulated = EvidenceKind::Simulated;
    let until = TimestampMs(7);
    vec![
        create_network(&new_network(None)),
        create_network(&new_network(Some(params()))),
        create_network(&CreateNetwork {
            dev: false,
            ..new_network(None)
        }),
        accept_coin(at, CAP, &usd()),
        set_attestors(at, CAP, 1, &keys),
        allow_measurement(at, CAP, simulated, &[1, 2], until),
        disallow_measurement(at, CAP, simulated, &[1, 2]),
        pause(at, CAP),
        resume(at, CAP),
        register_model(
            at,
            "smollm2",
            ManifestHash::new([3; 32]),
            Modality::Text,
            "file",
            ME,
        ),
        tick(at),
    ]
}

fn node_actions(at: &Deployment) -> Vec<Action> {
    vec![
        register_node(
            at,
            &RegisterNode {
                stake: Amount(1_000),
                commission_bps: Bps::new(8_000).unwrap(),
                max_commission_bps: Bps::new(9_000).unwrap(),
                coin: usd(),
                offers: vec![offer()],
                owner: ME,
            },
        ),
        set_offers(at, NODE, CAP, &usd(), &[offer()]),
        remove_offer(at, NODE, CAP, &usd(), MODEL),
        stake(at, NODE, CAP, POOL, Amount(5), ME),
        unstake(at, POOL, OTHER, 77, ME),
        withdraw_stake(at, POOL, OTHER, ME),
        drain(at, NODE, CAP),
        activate(at, NODE, CAP, POOL),
        unjail(at, NODE, CAP),
        retire(at, NODE, CAP, POOL),
        withdraw_dues(at, VAULT, NODE, CAP, &usd(), ME),
        mature(at, VAULT, &usd()),
        sweep(at, VAULT, &usd()),
        distribute(at, VAULT, POOL, &usd()),
    ]
}

fn channel_actions(at: &Deployment) -> Vec<Action> {
    vec![
        post_key_epoch(
            at,
            &PostKeyEpoch {
                node: NODE,
                node_cap: CAP,
                key_epoch: KeyEpoch(0),
                kind: EvidenceKind::Simulated,
                measurement: vec![1; 32],
                signing_key: key(2).public(),
                sealing_keys: vec![4; 1_248],
                manifest_hash: ManifestHash::new([3; 32]),
                evidence_hash: EvidenceHash::new([4; 32]),
                evidence_uri: "https://example.org/e".to_owned(),
                anchor_seq: CheckpointSeq(5),
                anchor_digest: CheckpointDigest::new([5; 32]),
            },
        ),
        grade(at, &verdict(), &[(0, signature())]),
        end_key_epoch(at, NODE, CAP, KeyEpoch(0)),
        open_channel(at, &open()),
        top_up(at, CHANNEL, &usd(), Amount(5)),
        settle(at, &[settle_item(0x41), settle_item(0x42)]),
        close(at, CHANNEL, &usd(), NODE, CAP),
        request_close(at, CHANNEL, &usd(), CAP),
        request_close_expired(at, CHANNEL, &usd()),
        finalize(at, CHANNEL, &usd()),
        set_refund_to(at, CHANNEL, &usd(), CAP, ME),
        claim_routing(at, &[(CHANNEL, usd())], ME),
        claim_compensation(at, CHANNEL, &usd(), CAP, ME),
        fold(at, CHANNEL, &usd(), NODE, CAP, KeyEpoch(0)),
        reap(at, CHANNEL, &usd(), CAP, VAULT, ME),
        mint_test_usd(&at.test_usd.unwrap(), Amount(5), ME),
    ]
}

fn slashing_actions(at: &Deployment) -> Vec<Action> {
    let accused = Accused {
        node: NODE,
        pool: POOL,
    };
    vec![
        report_wrong(at, NODE, ReportCommitment::new([1; 32]), ME),
        prove_two_receipts(at, OTHER, accused, &receipt(1), &receipt(2), ME),
        prove_settled_another(
            at,
            OTHER,
            accused,
            &SettledAnother {
                channel: CHANNEL,
                coin: usd(),
                signed: receipt(1),
                settled: receipt(2).statement,
                siblings: vec![[1; 32]],
            },
            ME,
        ),
        prove_overcharge(
            at,
            OTHER,
            accused,
            &Overcharge {
                channel: CHANNEL,
                coin: usd(),
                vault: VAULT,
                head: receipt(9).statement,
                body: body(),
                siblings: vec![[1; 32], [2; 32]],
            },
            ME,
        ),
    ]
}

fn lowered(action: &Action) -> ProgrammableTransaction {
    let objects = action
        .objects()
        .map(|(id, access)| {
            let shared = SharedInput::new(id.to_sui(), 1, access == Access::Write);
            (id, Input::Shared(shared))
        })
        .collect();
    let coin = ObjectReference::new(SuiAddress::new([0xcc; 32]), 1, Digest::new([1; 32]));
    let coins = BTreeMap::from([(usd(), vec![coin.clone()]), (at().stake_coin, vec![coin])]);
    action
        .lower(&objects, &coins)
        .unwrap_or_else(|error| panic!("{}: {error}", action.name()))
        .transaction
}

/// A public function of the Move source.
#[derive(Debug)]
struct Signature_ {
    type_params: usize,
    /// Types of the parameters, `TxContext` aside.
    params: Vec<String>,
}

fn signatures(package: &str) -> BTreeMap<(String, String), Signature_> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../move")
        .join(package)
        .join("sources");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let (_, rest) = source.split_once("\nmodule ").unwrap();
        let module = rest.split(';').next().unwrap().split("::").nth(1).unwrap();
        for function in source.split("\npublic fun ").skip(1) {
            let (head, rest) = function.split_once('(').unwrap();
            let (name, type_params) = match head.split_once('<') {
                Some((name, params)) => (name, params.split(',').count()),
                None => (head, 0),
            };
            let (params, _) = rest.split_once(')').unwrap();
            let params = params
                .split(',')
                .map(str::trim)
                .filter_map(|param| param.split_once(": "))
                .map(|(_, kind)| kind.to_owned())
                .filter(|kind| !kind.ends_with("TxContext"))
                .collect();
            found.insert(
                (module.to_owned(), name.to_owned()),
                Signature_ {
                    type_params,
                    params,
                },
            );
        }
    }
    found
}

/// How many bytes a plain argument of this Move type may have.
fn check_pure(kind: &str, bytes: &[u8], call: &str) {
    let whole = |size: usize| assert_eq!(bytes.len(), size, "{call}: {kind}");
    match kind {
        "u8" | "bool" => whole(1),
        "u32" => whole(4),
        "u64" => whole(8),
        "u128" => whole(16),
        "address" | "ID" => whole(32),
        "String" | "vector<u8>" => {
            bcs::from_bytes::<Vec<u8>>(bytes).unwrap_or_else(|e| panic!("{call}: {kind}: {e}"));
        }
        "vector<vector<u8>>" => {
            bcs::from_bytes::<Vec<Vec<u8>>>(bytes)
                .unwrap_or_else(|e| panic!("{call}: {kind}: {e}"));
        }
        "vector<u64>" => {
            bcs::from_bytes::<Vec<u64>>(bytes).unwrap_or_else(|e| panic!("{call}: {kind}: {e}"));
        }
        "vector<ID>" | "vector<address>" => {
            bcs::from_bytes::<Vec<[u8; 32]>>(bytes)
                .unwrap_or_else(|e| panic!("{call}: {kind}: {e}"));
        }
        _ => panic!("{call}: a plain argument for {kind}"),
    }
}

#[test]
fn every_call_fits_its_signature_in_the_source() {
    let atoma = signatures("atoma");
    let usd_package = signatures("usd");
    let mut called = 0;
    for action in every_action(&at()) {
        let transaction = lowered(&action);
        for command in &transaction.commands {
            let Command::MoveCall(call) = command else {
                continue;
            };
            let table = match PackageId::from_sui(call.package) {
                NEWEST => &atoma,
                USD => &usd_package,
                package => panic!("{}: calls {package}", action.name()),
            };
            let name = format!("{}::{}", call.module, call.function);
            let signature = table
                .get(&(call.module.to_string(), call.function.to_string()))
                .unwrap_or_else(|| panic!("{}: there is no {name}", action.name()));
            assert_eq!(call.type_arguments.len(), signature.type_params, "{name}");
            assert_eq!(call.arguments.len(), signature.params.len(), "{name}");
            for (argument, kind) in call.arguments.iter().zip(&signature.params) {
                check_argument(&transaction, *argument, kind, &name);
            }
            called += 1;
        }
    }
    assert!(called > 50, "{called}");
}

fn check_argument(
    transaction: &ProgrammableTransaction,
    argument: Argument,
    kind: &str,
    call: &str,
) {
    let Argument::Input(index) = argument else {
        // Results are structs; coins are paid from results.
        assert!(
            kind.starts_with('&') || kind.starts_with(char::is_uppercase),
            "{call}: {kind}"
        );
        return;
    };
    match &transaction.inputs[usize::from(index)] {
        Input::Pure(bytes) => check_pure(kind, bytes, call),
        Input::Shared(shared) => {
            let mutable = shared.mutability().is_mutable();
            // One input an object: another command may want to write what this one reads.
            if kind.starts_with("&mut ") || !kind.starts_with('&') {
                assert!(mutable, "{call}: {kind} must be writable");
            }
        }
        other => panic!("{call}: {kind} is given {other:?}"),
    }
}

/// Shared objects that are only read must be read-only inputs, or unrelated transactions would queue.
#[test]
fn settling_writes_channel_and_vault_only() {
    let transaction = lowered(&settle(&at(), &[settle_item(0x41), settle_item(0x42)]));
    let written: Vec<SuiAddress> = transaction
        .inputs
        .iter()
        .filter_map(|input| match input {
            Input::Shared(shared) if shared.mutability().is_mutable() => Some(shared.object_id()),
            _ => None,
        })
        .collect();
    assert_eq!(
        written,
        [
            SuiAddress::new([0x41; 32]),
            VAULT.to_sui(),
            SuiAddress::new([0x42; 32])
        ]
    );
}

#[test]
fn opening_reads_network_and_node() {
    let transaction = lowered(&open_channel(&at(), &open()));
    let shared_written = transaction
        .inputs
        .iter()
        .any(|input| matches!(input, Input::Shared(shared) if shared.mutability().is_mutable()));
    assert!(!shared_written);
}

#[test]
fn a_hundred_settles_fit_a_transaction() {
    let items: Vec<SettleChannel> = (0..200).map(settle_item).collect();
    for (count, limit) in [(100, 48 * 1_024), (200, 100 * 1_024)] {
        let transaction = lowered(&settle(&at(), &items[..count]));
        let size = bcs::serialized_size(&transaction).unwrap();
        assert!(size < limit, "{count} settles are {size} bytes");
        assert_eq!(transaction.commands.len(), count);
    }
}

#[test]
fn a_voucher_and_a_statement_of_two_channels_are_refused() {
    let mut item = settle_item(1);
    item.statement = settle_item(2).statement;
    let action = settle(&at(), &[item]);
    assert!(matches!(
        action.lower(&std::collections::HashMap::new(), &BTreeMap::new()),
        Err(ChainError::BadArgument(_))
    ));
}

#[test]
fn signers_are_put_in_order_and_sign_once() {
    let signed = |signers: &[u8]| {
        let signatures: Vec<(u8, Signature)> = signers
            .iter()
            .map(|signer| (*signer, Signature::new([*signer; 64])))
            .collect();
        grade(&at(), &verdict(), &signatures)
    };
    let transaction = lowered(&signed(&[2, 0, 1]));
    let has = |bytes: Vec<u8>| transaction.inputs.contains(&Input::Pure(bytes));
    assert!(has(bcs::to_bytes(&vec![0_u8, 1, 2]).unwrap()));
    let ordered: Vec<Vec<u8>> = (0..3).map(|signer| vec![signer; 64]).collect();
    assert!(has(bcs::to_bytes(&ordered).unwrap()));
    assert!(matches!(
        signed(&[1, 1]).lower(&std::collections::HashMap::new(), &BTreeMap::new()),
        Err(ChainError::BadArgument(_))
    ));
}

#[test]
fn publishing_gives_the_upgrade_cap_to_the_owner() {
    let action = publish(vec![vec![1, 2, 3]], vec![PackageId::new([2; 32])], ME);
    let transaction = lowered(&action);
    assert!(matches!(&transaction.commands[0], Command::Publish(publish)
        if publish.modules == [vec![1, 2, 3]] && publish.dependencies.len() == 1));
    assert!(
        matches!(&transaction.commands[1], Command::TransferObjects(transfer)
        if transfer.objects == [Argument::Result(0)])
    );
}

#[test]
fn merging_takes_two_coins() {
    assert!(matches!(
        merge_all(&[OTHER]).lower(&std::collections::HashMap::new(), &BTreeMap::new()),
        Err(ChainError::BadArgument(_))
    ));
    assert_eq!(lowered(&merge_all(&[OTHER, CAP, POOL])).commands.len(), 1);
}

#[test]
fn transfers_pay_each_from_one_split() {
    let to = [(ME, Amount(3)), (Address::new([0x33; 32]), Amount(4))];
    let transaction = lowered(&transfer(&usd(), &to));
    assert!(
        matches!(&transaction.commands[0], Command::SplitCoins(split) if split.amounts.len() == 2)
    );
    assert_eq!(transaction.commands.len(), 3);
    let minted = lowered(&treasury_mint(&usd(), OTHER, Amount(3), ME));
    assert!(matches!(&minted.commands[0], Command::MoveCall(call)
        if call.package == SuiAddress::TWO && call.function.as_str() == "mint"));
}
