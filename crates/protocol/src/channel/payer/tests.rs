use super::*;
use crate::{
    channel::{ModelTerms, PartEnd, Payee, PayeeConfig},
    hash::{ManifestHash, RequestCommitment},
    ids::{ChannelId, ModelId, NetworkId, NodeId},
    money::{Price, Prices},
    time::TimestampMs,
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

fn payer(ahead_limit: u64) -> Payer {
    let config = PayerConfig {
        ahead_limit: Amount(ahead_limit),
    };
    let mut payer = Payer::new(terms(), config).unwrap();
    payer.on_funded(Amount(1_000));
    payer.add_epoch(EPOCH, epoch_key().public()).unwrap();
    payer
}

fn node() -> Payee {
    let config = PayeeConfig {
        starting_credit: Amount(100),
        ..PayeeConfig::default()
    };
    let mut node = Payee::new(terms(), EPOCH, config).unwrap();
    node.on_funded(Amount(1_000));
    node
}

fn request(number: u8, input: u64, output: u64) -> StreamRequest {
    StreamRequest {
        epoch: EPOCH,
        spec: StreamSpec {
            model: MODEL,
            input_bound: Tokens::new(input).unwrap(),
            max_output: Tokens::new(output).unwrap(),
            request_commitment: RequestCommitment::new([number; 32]),
            manifest_hash: ManifestHash::default(),
        },
    }
}

fn arrived(byte: u8) -> Delivered {
    Delivered {
        response_commitment: ResponseCommitment::new([byte; 32]),
        output_at_most: None,
    }
}

/// The node serves a request of `tokens` output in one part that ends with commitment `byte`.
fn serve(
    node: &mut Payee,
    grant: &StreamGrant,
    request: StreamRequest,
    tokens: u64,
    byte: u8,
) -> PartReceipt {
    node.on_voucher(grant.voucher.clone().unwrap()).unwrap();
    let id = node.open_stream(request.spec).unwrap();
    let made = TokenCount::new(Tokens::ZERO, Tokens::new(tokens).unwrap());
    node.on_tokens(id, made).unwrap();
    let end = PartEnd {
        last: true,
        response_commitment: arrived(byte).response_commitment,
        now: TimestampMs(0),
    };
    node.cut_part(&epoch_key(), id, end).unwrap()
}

fn authorized(grant: &StreamGrant) -> Amount {
    grant
        .voucher
        .as_ref()
        .map_or(Amount::ZERO, |voucher| voucher.statement.cumulative)
}

#[test]
fn authorizes_the_input_and_one_part_of_each_stream() {
    let mut payer = payer(1_000);
    let grant = payer
        .open_stream(&voucher_key(), request(1, 20, 500))
        .unwrap();
    assert_eq!(authorized(&grant), Amount(70));
    let grant = payer
        .open_stream(&voucher_key(), request(2, 20, 5))
        .unwrap();
    // No more than the second can cost at all.
    assert_eq!(authorized(&grant), Amount(70 + 25));
    assert!(matches!(grant.record, Some(PayerRecord::Voucher(_))));
}

#[test]
fn never_authorizes_beyond_its_own_limit_or_the_deposit() {
    let mut payer = payer(60);
    let grant = payer
        .open_stream(&voucher_key(), request(1, 20, 500))
        .unwrap();
    assert_eq!(authorized(&grant), Amount(60));
    assert_eq!(
        payer.open_stream(&voucher_key(), request(2, 41, 1)),
        Err(PayerError::AheadLimit {
            needed: Amount(61),
            limit: Amount(60)
        })
    );
    payer.on_shortfall(Amount::MAX);
    assert_eq!(payer.next_voucher(&voucher_key()), None);
    let mut poor = self::payer(10_000);
    assert_eq!(
        poor.open_stream(&voucher_key(), request(1, 1_001, 1)),
        Err(PayerError::DepositTooSmall {
            needed: Amount(1_001),
            funded: Amount(1_000)
        })
    );
    let grant = poor
        .open_stream(&voucher_key(), request(1, 990, 500))
        .unwrap();
    assert_eq!(authorized(&grant), Amount(1_000));
}

#[test]
fn a_shortfall_is_met_within_the_limit() {
    let mut payer = payer(200);
    payer
        .open_stream(&voucher_key(), request(1, 20, 500))
        .unwrap();
    payer.on_shortfall(Amount(150));
    let (voucher, _) = payer.next_voucher(&voucher_key()).unwrap();
    assert_eq!(voucher.statement.cumulative, Amount(150));
}

#[test]
fn a_finished_stream_leaves_what_it_cost() {
    let (mut payer, mut node) = (payer(1_000), node());
    let request = request(1, 0, 500);
    let grant = payer.open_stream(&voucher_key(), request).unwrap();
    let part = serve(&mut node, &grant, request, 30, 1);
    let outcome = payer.on_part(grant.stream, &part, &arrived(1)).unwrap();
    let finished = outcome.finished.unwrap();
    assert_eq!((finished.fee, finished.parts), (Amount(30), 1));
    assert_eq!(payer.open_streams(), 0);
    assert_eq!(
        payer.on_part(grant.stream, &part, &arrived(1)),
        Err(PartError::UnknownStream(grant.stream))
    );
    assert_eq!(payer.on_missing(&part), Err(PartError::AlreadyHeld));
    // 50 ahead were authorized already; nothing more is due.
    assert_eq!(payer.next_voucher(&voucher_key()), None);
}

#[test]
fn a_late_receipt_counts_only_for_what_arrived() {
    for (arrived_byte, accepted) in [(1, true), (2, false)] {
        let (mut payer, mut node) = (payer(1_000), node());
        let request = request(1, 0, 500);
        let grant = payer.open_stream(&voucher_key(), request).unwrap();
        let part = serve(&mut node, &grant, request, 30, 1);
        payer
            .abort_stream(grant.stream, arrived(arrived_byte).response_commitment)
            .unwrap();
        let outcome = payer.on_missing(&part).unwrap();
        assert_eq!(outcome.accepted, accepted);
        let held = if accepted { Amount(30) } else { Amount::ZERO };
        assert_eq!(payer.held(), held);
        assert_eq!(payer.unaccounted(), Amount(30 - held.0));
        assert_eq!(payer.on_missing(&part), Err(PartError::AlreadyHeld));
        // Unpaid claims come off what is authorized ahead.
        payer.on_shortfall(Amount::MAX);
        let (voucher, _) = payer.next_voucher(&voucher_key()).unwrap();
        assert_eq!(
            voucher.statement.cumulative,
            if accepted { Amount(1_000) } else { Amount(970) }
        );
    }
}

#[test]
fn a_receipt_for_a_request_that_was_never_made_is_not_accepted() {
    let (mut payer, mut node) = (payer(1_000), node());
    let grant = payer
        .open_stream(&voucher_key(), request(1, 0, 500))
        .unwrap();
    // The node invents a request and receipts it.
    let part = serve(&mut node, &grant, request(9, 0, 500), 30, 1);
    assert!(!payer.on_missing(&part).unwrap().accepted);
    assert_eq!(payer.held(), Amount::ZERO);
    assert_eq!(payer.unaccounted(), Amount(30));
}

#[test]
fn receipts_may_come_in_any_order_across_streams() {
    let (mut payer, mut node) = (payer(1_000), node());
    let requests = [request(1, 0, 500), request(2, 0, 500), request(3, 0, 500)];
    let parts: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let grant = payer.open_stream(&voucher_key(), request).unwrap();
            let part = serve(&mut node, &grant, request, 10, 1);
            (grant.stream, part)
        })
        .collect();
    for (index, missing) in [(2, Some(Seq(0))), (0, Some(Seq(1))), (1, None)] {
        let (stream, part) = &parts[index];
        payer.on_part(*stream, part, &arrived(1)).unwrap();
        assert_eq!(payer.missing().next().map(|(_, seq)| seq), missing);
    }
    assert_eq!(payer.held(), Amount(30));
    assert_eq!(payer.unaccounted(), Amount::ZERO);
}

#[test]
fn a_signer_that_lost_its_store_adopts_what_it_signed() {
    let (mut payer, mut node) = (payer(200), node());
    let first = request(1, 0, 500);
    let grant = payer.open_stream(&voucher_key(), first).unwrap();
    let part = serve(&mut node, &grant, first, 30, 1);
    payer.on_part(grant.stream, &part, &arrived(1)).unwrap();
    let second = request(2, 100, 500);
    let grant = payer.open_stream(&voucher_key(), second).unwrap();
    node.on_voucher(grant.voucher.unwrap()).unwrap();

    // Nothing is left but what the node returns and the chain has.
    let mut lost = self::payer(200);
    lost.on_authorized(Amount(80));
    lost.adopt(node.voucher().unwrap().signed().clone())
        .unwrap();
    assert_eq!(lost.authorized(), Amount(180));
    // Receipts of its earlier life are taken as far as it authorized them.
    assert!(lost.on_missing(&part).unwrap().accepted);
    assert_eq!(lost.held(), Amount(30));
    let third = request(3, 0, 500);
    let grant = lost.open_stream(&voucher_key(), third).unwrap();
    let part = serve(&mut node, &grant, third, 20, 1);
    lost.on_part(grant.stream, &part, &arrived(1)).unwrap();
    assert_eq!(lost.held(), Amount(50));
    assert!(lost.authorized() >= node.due());
}

#[test]
fn a_voucher_known_to_the_chain_alone_is_signed_again() {
    let mut payer = payer(10);
    payer.on_authorized(Amount(500));
    let (voucher, _) = payer.next_voucher(&voucher_key()).unwrap();
    assert_eq!(voucher.statement.cumulative, Amount(500));
}

#[test]
fn foreign_vouchers_are_not_adopted() {
    let mut payer = payer(10);
    let voucher = Voucher {
        channel: terms().channel,
        cumulative: Amount(999),
    };
    let forged = Verified::sign(voucher, terms().network, &epoch_key()).into_signed();
    assert!(matches!(payer.adopt(forged), Err(PayerError::Key(_))));
    let other = Voucher {
        channel: ChannelId::default(),
        ..voucher
    };
    let other = Verified::sign(other, terms().network, &voucher_key()).into_signed();
    assert!(matches!(
        payer.adopt(other),
        Err(PayerError::OtherChannel(_))
    ));
    assert_eq!(payer.authorized(), Amount::ZERO);
}

#[test]
fn old_epochs_are_folded_and_their_sums_stay() {
    let (mut payer, mut node) = (payer(1_000), node());
    let request = request(1, 0, 500);
    let grant = payer.open_stream(&voucher_key(), request).unwrap();
    let part = serve(&mut node, &grant, request, 30, 1);
    payer.on_part(grant.stream, &part, &arrived(1)).unwrap();
    let key = epoch_key().public();
    for epoch in 6..40 {
        payer.add_epoch(KeyEpoch(epoch), key).unwrap();
    }
    assert_eq!(payer.lanes().count(), MAX_PAYER_LANES);
    assert_eq!(payer.held(), Amount(30));
    assert_eq!(
        payer.open_stream(&voucher_key(), request),
        Err(PayerError::UnknownEpoch(EPOCH))
    );
    let back = Payer::restore(
        terms(),
        PayerConfig {
            ahead_limit: Amount(0),
        },
        payer.snapshot(),
    )
    .unwrap();
    assert_eq!(back.held(), Amount(30));
    assert_eq!(back.snapshot(), payer.snapshot());
    let other = SigningKey::from_seed([9; 32]).public();
    assert_eq!(
        payer.add_epoch(KeyEpoch(39), other),
        Err(PayerError::EpochKeyChanged(KeyEpoch(39)))
    );
}

#[test]
fn streams_and_aborted_streams_are_bounded() {
    let mut payer = payer(1_000);
    for number in 0..MAX_PAYER_STREAMS {
        let number = u8::try_from(number).unwrap();
        payer
            .open_stream(&voucher_key(), request(number, 0, 0))
            .unwrap();
    }
    assert_eq!(
        payer.open_stream(&voucher_key(), request(0, 0, 0)),
        Err(PayerError::TooManyStreams)
    );
    for stream in 0..100 {
        payer
            .abort_stream(StreamId(stream), ResponseCommitment::default())
            .unwrap();
    }
    assert_eq!(payer.aborted.len(), MAX_ABORTED_STREAMS);
}

#[test]
fn records_are_bcs() {
    let (mut payer, mut node) = (payer(1_000), node());
    let request = request(1, 0, 500);
    let grant = payer.open_stream(&voucher_key(), request).unwrap();
    let part = serve(&mut node, &grant, request, 30, 1);
    let outcome = payer.on_part(grant.stream, &part, &arrived(1)).unwrap();
    for record in payer.snapshot().into_iter().chain([outcome.record]) {
        let bytes = bcs::to_bytes(&record).unwrap();
        assert_eq!(bcs::from_bytes::<PayerRecord>(&bytes).unwrap(), record);
    }
}
