//! A channel on the chain, its model, and everything that was ever signed for it.

use atoma_chain::{Action, ChainError, Wallet, abort::Named, state::ChannelStatus, tx};
use atoma_contracts_tests::{
    channel::{Channel, Lane, Status, Terms},
    live_time::{LiveTime, Window},
    vault::Vault,
};
use atoma_protocol::{ids::KeyEpoch, keys::SigningKey, money::Amount, statement::Verified};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};

use super::{
    Tally,
    figures::{ELSEWHERE, Wallets, vault, wallets},
    steps::{Step, Tamper, Who},
};
use crate::market::{
    COMMISSION_BPS, EXPIRES_AFTER_MS, GAP_MS, Market, ROUTING_BPS, TestChannel, TestNode,
};

/// Key epochs that are graded; the next is posted, the one after it does not exist.
pub(crate) const GRADED: u64 = 5;
const DEPOSIT: u64 = 1_000_003;
const GRACE_MS: u64 = 2_000;
const REAP_MS: u64 = 10_000;
const PROTOCOL_BPS: u64 = 500;

/// A failure stops the interleaving and shrinks it.
type Checked = Result<(), TestCaseError>;

/// What a stranger owns: all rights, to other things.
#[derive(Debug)]
pub(crate) struct Stranger {
    node: TestNode,
    channel: TestChannel,
}

impl Stranger {
    pub(crate) async fn settle_in(m: &Market) -> Self {
        let node = m.register_node(&m.stranger).await;
        let mut terms = m.terms(DEPOSIT);
        terms.owner = m.stranger.address();
        let channel = m.open_with(&m.stranger, &terms).await;
        Self { node, channel }
    }
}

pub(crate) struct World<'a> {
    m: &'a Market,
    stranger: &'a Stranger,
    at: TestChannel,
    channel: Channel,
    vault: Vault,
    live: LiveTime,
    wallets: Wallets,
    redirected: bool,
    reaped: bool,
    /// Amounts of all vouchers that the payer signed.
    vouchers: Vec<u64>,
    /// What each key stated.
    stated: Vec<Vec<Lane>>,
    /// Whether every key stated the truth so far.
    honest: bool,
    pub(crate) tally: Tally,
}

/// Something that the model did, to be compared with what the chain does.
struct Predicted {
    name: &'static str,
    by: Who,
    action: Action,
    outcome: Result<(), Named>,
}

impl<'a> World<'a> {
    pub(crate) async fn new(m: &'a Market, stranger: &'a Stranger) -> Self {
        let at = m.open(DEPOSIT).await;
        let terms = Terms {
            protocol_bps: PROTOCOL_BPS,
            routing_bps: u64::from(ROUTING_BPS),
            commission_bps: u64::from(COMMISSION_BPS),
            grace_ms: GRACE_MS,
            reap_ms: REAP_MS,
            expires_ms: m.clock_ms() + EXPIRES_AFTER_MS,
        };
        let live = m.client.live_time().await.unwrap();
        assert_eq!(live.gap_ms, GAP_MS);
        Self {
            m,
            stranger,
            at,
            channel: Channel::open(terms, DEPOSIT),
            vault: vault(&m.vault().await),
            live: LiveTime {
                gap_ms: live.gap_ms,
                live_ms: live.live_ms.0,
                last_ms: live.last_ms.0,
            },
            wallets: wallets(m).await,
            redirected: false,
            reaped: false,
            vouchers: vec![0],
            stated: vec![
                vec![Lane {
                    earned: 0,
                    receipts: 0
                }];
                usize::try_from(GRADED).unwrap() + 2
            ],
            honest: true,
            tally: Tally::new(),
        }
    }

    /// Whether the channel is gone.
    pub(crate) const fn is_over(&self) -> bool {
        self.reaped
    }

    fn now(&self) -> Window {
        self.live.open(self.m.clock_ms())
    }

    /// What the node gets in the end, all told, if it settles everything now; the rest is the payer's.
    fn node_gets(&self) -> u64 {
        if matches!(self.channel.status, Status::Closed(_)) {
            return self.channel.paid;
        }
        let graded = self.stated.iter().take(usize::try_from(GRADED).unwrap());
        let due = (0..)
            .zip(graded)
            .filter(|(epoch, _)| !self.channel.folded_epochs.contains(epoch))
            .fold(self.channel.folded, |sum, (_, stated)| {
                sum.saturating_add(stated.last().map_or(0, |lane| lane.earned))
            });
        due.min(self.largest_voucher()).min(self.channel.funded)
    }

    fn largest_voucher(&self) -> u64 {
        self.vouchers.iter().copied().max().unwrap_or(0)
    }

    /// Does one step and holds everything against the model.
    pub(crate) async fn take(&mut self, step: &Step) -> Checked {
        let (node_before, funded_before) = (self.node_gets(), self.channel.funded);
        match step {
            Step::Authorize(more) => {
                self.vouchers
                    .push(self.largest_voucher().saturating_add(*more));
                return Ok(());
            }
            Step::Earn { epoch, fee } => {
                let stated = &mut self.stated[usize::try_from(*epoch).unwrap()];
                let last = stated[stated.len() - 1];
                stated.push(Lane {
                    earned: last.earned.saturating_add(*fee),
                    receipts: last.receipts + 1,
                });
                return Ok(());
            }
            Step::Boast {
                epoch,
                earned,
                receipts,
            } => {
                self.honest = false;
                self.stated[usize::try_from(*epoch).unwrap()].push(Lane {
                    earned: *earned,
                    receipts: *receipts,
                });
                return Ok(());
            }
            Step::Halt(ms) => {
                self.m.halt(*ms);
                return Ok(());
            }
            Step::Settle { .. } => self.settle(step).await?,
            _ => {
                let predicted = self.predict(step);
                self.compare(predicted).await?;
            }
        }
        self.check().await?;
        if step.is_anybodys() && self.honest {
            let refund = self.channel.funded - self.node_gets();
            prop_assert!(self.node_gets() >= node_before, "{step:?} robs the node");
            prop_assert!(
                refund >= funded_before - node_before,
                "{step:?} robs the payer"
            );
        }
        Ok(())
    }

    async fn settle(&mut self, step: &Step) -> Checked {
        let Step::Settle {
            voucher,
            epoch,
            statement,
            tamper,
        } = step
        else {
            unreachable!("called for settlements only");
        };
        let cumulative = *voucher.get(&self.vouchers);
        let stated = *statement.get(&self.stated[usize::try_from(*epoch).unwrap()]);
        let closed = matches!(self.channel.status, Status::Closed(_));
        let outcome = match tamper {
            _ if closed => Ok(()),
            Tamper::ForgedVoucher | Tamper::ForeignVoucher | Tamper::RaisedVoucher => {
                Err(Named::ChannelBadVoucher)
            }
            _ if *epoch > GRADED => Err(Named::NodeUnknownEpoch),
            _ if *epoch == GRADED => Err(Named::ChannelGradeMissing),
            Tamper::None => Ok(()),
            _ => Err(Named::ChannelBadStatement),
        };
        if outcome.is_ok() && !closed {
            let payment = self.channel.settle(cumulative, *epoch, stated);
            self.vault.deposit(&payment);
        }
        let action = tx::settle(
            self.m.at(),
            &[self.words(cumulative, *epoch, stated, *tamper)],
        );
        self.compare(Predicted {
            name: if closed { "settle, closed" } else { "settle" },
            by: Who::Stranger,
            action,
            outcome,
        })
        .await
    }

    /// Voucher and statement, tampered with.
    fn words(&self, cumulative: u64, epoch: u64, lane: Lane, tamper: Tamper) -> tx::SettleChannel {
        let m = self.m;
        let paying = (lane.earned, lane.receipts);
        let mut item = m.item_of(
            m.voucher(self.at.id, cumulative),
            m.statement(self.at.id, epoch, paying),
        );
        let forger = SigningKey::from_seed([66; 32]);
        let network = m.at().network;
        match tamper {
            Tamper::None => {}
            Tamper::ForgedVoucher => {
                item.voucher =
                    Verified::sign(item.voucher.statement, network, &forger).into_signed();
            }
            Tamper::ForeignVoucher => {
                item.voucher.signature = m.voucher(self.stranger.channel.id, cumulative).signature;
            }
            Tamper::RaisedVoucher => item.voucher.statement.cumulative.0 ^= 1,
            Tamper::ForgedStatement => {
                item.statement =
                    Verified::sign(item.statement.statement, network, &forger).into_signed();
            }
            Tamper::ForeignStatement => {
                let elsewhere = m.statement(self.stranger.channel.id, epoch, paying);
                item.statement.signature = elsewhere.signature;
            }
            Tamper::RaisedStatement => item.statement.statement.earned.0 ^= 1,
        }
        item
    }

    /// What the model says of a call, taken note of already.
    fn predict(&mut self, step: &Step) -> Predicted {
        let (m, at, channel) = (self.m, self.m.at(), self.at.id);
        let (usd, now, clock_ms) = (m.usd(), self.now(), m.clock_ms());
        let node_cap = |by| match by {
            Who::Owner => m.node.cap,
            Who::Stranger => self.stranger.node.cap,
        };
        let payer_cap = |by| match by {
            Who::Owner => self.at.cap,
            Who::Stranger => self.stranger.channel.cap,
        };
        let (name, by, action) = match step {
            Step::TopUp { by, amount } => {
                ("top up", *by, tx::top_up(at, channel, usd, Amount(*amount)))
            }
            Step::RequestClose(by) => {
                let action = tx::request_close(at, channel, usd, payer_cap(*by));
                ("request close", *by, action)
            }
            Step::RequestCloseExpired => {
                let action = tx::request_close_expired(at, channel, usd);
                ("request close, expired", Who::Stranger, action)
            }
            Step::Close(by) => (
                "close",
                *by,
                tx::close(at, channel, usd, m.node.id, node_cap(*by)),
            ),
            Step::Finalize => ("finalize", Who::Stranger, tx::finalize(at, channel, usd)),
            Step::ClaimRouting(by) => {
                let to = m.router.address();
                (
                    "claim routing",
                    *by,
                    tx::claim_routing(at, &[(channel, usd.clone())], to),
                )
            }
            Step::Fold { by, epoch } => {
                let action = tx::fold(at, channel, usd, m.node.id, node_cap(*by), KeyEpoch(*epoch));
                ("fold", *by, action)
            }
            Step::Redirect(by) => {
                let action = tx::set_refund_to(at, channel, usd, payer_cap(*by), ELSEWHERE);
                ("redirect", *by, action)
            }
            Step::Reap(by) => {
                let cap = payer_cap(*by);
                let to = m.payer.address();
                (
                    "reap",
                    *by,
                    tx::reap(at, channel, usd, cap, m.node.vault, to),
                )
            }
            Step::Mature => ("mature", Who::Stranger, tx::mature(at, m.node.vault, usd)),
            Step::Withdraw(by) => {
                let to = m.operator.address();
                let cap = node_cap(*by);
                let action = tx::withdraw_dues(at, m.node.vault, m.node.id, cap, usd, to);
                ("withdraw", *by, action)
            }
            Step::Sweep => ("sweep", Who::Stranger, tx::sweep(at, m.node.vault, usd)),
            Step::Tick => ("tick", Who::Stranger, tx::tick(at)),
            other => unreachable!("{other:?} is no call"),
        };
        let outcome = self.model(step, now, clock_ms);
        Predicted {
            name,
            by,
            action,
            outcome,
        }
    }

    /// The model's side of a call.
    fn model(&mut self, step: &Step, now: Window, clock_ms: u64) -> Result<(), Named> {
        match step {
            Step::RequestClose(Who::Stranger)
            | Step::Redirect(Who::Stranger)
            | Step::Reap(Who::Stranger) => Err(Named::ChannelWrongCap),
            Step::Close(Who::Stranger)
            | Step::Fold {
                by: Who::Stranger, ..
            }
            | Step::Withdraw(Who::Stranger) => Err(Named::NodeWrongCap),
            Step::ClaimRouting(Who::Stranger) => Err(Named::ChannelNotRouter),
            Step::TopUp { by, amount } => {
                self.channel.top_up(*amount)?;
                match by {
                    Who::Owner => self.wallets.payer -= amount,
                    Who::Stranger => self.wallets.stranger -= amount,
                }
                Ok(())
            }
            Step::RequestClose(Who::Owner) => self.channel.request_close(now),
            Step::RequestCloseExpired => self.channel.request_close_expired(now),
            Step::Close(Who::Owner) => {
                let refund = self.channel.close(now)?;
                self.refund(refund);
                Ok(())
            }
            Step::Finalize => {
                let refund = self.channel.finalize(&self.live, clock_ms)?;
                self.refund(refund);
                Ok(())
            }
            Step::ClaimRouting(Who::Owner) => {
                self.wallets.router += self.channel.claim_routing();
                Ok(())
            }
            Step::Fold { epoch, .. } => self.channel.fold(*epoch),
            Step::Redirect(Who::Owner) => {
                self.redirected = true;
                Ok(())
            }
            Step::Reap(Who::Owner) => {
                self.vault.protocol += self.channel.reap(&self.live, clock_ms)?;
                self.reaped = true;
                Ok(())
            }
            Step::Mature => {
                self.vault.mature(&self.live, clock_ms);
                Ok(())
            }
            Step::Withdraw(Who::Owner) => {
                self.wallets.operator += self.vault.withdraw(&self.live, clock_ms);
                Ok(())
            }
            Step::Sweep => {
                self.wallets.treasury += std::mem::take(&mut self.vault.protocol);
                Ok(())
            }
            Step::Tick => {
                self.live.tick(clock_ms);
                Ok(())
            }
            other => unreachable!("{other:?} is no call"),
        }
    }

    const fn refund(&mut self, amount: u64) {
        if self.redirected {
            self.wallets.elsewhere += amount;
        } else {
            self.wallets.payer += amount;
        }
    }

    fn wallet(&self, predicted: &Predicted) -> &'a Wallet {
        match (predicted.by, predicted.name) {
            (Who::Stranger, _) => &self.m.stranger,
            (_, "close" | "fold" | "withdraw") => &self.m.operator,
            (_, "claim routing") => &self.m.router,
            _ => &self.m.payer,
        }
    }

    /// The chain does as the model did.
    async fn compare(&mut self, predicted: Predicted) -> Checked {
        let wallet = self.wallet(&predicted);
        let found = match self.m.client.submit(wallet, &predicted.action).await {
            Ok(_) => Ok(()),
            Err(ChainError::Aborted { abort, .. }) if abort.named().is_some() => {
                Err(abort.named().unwrap())
            }
            Err(error) => {
                return Err(TestCaseError::fail(format!("{}: {error}", predicted.name)));
            }
        };
        prop_assert_eq!(found, predicted.outcome, "{}", predicted.name);
        let outcome = predicted
            .outcome
            .map_or_else(|named| format!("{named:?}"), |()| "ok".to_owned());
        *self
            .tally
            .entry(format!("{}: {outcome}", predicted.name))
            .or_default() += 1;
        Ok(())
    }

    /// Every figure on the chain is the model's, and the model is sound.
    async fn check(&self) -> Checked {
        prop_assert_eq!(vault(&self.m.vault().await), self.vault);
        prop_assert_eq!(self.m.vault().await.funds.0, self.vault.funds());
        if self.reaped {
            return Ok(());
        }
        let (state, model) = (self.m.channel(self.at).await, &self.channel);
        let figures = [
            ("funded", state.funded.0, model.funded),
            ("authorized", state.authorized.0, model.authorized),
            ("paid", state.paid.0, model.paid),
            ("folded", state.folded.0, model.folded),
            ("due", state.due().0, model.due()),
            (
                "routing claimed",
                state.routing_claimed.0,
                model.routing_claimed,
            ),
            ("balance", state.balance.0, model.balance()),
        ];
        for (name, found, expected) in figures {
            prop_assert_eq!(found, expected, "{}", name);
        }
        let lanes = state.lanes.iter().map(|lane| {
            let earned = Lane {
                earned: lane.earned.0,
                receipts: lane.receipts,
            };
            (lane.epoch.0, earned)
        });
        prop_assert_eq!(
            lanes.collect::<std::collections::BTreeMap<_, _>>(),
            model.lanes.clone()
        );
        let status = match model.status {
            Status::Open => ChannelStatus::Open,
            Status::Closing(_) => ChannelStatus::Closing,
            Status::Closed(_) => ChannelStatus::Closed,
        };
        prop_assert_eq!(state.state, status);
        prop_assert!(model.paid <= model.authorized && model.paid <= model.due());
        prop_assert!(model.authorized <= self.largest_voucher());
        if status == ChannelStatus::Closed {
            prop_assert_eq!(model.paid + model.refunded, model.funded);
        }
        Ok(())
    }

    /// Whatever happened, everybody still gets what is theirs, and it is all there is.
    pub(crate) async fn wind_up(&mut self) -> Checked {
        if !self.reaped {
            if self.channel.status == Status::Open {
                self.take(&Step::RequestClose(Who::Owner)).await?;
            }
            let due = self.node_gets();
            self.settle_all().await?;
            if self.honest {
                prop_assert_eq!(
                    self.channel.paid,
                    due,
                    "the node did not get what it earned"
                );
            }
            if matches!(self.channel.status, Status::Closing(_)) {
                self.pass(GRACE_MS + GAP_MS).await?;
                self.take(&Step::Finalize).await?;
            }
            self.take(&Step::ClaimRouting(Who::Owner)).await?;
            prop_assert_eq!(self.channel.balance(), 0);
            self.pass(REAP_MS + GAP_MS).await?;
            self.take(&Step::Reap(Who::Owner)).await?;
            prop_assert!(self.reaped);
        }
        prop_assert_eq!(wallets(self.m).await, self.wallets);
        Ok(())
    }

    /// The node settles the newest words of every key, folding what stands in the way.
    async fn settle_all(&mut self) -> Checked {
        let cumulative = self.largest_voucher();
        for epoch in 0..GRADED {
            let stated = &self.stated[usize::try_from(epoch).unwrap()];
            let last = stated[stated.len() - 1];
            let item = self.words(cumulative, epoch, last, Tamper::None);
            if !matches!(self.channel.status, Status::Closed(_)) {
                let payment = self.channel.settle(cumulative, epoch, last);
                self.vault.deposit(&payment);
            }
            let action = tx::settle(self.m.at(), &[item]);
            self.compare(Predicted {
                name: "settle at last",
                by: Who::Stranger,
                action,
                outcome: Ok(()),
            })
            .await?;
            self.check().await?;
            // Settled for good: its lane makes room for the next key's.
            if self.channel.lanes.contains_key(&epoch) {
                let by = Who::Owner;
                self.take(&Step::Fold { by, epoch }).await?;
            }
        }
        Ok(())
    }

    async fn pass(&mut self, live_ms: u64) -> Checked {
        self.take(&Step::Tick).await?;
        for _ in 0..live_ms.div_ceil(GAP_MS) {
            self.m.halt(GAP_MS);
            self.take(&Step::Tick).await?;
        }
        Ok(())
    }
}
