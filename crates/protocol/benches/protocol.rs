//! What a request costs in signatures, seals and chunks, beside a plain ed25519 verification in the
//! same run: `cargo bench -p atoma-protocol`.

use std::{hint::black_box, time::Instant};

use atoma_protocol::{
    channel::{
        Delivered, ModelTerms, PartEnd, Payee, PayeeConfig, Payer, PayerConfig, StreamRequest,
        StreamSpec, Terms,
    },
    commitment::{ClientNonce, commit_request},
    hash::{ManifestHash, ResponseCommitment},
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    keys::SigningKey,
    money::{Amount, Price, Prices, TokenCount, Tokens},
    random::Randomness,
    sealed::{
        ChunkOpener, ChunkPayload, ChunkSealer, ChunkSecret, Delivery, RequestContext,
        RequestPayload, SealingKeyPair, SeenEncs, Suite, open_request, seal_request,
    },
    statement::{Signable, Verified, Voucher},
    time::TimestampMs,
};
use criterion::{BatchSize, Criterion, Throughput};

const NETWORK: NetworkId = NetworkId::new([1; 32]);
const CHANNEL: ChannelId = ChannelId::new([2; 32]);
const EPOCH: KeyEpoch = KeyEpoch(1);
const BODY: usize = 4096;

fn randomness() -> impl Randomness {
    let mut output = blake3::Hasher::new().finalize_xof();
    move |bytes: &mut [u8]| output.fill(bytes)
}

fn voucher_key() -> SigningKey {
    SigningKey::from_seed([3; 32])
}

fn epoch_key() -> SigningKey {
    SigningKey::from_seed([4; 32])
}

fn terms() -> Terms {
    let price = Price::new(1_000_000).expect("a small price");
    Terms {
        network: NETWORK,
        channel: CHANNEL,
        node: NodeId::new([5; 32]),
        voucher_key: voucher_key().public(),
        credit: Amount(1 << 40),
        models: vec![ModelTerms {
            model: ModelId::new([6; 32]),
            prices: Prices {
                input: price,
                output: price,
            },
        }],
    }
}

fn count(tokens: u64) -> Tokens {
    Tokens::new(tokens).expect("a small count")
}

fn request(number: u64) -> StreamRequest {
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    StreamRequest {
        epoch: EPOCH,
        spec: StreamSpec {
            model: ModelId::new([6; 32]),
            input_bound: count(100),
            max_output: count(1 << 30),
            request_commitment: commit_request(&ClientNonce::new(nonce), "/", b""),
            manifest_hash: ManifestHash::default(),
        },
    }
}

fn payee() -> Payee {
    let config = PayeeConfig {
        starting_credit: Amount::MAX,
        ..PayeeConfig::default()
    };
    let mut payee = Payee::new(terms(), EPOCH, config).expect("sound terms");
    payee.on_funded(Amount::MAX);
    payee
}

fn voucher(cumulative: u64) -> Verified<Voucher> {
    let voucher = Voucher {
        channel: CHANNEL,
        cumulative: Amount(cumulative),
    };
    Verified::sign(voucher, NETWORK, &voucher_key())
}

fn end() -> PartEnd {
    PartEnd {
        last: false,
        response_commitment: ResponseCommitment::default(),
        now: TimestampMs(0),
    }
}

fn signatures(c: &mut Criterion) {
    let mut group = c.benchmark_group("signatures");
    let signed = voucher(1).into_signed();
    let (key, message) = (voucher_key().public(), signed.statement.message(NETWORK));
    group.bench_function("baseline: ed25519 verify", |b| {
        b.iter(|| key.verify(black_box(&message), &signed.signature));
    });
    group.bench_function("voucher check", |b| {
        b.iter_batched(
            || (payee(), voucher(1).into_signed()),
            |(mut payee, voucher)| payee.on_voucher(voucher),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("receipt and statement: meter, sign, root", |b| {
        let mut payee = payee();
        payee
            .on_voucher(voucher(1 << 50).into_signed())
            .expect("a good voucher");
        let id = payee.open_stream(request(1).spec).expect("covered");
        let key = epoch_key();
        b.iter(|| {
            payee
                .on_tokens(id, TokenCount::new(Tokens::ZERO, count(1)))
                .expect("open");
            payee.cut_part(&key, id, end())
        });
    });
    group.bench_function("metering one token of 16 streams", |b| {
        let mut payee = payee();
        payee
            .on_voucher(voucher(1 << 50).into_signed())
            .expect("a good voucher");
        let ids: Vec<_> = (0..16)
            .map(|number| payee.open_stream(request(number).spec).expect("covered"))
            .collect();
        b.iter(|| payee.on_tokens(ids[7], TokenCount::new(Tokens::ZERO, count(1))));
    });
    group.bench_function("payer: check a part", |b| {
        let config = PayerConfig {
            ahead_limit: Amount::MAX,
        };
        b.iter_batched(
            || {
                let mut payer = Payer::new(terms(), config).expect("sound terms");
                payer.on_funded(Amount::MAX);
                payer.add_epoch(EPOCH, epoch_key().public()).expect("new");
                let grant = payer
                    .open_stream(&voucher_key(), request(1))
                    .expect("within limits");
                let mut payee = payee();
                payee
                    .on_voucher(grant.voucher.expect("signed"))
                    .expect("a good voucher");
                let id = payee.open_stream(request(1).spec).expect("covered");
                payee
                    .on_tokens(id, TokenCount::new(count(5), count(1)))
                    .expect("open");
                let part = payee.cut_part(&epoch_key(), id, end()).expect("open");
                (payer, grant.stream, part)
            },
            |(mut payer, stream, part)| {
                let delivered = Delivered {
                    response_commitment: ResponseCommitment::default(),
                    output_at_most: None,
                };
                payer.on_part(stream, &part, &delivered)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn context() -> RequestContext {
    RequestContext {
        network: NETWORK,
        channel: CHANNEL,
        node: NodeId::new([5; 32]),
        model: ModelId::new([6; 32]),
        key_epoch: EPOCH,
        path: "/v1/chat/completions".to_owned(),
    }
}

fn payload() -> RequestPayload {
    RequestPayload {
        client_nonce: ClientNonce::new([7; 32]),
        path: context().path,
        body: vec![b'x'; BODY - 64],
    }
}

fn sealing(c: &mut Criterion) {
    let mut group = c.benchmark_group("sealing");
    let mut randomness = randomness();
    let (context, payload) = (context(), payload());
    for (name, suite) in [("x25519", Suite::X25519), ("x-wing", Suite::XWing)] {
        let key = SealingKeyPair::generate(suite, &mut randomness);
        group.throughput(Throughput::Bytes(4096));
        group.bench_function(format!("seal and open 4 KiB, {name}"), |b| {
            b.iter(|| {
                let (request, _) = seal_request(&mut randomness, key.public(), &context, &payload)
                    .expect("within limits");
                open_request(&key, &context, &request, &mut SeenEncs::new())
            });
        });
    }
    let chunk = ChunkPayload {
        deliveries: vec![Delivery::Json(vec![b'x'; 180])],
        receipt: None,
    };
    group.throughput(Throughput::Elements(1));
    group.bench_function("chunk seal and open", |b| {
        let secret = ChunkSecret::new([8; 32]);
        b.iter_batched_ref(
            || (ChunkSealer::new(&secret), ChunkOpener::new(&secret)),
            |(sealer, opener)| {
                let sealed = sealer.seal(&chunk, false).expect("within limits");
                opener.open(&sealed)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Seconds that one call takes, as the best of a few runs.
fn best(mut work: impl FnMut()) -> f64 {
    const CALLS: u32 = 200;
    (0..7)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| work());
            start.elapsed().as_secs_f64() / f64::from(CALLS)
        })
        .fold(f64::INFINITY, f64::min)
}

/// Prints each figure as a multiple of one plain signature check.
#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn ratios() {
    let mut randomness = randomness();
    let signed = voucher(1).into_signed();
    let (key, message) = (voucher_key().public(), signed.statement.message(NETWORK));
    let baseline = best(|| drop(black_box(key.verify(&message, &signed.signature))));
    println!("baseline: ed25519 verify {:.1} us", baseline * 1e6);
    let show = |name: &str, target_us: f64, seconds: f64| {
        println!(
            "{name}: {:.1} us, {:.2} x baseline, target {target_us} us",
            seconds * 1e6,
            seconds / baseline
        );
    };
    let key = voucher_key().public();
    let check = best(|| drop(black_box(signed.clone().verify(NETWORK, &key))));
    show("voucher check", 50.0, check);
    let mut payee = payee();
    payee
        .on_voucher(voucher(1 << 50).into_signed())
        .expect("a good voucher");
    let id = payee.open_stream(request(1).spec).expect("covered");
    let key = epoch_key();
    let cut = best(|| {
        payee
            .on_tokens(id, TokenCount::new(Tokens::ZERO, count(1)))
            .expect("open");
        drop(black_box(payee.cut_part(&key, id, end())));
    });
    show("receipt and statement, each", 30.0, cut / 2.0);
    let (context, payload) = (context(), payload());
    for (name, suite) in [("x25519", Suite::X25519), ("x-wing", Suite::XWing)] {
        let key = SealingKeyPair::generate(suite, &mut randomness);
        let seal = best(|| {
            let (request, _) = seal_request(&mut randomness, key.public(), &context, &payload)
                .expect("within limits");
            drop(black_box(open_request(
                &key,
                &context,
                &request,
                &mut SeenEncs::new(),
            )));
        });
        show(&format!("seal and open 4 KiB, {name}"), 150.0, seal);
    }
    let mut sealer = ChunkSealer::new(&ChunkSecret::new([8; 32]));
    let chunk = ChunkPayload {
        deliveries: vec![Delivery::Json(vec![b'x'; 180])],
        receipt: None,
    };
    show(
        "chunk seal",
        5.0,
        best(|| drop(black_box(sealer.seal(&chunk, false)))),
    );
}

fn main() {
    ratios();
    let mut criterion = Criterion::default().configure_from_args();
    signatures(&mut criterion);
    sealing(&mut criterion);
    criterion.final_summary();
}
