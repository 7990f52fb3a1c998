//! A node that signs what is untrue, and a payer that does not pay.

use atoma_protocol::{
    channel::{
        Delivered, Flow, Lie, MAX_PENDING_PARTS, PartEnd, PartError, PartReceipt, Payee,
        PayeeConfig, Payer, PayerConfig, PayerError, StreamId, StreamRequest, part_limit,
    },
    hash::{BodyHash, ManifestHash, MerkleRoot, RequestCommitment, ResponseCommitment},
    ids::{KeyEpoch, NetworkId, Seq},
    keys::SigningKey,
    merkle::{LeafHash, Tree},
    money::{Amount, TokenCount, part_fee},
    statement::{Receipt, Signable, Verified, Voucher},
    time::TimestampMs,
};
use proptest::prelude::*;

use crate::setup::{
    CREDIT, STARTING_CREDIT, STEP_TOKENS, epoch_key, model, payee_config, spec, terms, tokens,
    voucher_key,
};

const EPOCH: KeyEpoch = KeyEpoch(3);
const INPUT_BOUND: u64 = 50;
const MAX_OUTPUT: u64 = 400;

/// A payer that holds the first part of an answer, and the second part as an honest node cuts it.
struct Scene {
    payer: Payer,
    stream: StreamId,
    first: Receipt,
    part: PartReceipt,
    delivered: Delivered,
}

fn response(byte: u8) -> ResponseCommitment {
    ResponseCommitment::new([byte; 32])
}

fn payer() -> Payer {
    let config = PayerConfig {
        ahead_limit: Amount(5_000),
    };
    let mut payer = Payer::new(terms(), config).unwrap();
    payer.on_funded(Amount(100_000));
    payer.add_epoch(EPOCH, epoch_key(EPOCH).public()).unwrap();
    payer
}

fn scene() -> Scene {
    let config = PayeeConfig {
        starting_credit: CREDIT,
        ..payee_config()
    };
    let (mut payer, mut payee) = (payer(), Payee::new(terms(), EPOCH, config).unwrap());
    payee.on_funded(Amount(100_000));
    let spec = spec(1, 0, INPUT_BOUND, MAX_OUTPUT);
    let request = StreamRequest { epoch: EPOCH, spec };
    let grant = payer.open_stream(&voucher_key(), request).unwrap();
    payee.on_voucher(grant.voucher.unwrap()).unwrap();
    let id = payee.open_stream(spec).unwrap();
    let mut cut = |input, output, byte| {
        let made = TokenCount::new(tokens(input), tokens(output));
        payee.on_tokens(id, made).unwrap();
        let end = PartEnd {
            last: false,
            response_commitment: response(byte),
            now: TimestampMs(7),
        };
        payee.cut_part(&epoch_key(EPOCH), id, end).unwrap()
    };
    let (first, second) = (cut(40, 4, 1), cut(0, 4, 2));
    let delivered = |byte, output| Delivered {
        response_commitment: response(byte),
        output_at_most: Some(tokens(output)),
    };
    payer
        .on_part(grant.stream, &first, &delivered(1, 4))
        .unwrap();
    Scene {
        payer,
        stream: grant.stream,
        first: first.receipt.statement,
        part: second,
        delivered: delivered(2, 8),
    }
}

impl Scene {
    /// Signs the part again, as a cheating node would, after one field was changed.
    fn resign(&mut self) {
        let (key, network) = (epoch_key(EPOCH), terms().network);
        self.part.receipt =
            Verified::sign(self.part.receipt.statement, network, &key).into_signed();
        self.part.statement =
            Verified::sign(self.part.statement.statement, network, &key).into_signed();
    }

    /// Makes everything that follows from the body agree with it: hash, fee, sums, root.
    fn make_consistent(&mut self) {
        let body = &self.part.body;
        let receipt = &mut self.part.receipt.statement;
        receipt.body_hash = body.hash();
        if let Some(prices) = terms().prices(body.model) {
            receipt.fee = part_fee(body.before(), body.tokens(), prices).unwrap();
        }
        self.sum_up();
    }

    fn sum_up(&mut self) {
        let network = terms().network;
        let receipts = [self.first, self.part.receipt.statement];
        let tree: Tree = receipts
            .iter()
            .map(|receipt| LeafHash::of(&receipt.message(network)))
            .collect();
        let statement = &mut self.part.statement.statement;
        statement.root = tree.root();
        statement.earned = receipts[0].fee.checked_add(receipts[1].fee).unwrap();
        statement.input_tokens = 40 + self.part.body.input_tokens.get();
        statement.output_tokens = 4 + self.part.body.output_tokens.get();
    }

    /// The payer refuses, holds what it held, and where it has proof authorizes nothing more.
    fn refuses(mut self) -> PartError {
        let (held, authorized) = (self.payer.held(), self.payer.authorized());
        let error = self
            .payer
            .on_part(self.stream, &self.part, &self.delivered)
            .unwrap_err();
        assert_eq!(self.payer.held(), held);
        if let PartError::Lie(lie) = &error {
            assert_eq!(self.payer.stopped(), Some(lie));
            self.payer.on_shortfall(Amount::MAX);
            assert_eq!(self.payer.next_voucher(&voucher_key()), None);
            let spec = spec(2, 0, 1, 1);
            assert_eq!(
                self.payer
                    .open_stream(&voucher_key(), StreamRequest { epoch: EPOCH, spec }),
                Err(PayerError::Stopped(Box::new(lie.clone())))
            );
        }
        assert_eq!(self.payer.authorized(), authorized);
        error
    }
}

#[test]
fn the_honest_part_is_accepted() {
    let mut scene = scene();
    let outcome = scene
        .payer
        .on_part(scene.stream, &scene.part, &scene.delivered)
        .unwrap();
    assert_eq!(outcome.fee, Amount(20));
    assert_eq!(scene.payer.held(), Amount(40 * 2 + 8 * 5));
    assert_eq!(scene.payer.unaccounted(), Amount::ZERO);
}

/// One field of the receipt, signed again with nothing else changed.
#[test]
fn every_field_of_a_receipt_is_checked() {
    let check = |change: fn(&mut Receipt), expected: fn(&PartError) -> bool| {
        let mut scene = scene();
        change(&mut scene.part.receipt.statement);
        scene.resign();
        let error = scene.refuses();
        assert!(expected(&error), "{error:?}");
    };
    check(
        |receipt| receipt.account = [9; 32].into(),
        |error| matches!(error, PartError::Lie(Lie::OtherAccount(_))),
    );
    check(
        |receipt| receipt.key_epoch = KeyEpoch(4),
        |error| matches!(error, PartError::Lie(Lie::OtherEpoch { .. })),
    );
    check(
        |receipt| receipt.seq = Seq(0),
        |error| matches!(error, PartError::Lie(Lie::SeqReused(Seq(0)))),
    );
    check(
        |receipt| receipt.seq = Seq(2),
        |error| matches!(error, PartError::Lie(Lie::WrongCount { .. })),
    );
    check(
        |receipt| receipt.seq = Seq(u64::MAX),
        |error| matches!(error, PartError::Lie(Lie::WrongCount { .. })),
    );
    for fee in [Amount(19), Amount(21), Amount::MAX] {
        let mut scene = scene();
        scene.part.receipt.statement.fee = fee;
        scene.resign();
        assert!(matches!(
            scene.refuses(),
            PartError::Lie(Lie::WrongFee { .. })
        ));
    }
    check(
        |receipt| receipt.body_hash = BodyHash::default(),
        |error| matches!(error, PartError::Lie(Lie::OtherBody)),
    );
}

/// One field of the body; hash, fee, sums and root made to agree with it, and all signed again.
#[test]
fn every_field_of_a_body_is_checked() {
    type Change = fn(&mut PartReceipt);
    let cases: [(Change, PartError); 13] = [
        (
            |part| part.body.request_commitment = RequestCommitment::default(),
            Lie::OtherRequest.into(),
        ),
        (
            |part| part.body.response_commitment = response(9),
            Lie::OtherResponse.into(),
        ),
        (
            |part| part.body.part = 2,
            PartError::PartMissing {
                expected: 1,
                got: 2,
            },
        ),
        (|part| part.body.part = 0, PartError::AlreadyHeld),
        (
            |part| part.body.model = model(1),
            Lie::OtherModel(model(1)).into(),
        ),
        (
            |part| part.body.model = [0x77; 32].into(),
            Lie::OtherModel([0x77; 32].into()).into(),
        ),
        (
            |part| part.body.manifest_hash = ManifestHash::default(),
            Lie::OtherManifest(ManifestHash::default()).into(),
        ),
        (
            |part| part.body.input_before = tokens(39),
            Lie::WrongBefore.into(),
        ),
        (
            |part| part.body.output_before = tokens(5),
            Lie::WrongBefore.into(),
        ),
        (
            |part| part.body.input_tokens = tokens(11),
            Lie::InputAboveBound {
                charged: tokens(51),
                bound: tokens(INPUT_BOUND),
            }
            .into(),
        ),
        (
            |part| part.body.output_tokens = tokens(397),
            Lie::OutputAboveMaximum {
                charged: tokens(401),
                maximum: tokens(MAX_OUTPUT),
            }
            .into(),
        ),
        (
            |part| part.body.output_tokens = tokens(5),
            Lie::OutputAboveDelivered {
                charged: tokens(9),
                at_most: tokens(8),
            }
            .into(),
        ),
        (
            |part| part.body.output_tokens = tokens((1 << 40) - 1),
            Lie::ImpossibleTokens.into(),
        ),
    ];
    for (change, expected) in cases {
        let mut scene = scene();
        change(&mut scene.part);
        if expected != Lie::ImpossibleTokens.into() {
            scene.make_consistent();
        } else {
            scene.part.receipt.statement.body_hash = scene.part.body.hash();
        }
        scene.resign();
        assert_eq!(scene.refuses(), expected);
    }
}

#[test]
fn every_field_of_a_statement_is_checked() {
    type Change = fn(&mut PartReceipt);
    let cases: [(Change, PartError); 8] = [
        (
            |part| part.statement.statement.channel = [9; 32].into(),
            Lie::OtherAccount([9; 32].into()).into(),
        ),
        (
            |part| part.statement.statement.key_epoch = KeyEpoch(2),
            Lie::OtherEpoch {
                expected: EPOCH,
                named: KeyEpoch(2),
            }
            .into(),
        ),
        (
            |part| part.statement.statement.earned = Amount(121),
            Lie::WrongEarned {
                stated: Amount(121),
                receipted: Amount(120),
            }
            .into(),
        ),
        (
            |part| part.statement.statement.receipts = 3,
            Lie::WrongCount {
                seq: Seq(1),
                receipts: 3,
            }
            .into(),
        ),
        (
            |part| part.statement.statement.receipts = 1,
            Lie::WrongCount {
                seq: Seq(1),
                receipts: 1,
            }
            .into(),
        ),
        (
            |part| part.statement.statement.input_tokens += 1,
            Lie::WrongTokens.into(),
        ),
        (
            |part| part.statement.statement.output_tokens += 1,
            Lie::WrongTokens.into(),
        ),
        (
            |part| part.statement.statement.root = MerkleRoot::default(),
            Lie::WrongRoot.into(),
        ),
    ];
    for (change, expected) in cases {
        let mut scene = scene();
        change(&mut scene.part);
        scene.resign();
        assert_eq!(scene.refuses(), expected);
    }
}

#[test]
fn a_charge_for_parts_that_never_came_is_found_by_the_gap_it_leaves() {
    let mut scene = scene();
    scene.part.receipt.statement.seq = Seq(2);
    scene.part.statement.statement.receipts = 3;
    scene.part.statement.statement.earned = Amount(1_002);
    scene.resign();
    let outcome = scene
        .payer
        .on_part(scene.stream, &scene.part, &scene.delivered)
        .unwrap();
    assert!(outcome.accepted);
    assert_eq!(scene.payer.missing().collect::<Vec<_>>(), [(EPOCH, Seq(1))]);
    // What it claims beyond what arrived comes off what is authorized ahead.
    assert_eq!(scene.payer.unaccounted(), Amount(1_002 - 120));
}

#[test]
fn receipts_behind_a_gap_are_bounded() {
    let mut payer = payer();
    let mut last = Ok(());
    for number in 0..=u64::try_from(MAX_PENDING_PARTS).unwrap() {
        // Each is the only part of a free request, numbered from 1 on: 0 never comes.
        let spec = spec(number, 2, 0, 0);
        let request = StreamRequest { epoch: EPOCH, spec };
        let stream = payer.open_stream(&voucher_key(), request).unwrap().stream;
        let mut scene = scene();
        scene.part.body.part = 0;
        scene.part.body.last = true;
        scene.part.body.model = model(2);
        scene.part.body.request_commitment = spec.request_commitment;
        scene.part.body.input_before = tokens(0);
        scene.part.body.output_before = tokens(0);
        scene.part.body.output_tokens = tokens(0);
        scene.part.receipt.statement.seq = Seq(number + 1);
        scene.make_consistent();
        scene.part.statement.statement.receipts = number + 2;
        scene.resign();
        last = payer
            .on_part(stream, &scene.part, &scene.delivered)
            .map(drop);
    }
    assert_eq!(last, Err(PartError::TooManyMissing));
}

#[test]
fn a_relay_that_changes_a_part_stops_nobody() {
    let mut changed = scene();
    changed.part.receipt.statement.fee = Amount(1);
    let error = changed
        .payer
        .on_part(changed.stream, &changed.part, &changed.delivered)
        .unwrap_err();
    assert_eq!(error, PartError::ReceiptSignature);
    assert_eq!(changed.payer.stopped(), None);
    let honest = scene();
    assert!(
        changed
            .payer
            .on_part(changed.stream, &honest.part, &honest.delivered)
            .is_ok()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bit_of_a_part_can_be_changed_on_its_way(at: prop::sample::Index, bit in 0u8..8) {
        let mut scene = scene();
        let mut bytes = bcs::to_bytes(&scene.part).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(part) = bcs::from_bytes::<PartReceipt>(&bytes) {
            prop_assert!(scene.payer.on_part(scene.stream, &part, &scene.delivered).is_err());
            prop_assert_eq!(scene.payer.held(), Amount(100));
        }
    }
}

/// What a payer that does not mean to pay may try.
#[derive(Clone, Copy, Debug)]
enum Try {
    Open { model: u8, input: u64, output: u64 },
    Take { stream: u8, tokens: u64 },
    Voucher(u64),
    Replay(u8),
    Foreign(u64),
    OtherNetwork(u64),
    OtherChannel(u64),
    Wait(u64),
    Vanish(u8),
}

fn attempt() -> impl Strategy<Value = Try> {
    prop_oneof![
        8 => (0u8..3, 0u64..200, 0u64..500).prop_map(|(model, input, output)| Try::Open { model, input, output }),
        30 => (any::<u8>(), 0u64..=STEP_TOKENS).prop_map(|(stream, tokens)| Try::Take { stream, tokens }),
        3 => (0u64..3_000).prop_map(Try::Voucher),
        1 => any::<u64>().prop_map(Try::Voucher),
        3 => any::<u8>().prop_map(Try::Replay),
        1 => any::<u64>().prop_map(Try::Foreign),
        1 => any::<u64>().prop_map(Try::OtherNetwork),
        1 => any::<u64>().prop_map(Try::OtherChannel),
        2 => (0u64..20_000).prop_map(Try::Wait),
        2 => any::<u8>().prop_map(Try::Vanish),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_payer_that_does_not_pay_gets_no_more_than_the_credit(
        funded in 0u64..4_000,
        attempts in prop::collection::vec(attempt(), 1..120),
    ) {
        let terms = terms();
        let mut payee = Payee::new(terms.clone(), EPOCH, payee_config()).unwrap();
        payee.on_funded(Amount(funded));
        let (mut streams, mut vouchers, mut largest) = (Vec::new(), Vec::new(), 0);
        let mut now = TimestampMs(0);
        for (number, attempt) in (0u64..).zip(attempts) {
            let pick = |index: u8| usize::from(index) % streams.len().max(1);
            let voucher = |cumulative| Voucher { channel: terms.channel, cumulative: Amount(cumulative) };
            match attempt {
                Try::Open { model, input, output } => {
                    let spec = spec(number, model, input, output);
                    streams.extend(payee.open_stream(spec).map(|id| (id, input, false)));
                }
                Try::Take { stream, tokens: count } => {
                    let at = pick(stream);
                    let Some((id, input, prefilled)) = streams.get_mut(at) else { continue };
                    if payee.flow(*id).unwrap() == Flow::Run {
                        let made = if *prefilled {
                            TokenCount::new(tokens(0), tokens(count))
                        } else {
                            TokenCount::new(tokens(*input), tokens(0))
                        };
                        *prefilled = true;
                        let metered = payee.on_tokens(*id, made).unwrap();
                        let last = metered.flow == Flow::End;
                        if metered.cut {
                            cut(&mut payee, *id, last);
                        }
                        if last {
                            streams.remove(at);
                        }
                    }
                }
                Try::Voucher(cumulative) => {
                    let signed = Verified::sign(voucher(cumulative), terms.network, &voucher_key());
                    largest = largest.max(cumulative);
                    vouchers.push(signed.signed().clone());
                    payee.on_voucher(signed.into_signed()).unwrap();
                }
                Try::Replay(index) => {
                    if let Some(voucher) = vouchers.get(usize::from(index) % vouchers.len().max(1)) {
                        payee.on_voucher(voucher.clone()).unwrap();
                    }
                }
                Try::Foreign(cumulative) => {
                    let key = SigningKey::from_seed([0x77; 32]);
                    let forged = Verified::sign(voucher(cumulative.max(largest.saturating_add(1))), terms.network, &key);
                    prop_assert!(largest == u64::MAX || payee.on_voucher(forged.into_signed()).is_err());
                }
                Try::OtherNetwork(cumulative) => {
                    let network = NetworkId::new([1; 32]);
                    let forged = Verified::sign(voucher(cumulative.max(largest.saturating_add(1))), network, &voucher_key());
                    prop_assert!(largest == u64::MAX || payee.on_voucher(forged.into_signed()).is_err());
                }
                Try::OtherChannel(cumulative) => {
                    let voucher = Voucher { channel: [1; 32].into(), cumulative: Amount(cumulative) };
                    let forged = Verified::sign(voucher, terms.network, &voucher_key());
                    prop_assert!(payee.on_voucher(forged.into_signed()).is_err());
                }
                Try::Wait(ms) => {
                    now = TimestampMs(now.0 + ms);
                    for id in payee.tick(now) {
                        cut(&mut payee, id, true);
                        streams.retain(|(open, _, _)| *open != id);
                    }
                }
                Try::Vanish(index) => {
                    let at = pick(index);
                    if at < streams.len() {
                        let (id, _, _) = streams.remove(at);
                        cut(&mut payee, id, true);
                    }
                }
            }
            let served = payee.due().saturating_add(payee.running());
            let sure = Amount(largest.min(funded));
            prop_assert_eq!(payee.cover(), sure);
            prop_assert!(served <= sure.saturating_add(payee.credit()), "{served} served, {sure} sure");
            prop_assert!(payee.credit() <= CREDIT);
            // Whoever paid nothing gets the starting credit and no more.
            prop_assert!(largest > 0 || served <= STARTING_CREDIT);
        }
    }
}

fn cut(payee: &mut Payee, id: StreamId, last: bool) {
    let end = PartEnd {
        last,
        response_commitment: response(0),
        now: TimestampMs(0),
    };
    let _ = payee.cut_part(&epoch_key(EPOCH), id, end);
}

#[test]
fn a_part_is_half_of_the_credit() {
    assert_eq!(part_limit(CREDIT), Amount(500));
    assert_eq!(part_limit(Amount(0)), Amount(1));
}
