//! Keeps requests away from a node that fails.

use std::time::Duration;

/// Failures in a row that open the breaker.
const THRESHOLD: u32 = 3;
/// How long it first stays open; doubles with each failed probe.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Closed while a node answers; open for a growing pause once it has failed [`THRESHOLD`] times in a
/// row; then one request at a time probes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Breaker {
    failures: u32,
    open_until: Duration,
}

impl Breaker {
    /// Whether a request may be sent at `now`.
    #[must_use]
    pub fn admits(&self, now: Duration) -> bool {
        self.failures < THRESHOLD || now >= self.open_until
    }

    /// A request was answered.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// A request failed at `now`.
    pub fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        if let Some(excess) = self.failures.checked_sub(THRESHOLD) {
            let pause = FIRST_PAUSE
                .saturating_mul(1 << excess.min(16))
                .min(MAX_PAUSE);
            self.open_until = now.saturating_add(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_pauses_longer_each_time() {
        let (mut breaker, second) = (Breaker::default(), Duration::from_secs);
        breaker.failed(second(0));
        breaker.failed(second(0));
        assert!(breaker.admits(second(0)));
        breaker.failed(second(0));
        assert!(!breaker.admits(Duration::from_millis(999)));
        assert!(breaker.admits(second(1)));
        breaker.failed(second(1));
        assert!(!breaker.admits(Duration::from_millis(2_999)));
        assert!(breaker.admits(second(3)));
        breaker.succeeded();
        breaker.failed(second(3));
        assert!(breaker.admits(second(3)));
    }

    #[test]
    fn a_pause_has_a_limit() {
        let mut breaker = Breaker::default();
        for _ in 0..1_000 {
            breaker.failed(Duration::ZERO);
        }
        assert!(breaker.admits(MAX_PAUSE));
    }
}
