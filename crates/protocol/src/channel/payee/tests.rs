use super::*;
use crate::{
    channel::ModelTerms,
    ids::{ChannelId, NetworkId, NodeId},
    keys::SigningKey,
    money::{Price, Prices},
};

const MODEL: ModelId = ModelId::new([7; 32]);
const EPOCH: KeyEpoch = KeyEpoch(5);

fn voucher_key() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

fn epoch_key() -> SigningKey {
    SigningKey::from_seed([2; 32])
}

/// One unit a token, a credit of 100, parts of 50.
fn terms() -> Terms {
    let price = Price::new(1_000_000).unwrap();
    Terms {
        network: NetworkId::new([3; 32]),
        channel: ChannelId::new([4; 32]),
        node: NodeId::new([5; 32]),
        voucher_key: voucher_key().public(),
        credit: Amount(100),
        models: vec![ModelTerms {
            model: MODEL,
            prices: Prices {
                input: price,
                output: price,
            },
        }],
    }
}

fn config(starting_credit: u64) -> PayeeConfig {
    PayeeConfig {
        starting_credit: Amount(starting_credit),
        paid_per_credit: 4,
        step_tokens: count(10),
        max_strikes: 2,
    }
}

fn count(tokens: u64) -> Tokens {
    Tokens::new(tokens).unwrap()
}

fn made(input: u64, output: u64) -> TokenCount {
    TokenCount::new(count(input), count(output))
}

fn payee(starting_credit: u64) -> Payee {
    let mut payee = Payee::new(terms(), EPOCH, config(starting_credit)).unwrap();
    payee.on_funded(Amount(10_000));
    payee
}

fn spec(input_bound: u64, max_output: u64) -> StreamSpec {
    StreamSpec {
        model: MODEL,
        input_bound: count(input_bound),
        max_output: count(max_output),
        request_commitment: RequestCommitment::default(),
        manifest_hash: ManifestHash::default(),
    }
}

fn voucher(cumulative: u64) -> Signed<Voucher> {
    let voucher = Voucher {
        channel: terms().channel,
        cumulative: Amount(cumulative),
    };
    Verified::sign(voucher, terms().network, &voucher_key()).into_signed()
}

fn cut(payee: &mut Payee, id: StreamId, last: bool) -> PartReceipt {
    let end = PartEnd {
        last,
        response_commitment: ResponseCommitment::default(),
        now: TimestampMs(9),
    };
    payee.cut_part(&epoch_key(), id, end).unwrap()
}

#[test]
fn no_prefill_without_a_voucher_for_it() {
    let mut payee = payee(100);
    let error = payee.open_stream(spec(30, 100)).unwrap_err();
    assert_eq!(
        error,
        PayeeError::NotCovered {
            needed: Amount(30),
            cover: Amount(0)
        }
    );
    payee.on_voucher(voucher(59)).unwrap();
    payee.open_stream(spec(30, 100)).unwrap();
    // The first request's input is spoken for, though it was not read yet.
    assert_eq!(
        payee.open_stream(spec(30, 100)).unwrap_err(),
        PayeeError::NotCovered {
            needed: Amount(60),
            cover: Amount(59)
        }
    );
    payee.on_voucher(voucher(60)).unwrap();
    payee.open_stream(spec(30, 100)).unwrap();
}

#[test]
fn input_does_not_take_what_running_streams_were_granted() {
    let mut payee = payee(15);
    payee.on_voucher(voucher(100)).unwrap();
    let ids: Vec<_> = (0..5)
        .map(|_| payee.open_stream(spec(0, 100)).unwrap())
        .collect();
    for id in &ids {
        payee.on_tokens(*id, made(0, 0)).unwrap();
    }
    // Five steps of 10 may still be made on a credit of 15, so input may cost 65 and not 100.
    assert_eq!(
        payee.open_stream(spec(66, 0)).unwrap_err(),
        PayeeError::NotCovered {
            needed: Amount(101),
            cover: Amount(100)
        }
    );
    let input = payee.open_stream(spec(65, 0)).unwrap();
    payee.on_tokens(input, made(65, 0)).unwrap();
    for id in &ids {
        payee.on_tokens(*id, made(0, 10)).unwrap();
    }
    assert_eq!((payee.exposure(), payee.credit()), (Amount(15), Amount(15)));
}

#[test]
fn a_voucher_above_the_deposit_covers_the_deposit() {
    let mut payee = Payee::new(terms(), EPOCH, config(100)).unwrap();
    payee.on_voucher(voucher(1_000)).unwrap();
    assert_eq!(payee.cover(), Amount(0));
    payee.on_funded(Amount(40));
    assert_eq!(payee.cover(), Amount(40));
    payee.on_funded(Amount(30));
    assert_eq!(payee.cover(), Amount(40));
}

#[test]
fn a_stream_pauses_at_the_limit_and_goes_on_with_a_voucher() {
    let mut payee = payee(25);
    let id = payee.open_stream(spec(0, 100)).unwrap();
    let run = Metered {
        flow: Flow::Run,
        cut: false,
    };
    assert_eq!(payee.on_tokens(id, made(0, 10)), Ok(run));
    // A part is half of what is lent now, and the third step would go above 25.
    assert_eq!(
        payee.on_tokens(id, made(0, 10)),
        Ok(Metered {
            flow: Flow::Pause,
            cut: true
        })
    );
    assert_eq!(cut(&mut payee, id, false).receipt.statement.fee, Amount(20));
    assert_eq!(payee.flow(id), Ok(Flow::Pause));
    assert!(matches!(
        payee.on_voucher(voucher(20)),
        Ok(VoucherOutcome::Accepted { .. })
    ));
    assert_eq!(payee.flow(id), Ok(Flow::Run));
    assert_eq!(
        payee.on_voucher(voucher(20)),
        Ok(VoucherOutcome::NotLarger { held: Amount(20) })
    );
}

#[test]
fn the_newest_stream_pauses_first() {
    let mut payee = payee(50);
    let ids: Vec<_> = (0..3)
        .map(|_| payee.open_stream(spec(0, 100)).unwrap())
        .collect();
    for id in &ids {
        payee.on_tokens(*id, made(0, 0)).unwrap();
    }
    // Three running steps of 10 are granted; 30 of 50 are spoken for.
    for id in ids.iter().rev() {
        payee.on_tokens(*id, made(0, 10)).unwrap();
    }
    let flows: Vec<_> = ids.iter().map(|id| payee.flow(*id).unwrap()).collect();
    assert_eq!(flows, [Flow::Pause, Flow::Run, Flow::Run]);
    // With room for one more, the oldest has it, even if the others ask first.
    payee.on_tokens(ids[1], made(0, 1)).unwrap();
    payee.on_tokens(ids[2], made(0, 1)).unwrap();
    assert_eq!(payee.flow(ids[2]), Ok(Flow::Pause));
    assert_eq!(payee.flow(ids[1]), Ok(Flow::Pause));
    assert_eq!(payee.flow(ids[0]), Ok(Flow::Run));
}

#[test]
fn unpaid_streams_end_after_their_time() {
    let mut payee = payee(10);
    let id = payee.open_stream(spec(0, 100)).unwrap();
    payee.on_tokens(id, made(0, 10)).unwrap();
    assert_eq!(payee.tick(TimestampMs(1_000)), []);
    assert_eq!(payee.tick(TimestampMs(30_999)), []);
    assert_eq!(payee.tick(TimestampMs(31_000)), [id]);
    assert_eq!(payee.flow(id), Ok(Flow::End));
    let part = cut(&mut payee, id, true);
    assert!(part.body.last);
    assert_eq!(payee.flow(id), Err(PayeeError::UnknownStream(id)));
}

#[test]
fn a_voucher_in_time_starts_the_wait_anew() {
    let mut payee = payee(10);
    let id = payee.open_stream(spec(0, 100)).unwrap();
    payee.on_tokens(id, made(0, 10)).unwrap();
    assert_eq!(payee.tick(TimestampMs(0)), []);
    payee.on_voucher(voucher(10)).unwrap();
    assert_eq!(payee.tick(TimestampMs(29_999)), []);
    payee.on_tokens(id, made(0, 10)).unwrap();
    assert_eq!(payee.tick(TimestampMs(40_000)), []);
    assert_eq!(payee.tick(TimestampMs(69_999)), []);
    assert_eq!(payee.tick(TimestampMs(70_000)), [id]);
}

#[test]
fn credit_grows_with_what_was_paid() {
    let mut payee = payee(10);
    assert_eq!(payee.credit(), Amount(10));
    payee.on_voucher(voucher(1_000)).unwrap();
    // A voucher alone is no payment; only what was earned under it is.
    assert_eq!(payee.credit(), Amount(10));
    let id = payee.open_stream(spec(200, 0)).unwrap();
    payee.on_tokens(id, made(200, 0)).unwrap();
    cut(&mut payee, id, true);
    assert_eq!(payee.credit(), Amount(60));
    let id = payee.open_stream(spec(800, 0)).unwrap();
    payee.on_tokens(id, made(800, 0)).unwrap();
    cut(&mut payee, id, true);
    assert_eq!(payee.credit(), Amount(100));
}

#[test]
fn what_is_forgiven_lets_the_channel_go_on_a_few_times() {
    let mut payee = payee(10);
    for strike in 0..2 {
        let id = payee.open_stream(spec(0, 10)).unwrap();
        payee.on_tokens(id, made(0, 10)).unwrap();
        cut(&mut payee, id, true);
        assert!(payee.open_stream(spec(0, 10)).is_err());
        assert_eq!(
            payee.forgive(),
            Ok(Some(PayeeRecord::Forgiven {
                total: Amount(10 * (strike + 1)),
                strikes: u32::try_from(strike + 1).unwrap()
            }))
        );
    }
    assert_eq!(payee.forgive(), Ok(None));
    let id = payee.open_stream(spec(0, 10)).unwrap();
    payee.on_tokens(id, made(0, 10)).unwrap();
    cut(&mut payee, id, true);
    assert_eq!(payee.forgive(), Err(PayeeError::NoMoreStrikes(2)));
    // It stays due all the same.
    assert_eq!(payee.due(), Amount(30));
}

#[test]
fn input_is_counted_once_and_within_its_bound() {
    let mut payee = payee(10);
    payee.on_voucher(voucher(100)).unwrap();
    let id = payee.open_stream(spec(20, 100)).unwrap();
    assert_eq!(
        payee.on_tokens(id, made(21, 0)),
        Err(PayeeError::InputAboveBound {
            input: count(21),
            bound: count(20)
        })
    );
    assert_eq!(payee.running(), Amount(0));
    payee.on_tokens(id, made(20, 0)).unwrap();
    assert_eq!(payee.on_tokens(id, made(1, 0)), Err(PayeeError::InputTwice));
}

#[test]
fn output_above_the_maximum_is_not_charged() {
    let mut payee = payee(100);
    let id = payee.open_stream(spec(0, 15)).unwrap();
    payee.on_tokens(id, made(0, 10)).unwrap();
    assert_eq!(
        payee.on_tokens(id, made(0, 10)),
        Ok(Metered {
            flow: Flow::End,
            cut: true
        })
    );
    let part = cut(&mut payee, id, true);
    assert_eq!(part.body.output_tokens, count(15));
    assert_eq!(part.receipt.statement.fee, Amount(15));
}

#[test]
fn a_closing_channel_takes_nothing_new_and_ends_what_runs() {
    let mut payee = payee(100);
    let id = payee.open_stream(spec(0, 100)).unwrap();
    payee.on_closing();
    assert_eq!(
        payee.open_stream(spec(0, 1)).unwrap_err(),
        PayeeError::Closing
    );
    assert_eq!(payee.flow(id), Ok(Flow::End));
    assert_eq!(payee.tick(TimestampMs(0)), [id]);
}

#[test]
fn an_empty_part_is_cut_only_to_end_an_answer() {
    let mut payee = payee(100);
    let id = payee.open_stream(spec(0, 100)).unwrap();
    let end = PartEnd {
        last: false,
        response_commitment: ResponseCommitment::default(),
        now: TimestampMs(0),
    };
    assert_eq!(
        payee.cut_part(&epoch_key(), id, end),
        Err(PayeeError::NothingToReceipt(id))
    );
    let part = cut(&mut payee, id, true);
    assert_eq!(part.receipt.statement.fee, Amount(0));
    assert_eq!(part.statement.statement.receipts, 1);
}

#[test]
fn a_restart_is_a_new_lane_and_forgets_nothing_owed() {
    let mut payee = payee(100);
    let mut records = Vec::new();
    let id = payee.open_stream(spec(0, 100)).unwrap();
    for _ in 0..3 {
        payee.on_tokens(id, made(0, 10)).unwrap();
        records.push(PayeeRecord::Part(Box::new(cut(&mut payee, id, false))));
    }
    payee.on_voucher(voucher(12)).unwrap();
    records.push(PayeeRecord::Voucher(voucher(12)));
    for stored in [records, payee.snapshot()] {
        assert_eq!(
            Payee::restore(terms(), EPOCH, config(10), stored.clone()).unwrap_err(),
            PayeeError::EpochInUse(EPOCH)
        );
        let mut next = Payee::restore(terms(), EPOCH.next(), config(100), stored).unwrap();
        next.on_funded(Amount(10_000));
        assert_eq!((next.due(), next.cover()), (Amount(30), Amount(12)));
        next.on_voucher(voucher(60)).unwrap();
        let id = next.open_stream(spec(0, 10)).unwrap();
        next.on_tokens(id, made(0, 10)).unwrap();
        let part = cut(&mut next, id, true);
        assert_eq!(part.receipt.statement.seq, Seq(0));
        assert_eq!(part.statement.statement.earned, Amount(10));
        assert_eq!(next.due(), Amount(40));
    }
}

#[test]
fn lanes_of_one_node_share_the_cover() {
    let mut payee = payee(10);
    payee.on_voucher(voucher(100)).unwrap();
    payee.on_other_lane(KeyEpoch(4), Amount(95)).unwrap();
    payee.on_other_lane(KeyEpoch(4), Amount(90)).unwrap();
    assert_eq!(payee.due(), Amount(95));
    assert!(payee.open_stream(spec(6, 0)).is_err());
    assert!(payee.open_stream(spec(5, 0)).is_ok());
    assert_eq!(
        payee.on_other_lane(EPOCH, Amount(1)),
        Err(PayeeError::EpochInUse(EPOCH))
    );
}

#[test]
fn what_is_bounded_says_so() {
    let mut payee = payee(100);
    let mut unpaid = terms();
    unpaid.models = vec![unpaid.models[0]; 9];
    assert!(matches!(
        Payee::new(unpaid, EPOCH, config(1)),
        Err(PayeeError::Terms(_))
    ));
    let mut twice = terms();
    twice.models = vec![twice.models[0]; 2];
    assert!(matches!(
        Payee::new(twice, EPOCH, config(1)),
        Err(PayeeError::Terms(_))
    ));
    for _ in 0..MAX_PAYEE_STREAMS {
        payee.open_stream(spec(0, 0)).unwrap();
    }
    assert_eq!(
        payee.open_stream(spec(0, 0)),
        Err(PayeeError::TooManyStreams)
    );
    for epoch in 0..u64::try_from(MAX_OTHER_LANES).unwrap() {
        payee
            .on_other_lane(KeyEpoch(100 + epoch), Amount(0))
            .unwrap();
    }
    assert_eq!(
        payee.on_other_lane(KeyEpoch(1), Amount(0)),
        Err(PayeeError::TooManyLanes)
    );
    let mut other = spec(0, 0);
    other.model = ModelId::default();
    let mut payee = self::payee(1);
    assert_eq!(
        payee.open_stream(other),
        Err(PayeeError::UnknownModel(ModelId::default()))
    );
}

#[test]
fn records_are_bcs() {
    let mut payee = payee(100);
    let id = payee.open_stream(spec(0, 100)).unwrap();
    payee.on_tokens(id, made(0, 1)).unwrap();
    for record in [
        PayeeRecord::Part(Box::new(cut(&mut payee, id, true))),
        PayeeRecord::Voucher(voucher(1)),
    ] {
        let bytes = bcs::to_bytes(&record).unwrap();
        assert_eq!(bcs::from_bytes::<PayeeRecord>(&bytes).unwrap(), record);
    }
}
