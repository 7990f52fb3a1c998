//! Both sides, the transport between them, their stores, and the chain.

use std::collections::VecDeque;

use atoma_protocol::{
    channel::{
        Delivered, Flow, PartEnd, PartError, PartReceipt, Payee, PayeeError, PayeeRecord, Payer,
        PayerConfig, PayerError, PayerRecord, StreamId, StreamRequest, StreamSpec, VoucherOutcome,
    },
    commitment::ResponseCommitter,
    ids::{KeyEpoch, NetworkId},
    keys::SigningKey,
    money::{Amount, TokenCount},
    sealed::Delivery,
    statement::{Signed, Verified, Voucher},
    time::TimestampMs,
};

use crate::setup::{CREDIT, epoch_key, nonce, payee_config, spec, terms, tokens, voucher_key};

/// One thing that happens. Indices are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Open {
        model: u8,
        input: u64,
        output: u64,
    },
    Request(u8),
    Generate {
        stream: u8,
        tokens: u8,
    },
    Chunk(u8),
    Voucher {
        index: u8,
        again: bool,
    },
    LoseVoucher(u8),
    ResendVoucher,
    BreakStream(u8),
    CrashPayee,
    CrashPayer,
    CompactStores,
    TopUp {
        amount: u64,
        payer: bool,
        payee: bool,
    },
    Settle,
    Wait(u64),
    Recover,
    Forgive,
    ForgedVoucher(u8),
}

struct Chunk {
    delivery: Delivery,
    part: Option<PartReceipt>,
}

/// A stream as the link between the two carries it: in order, until it breaks.
struct Link {
    spec: StreamSpec,
    input: u64,
    epoch: KeyEpoch,
    payer: Option<StreamId>,
    payee: Option<StreamId>,
    requested: bool,
    prefilled: bool,
    made: u64,
    sent: ResponseCommitter,
    received: ResponseCommitter,
    received_tokens: u64,
    pipe: VecDeque<Chunk>,
}

pub(crate) struct World {
    pub(crate) payer: Payer,
    payee: Payee,
    payer_store: Vec<PayerRecord>,
    payee_store: Vec<PayeeRecord>,
    /// All receipts that the node stored, to answer what is missing.
    receipts: Vec<PartReceipt>,
    links: Vec<Link>,
    vouchers: Vec<Signed<Voucher>>,
    ahead_limit: Amount,
    requests: u64,
    now: TimestampMs,
    funded: Amount,
    authorized: Amount,
    due: Amount,
    paid: Amount,
}

/// Steps that a stream makes in one go.
const STEPS: usize = 6;

fn payer_config(ahead_limit: Amount) -> PayerConfig {
    PayerConfig { ahead_limit }
}

impl World {
    pub(crate) fn new(ahead_limit: Amount) -> Self {
        let epoch = KeyEpoch(0);
        let mut payer = Payer::new(terms(), payer_config(ahead_limit)).unwrap();
        let record = payer.add_epoch(epoch, epoch_key(epoch).public()).unwrap();
        Self {
            payer,
            payee: Payee::new(terms(), epoch, payee_config()).unwrap(),
            payer_store: record.into_iter().collect(),
            payee_store: Vec::new(),
            receipts: Vec::new(),
            links: Vec::new(),
            vouchers: Vec::new(),
            ahead_limit,
            requests: 0,
            now: TimestampMs(1),
            funded: Amount::ZERO,
            authorized: Amount::ZERO,
            due: Amount::ZERO,
            paid: Amount::ZERO,
        }
    }

    pub(crate) fn paid(&self) -> Amount {
        self.paid
    }

    /// All that the node ever receipted.
    pub(crate) fn served(&self) -> Amount {
        self.payee.due()
    }

    /// What must hold at every moment.
    pub(crate) fn check(&self) {
        assert!(self.payee.exposure() <= self.payee.credit());
        assert!(self.payee.credit() <= CREDIT);
        assert!(
            self.payer.authorized() <= self.payer.held().saturating_add(self.ahead_limit),
            "{} authorized, {} held",
            self.payer.authorized(),
            self.payer.held()
        );
        assert!(self.payer.authorized() <= self.funded);
        assert!(self.paid <= self.authorized && self.paid <= self.due && self.paid <= self.funded);
        let receipted = self.receipts.iter().fold(Amount::ZERO, |sum, part| {
            sum.saturating_add(part.receipt.statement.fee)
        });
        assert_eq!(self.payee.due(), receipted);
        assert!(self.payer.held() <= receipted);
        assert_eq!(self.payer.stopped(), None);
    }

    pub(crate) fn apply(&mut self, op: Op) {
        match op {
            Op::Open {
                model,
                input,
                output,
            } => self.open(model, input, output),
            Op::Request(index) => self.with_link(index, Self::request),
            Op::Generate { stream, tokens } => {
                self.with_link(stream, |world, link| {
                    for _ in 0..STEPS {
                        world.generate(link, u64::from(tokens));
                    }
                });
            }
            Op::Chunk(index) => self.with_link(index, Self::chunk),
            Op::Voucher { index, again } => self.voucher(index, again),
            Op::LoseVoucher(index) => {
                if let Some(index) = pick(index, self.vouchers.len()) {
                    self.vouchers.swap_remove(index);
                }
            }
            Op::ResendVoucher => self
                .vouchers
                .extend(self.payer.voucher().map(|voucher| voucher.signed().clone())),
            Op::BreakStream(index) => {
                if let Some(index) = pick(index, self.links.len()) {
                    self.break_link(index);
                }
            }
            Op::CrashPayee => self.crash_payee(),
            Op::CrashPayer => self.crash_payer(),
            Op::CompactStores => {
                self.payer_store = self.payer.snapshot();
                self.payee_store = self.payee.snapshot();
            }
            Op::TopUp {
                amount,
                payer,
                payee,
            } => {
                self.funded = self.funded.saturating_add(Amount(amount));
                if payer {
                    self.payer.on_funded(self.funded);
                }
                if payee {
                    self.payee.on_funded(self.funded);
                }
            }
            Op::Settle => self.settle(),
            Op::Wait(ms) => self.wait(ms),
            Op::Recover => self.recover(),
            Op::Forgive => {
                if let Ok(Some(record)) = self.payee.forgive() {
                    self.payee_store.push(record);
                }
            }
            Op::ForgedVoucher(kind) => self.forged_voucher(kind),
        }
        self.send_voucher();
    }

    fn with_link(&mut self, index: u8, action: impl FnOnce(&mut Self, &mut Link)) {
        if let Some(index) = pick(index, self.links.len()) {
            let mut link = self.links.remove(index);
            action(self, &mut link);
            if link.payer.is_some() || link.payee.is_some() {
                self.links.insert(index, link);
            }
        }
    }

    fn open(&mut self, model: u8, input: u64, output: u64) {
        self.requests += 1;
        let spec = spec(self.requests, model, input, output);
        let request = StreamRequest {
            epoch: self.payee.epoch(),
            spec,
        };
        match self.payer.open_stream(&voucher_key(), request) {
            Ok(grant) => {
                self.payer_store.extend(grant.record);
                self.vouchers.extend(grant.voucher);
                self.links.push(Link {
                    spec,
                    input: input / 2,
                    epoch: self.payee.epoch(),
                    payer: Some(grant.stream),
                    payee: None,
                    requested: false,
                    prefilled: false,
                    made: 0,
                    sent: ResponseCommitter::new(&nonce(self.requests)),
                    received: ResponseCommitter::new(&nonce(self.requests)),
                    received_tokens: 0,
                    pipe: VecDeque::new(),
                });
            }
            Err(PayerError::AheadLimit { .. } | PayerError::DepositTooSmall { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The request reaches the node, which serves it once a voucher covers its input.
    fn request(&mut self, link: &mut Link) {
        if link.requested || link.epoch != self.payee.epoch() {
            return;
        }
        match self.payee.open_stream(link.spec) {
            Ok(id) => {
                link.payee = Some(id);
                link.requested = true;
            }
            Err(PayeeError::NotCovered { needed, .. }) => self.payer.on_shortfall(needed),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn generate(&mut self, link: &mut Link, count: u64) {
        let Some(id) = link.payee else { return };
        match self.payee.flow(id).unwrap() {
            Flow::Run => {}
            Flow::Pause => return,
            Flow::End => return self.cut(link, id, true),
        }
        let first = !std::mem::replace(&mut link.prefilled, true);
        let input = if first { link.input } else { 0 };
        let output = if first && link.input > 0 { 0 } else { count };
        let made = TokenCount::new(tokens(input), tokens(output));
        let metered = self.payee.on_tokens(id, made).unwrap();
        let output = output.min(link.spec.max_output.get() - link.made);
        link.made += output;
        let delivery = Delivery::Json(format!("{input} {output}").into_bytes());
        link.sent.deliver(&delivery);
        link.pipe.push_back(Chunk {
            delivery,
            part: None,
        });
        if metered.cut {
            self.cut(link, id, metered.flow == Flow::End);
        }
    }

    /// Cuts a part; it travels with the last delivery.
    fn cut(&mut self, link: &mut Link, id: StreamId, last: bool) {
        let end = PartEnd {
            last,
            response_commitment: link.sent.commitment(),
            now: self.now,
        };
        let key = epoch_key(self.payee.epoch());
        let part = match self.payee.cut_part(&key, id, end) {
            Ok(part) => part,
            Err(PayeeError::NothingToReceipt(_)) => return,
            Err(error) => panic!("{error:?}"),
        };
        self.payee_store
            .push(PayeeRecord::Part(Box::new(part.clone())));
        self.receipts.push(part.clone());
        if last {
            link.payee = None;
        }
        match link.pipe.back_mut() {
            Some(chunk) if chunk.part.is_none() => chunk.part = Some(part),
            _ => {
                let delivery = Delivery::Json(Vec::new());
                // An empty chunk only to carry the receipt delivers nothing.
                link.pipe.push_back(Chunk {
                    delivery,
                    part: Some(part),
                });
            }
        }
    }

    fn chunk(&mut self, link: &mut Link) {
        let (Some(id), Some(chunk)) = (link.payer, link.pipe.pop_front()) else {
            return;
        };
        if !chunk.delivery.json().is_empty() {
            link.received.deliver(&chunk.delivery);
            let text = std::str::from_utf8(chunk.delivery.json()).unwrap();
            let (_, output) = text.split_once(' ').unwrap();
            link.received_tokens += output.parse::<u64>().unwrap();
        }
        let Some(part) = chunk.part else { return };
        let delivered = Delivered {
            response_commitment: link.received.commitment(),
            output_at_most: Some(tokens(link.received_tokens)),
        };
        let outcome = self.payer.on_part(id, &part, &delivered).unwrap();
        assert!(outcome.accepted);
        self.payer_store.push(outcome.record);
        if outcome.finished.is_some() {
            link.payer = None;
        }
    }

    fn send_voucher(&mut self) {
        if let Some((voucher, record)) = self.payer.next_voucher(&voucher_key()) {
            self.payer_store.push(record);
            self.vouchers.push(voucher);
        }
    }

    fn voucher(&mut self, index: u8, again: bool) {
        let Some(index) = pick(index, self.vouchers.len()) else {
            return;
        };
        let voucher = if again {
            self.vouchers[index].clone()
        } else {
            self.vouchers.swap_remove(index)
        };
        if let VoucherOutcome::Accepted { record, .. } = self.payee.on_voucher(voucher).unwrap() {
            self.payee_store.push(record);
        }
    }

    fn forged_voucher(&mut self, kind: u8) {
        let (cover, terms) = (self.payee.cover(), terms());
        let statement = Voucher {
            channel: terms.channel,
            cumulative: Amount::MAX,
        };
        let (own, foreign) = (voucher_key(), SigningKey::from_seed([0x99; 32]));
        let forged = match kind % 3 {
            0 => Verified::sign(statement, terms.network, &foreign),
            1 => Verified::sign(statement, NetworkId::new([0xbb; 32]), &own),
            _ => Verified::sign(
                Voucher {
                    channel: [0xcd; 32].into(),
                    ..statement
                },
                terms.network,
                &own,
            ),
        };
        assert!(self.payee.on_voucher(forged.into_signed()).is_err());
        assert_eq!(self.payee.cover(), cover);
    }

    /// The payer gives up on the stream; the node ends it and keeps the receipt.
    fn break_link(&mut self, index: usize) {
        let mut link = self.links.remove(index);
        if let Some(id) = link.payer.take() {
            self.payer
                .abort_stream(id, link.received.commitment())
                .unwrap();
        }
        if let Some(id) = link.payee {
            self.cut(&mut link, id, true);
        }
    }

    fn crash_payee(&mut self) {
        for link in &mut self.links {
            link.payee = None;
        }
        while !self.links.is_empty() {
            self.break_link(0);
        }
        let epoch = self.payee.epoch().next();
        let due = self.payee.due();
        self.payee =
            Payee::restore(terms(), epoch, payee_config(), self.payee_store.clone()).unwrap();
        assert_eq!(self.payee.due(), due);
        self.payee.on_funded(self.funded);
        self.payee.on_authorized(self.authorized);
        let key = epoch_key(epoch).public();
        self.payer_store
            .extend(self.payer.add_epoch(epoch, key).unwrap());
    }

    fn crash_payer(&mut self) {
        for link in &mut self.links {
            link.payer = None;
        }
        let before = (
            self.payer.held(),
            self.payer.authorized(),
            self.payer.unaccounted(),
        );
        self.payer = Payer::restore(
            terms(),
            payer_config(self.ahead_limit),
            self.payer_store.clone(),
        )
        .unwrap();
        let after = (
            self.payer.held(),
            self.payer.authorized(),
            self.payer.unaccounted(),
        );
        assert_eq!(before, after);
        self.payer.on_funded(self.funded);
        self.payer.on_authorized(self.authorized);
        while !self.links.is_empty() {
            self.break_link(0);
        }
    }

    fn settle(&mut self) {
        let voucher = self
            .payee
            .voucher()
            .map_or(Amount::ZERO, |voucher| voucher.statement().cumulative);
        self.authorized = self.authorized.max(voucher);
        self.due = self.due.max(self.payee.due());
        let pay = self.authorized.min(self.due).min(self.funded);
        self.paid = self.paid.max(pay);
    }

    fn wait(&mut self, ms: u64) {
        self.now = TimestampMs(self.now.0 + ms);
        let ended = self.payee.tick(self.now);
        for index in (0..self.links.len()).rev() {
            let mut link = self.links.remove(index);
            if let Some(id) = link.payee.filter(|id| ended.contains(id)) {
                self.cut(&mut link, id, true);
            }
            self.links.insert(index, link);
        }
    }

    /// The payer asks for receipts that never came, and the node answers from its store.
    fn recover(&mut self) {
        let missing: Vec<_> = self.payer.missing().collect();
        for (epoch, seq) in missing {
            self.offer(epoch, seq.0);
        }
    }

    fn offer(&mut self, epoch: KeyEpoch, from: u64) {
        for part in self.receipts.clone() {
            let receipt = &part.receipt.statement;
            if receipt.key_epoch != epoch || receipt.seq.0 < from {
                continue;
            }
            match self.payer.on_missing(&part) {
                Ok(outcome) => self.payer_store.push(outcome.record),
                Err(PartError::AlreadyHeld | PartError::StreamOpen(_)) => {}
                Err(PartError::UnknownEpoch(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    /// Everything is delivered until nothing moves, then settled.
    pub(crate) fn drain(&mut self) {
        self.payer.on_funded(self.funded);
        self.payee.on_funded(self.funded);
        let mut before = None;
        loop {
            while !self.vouchers.is_empty() {
                self.voucher(0, false);
            }
            self.send_voucher();
            for index in 0..u8::try_from(self.links.len()).unwrap() {
                self.apply(Op::Request(index));
                self.apply(Op::Generate {
                    stream: index,
                    tokens: 4,
                });
                for _ in 0..4 {
                    self.apply(Op::Chunk(index));
                }
            }
            let state = (
                self.receipts.len(),
                self.payer.authorized(),
                self.links.iter().map(Link::progress).collect::<Vec<_>>(),
            );
            if before.replace(state.clone()) == Some(state) && self.vouchers.is_empty() {
                break;
            }
        }
        self.recover();
        self.apply(Op::ResendVoucher);
        while !self.vouchers.is_empty() {
            self.voucher(0, false);
        }
        self.settle();
        // An honest payer pays all that it accepted, whatever happened in between.
        assert!(self.paid >= self.payer.held().min(self.funded));
    }
}

impl Link {
    /// Changes whenever anything does.
    fn progress(&self) -> (bool, bool, u64, usize) {
        (self.requested, self.prefilled, self.made, self.pipe.len())
    }
}

fn pick(index: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(index) % len)
}
