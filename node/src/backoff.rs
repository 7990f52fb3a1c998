//! Growing pauses between attempts.

use std::time::Duration;

use atoma_env::Env;

/// Pauses that double from `first` to `longest`, each shortened at random by up to a half, so that many
/// nodes that lost the same peer do not come back in step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// After a success the next pause is short again.
    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }

    /// The pause to make now.
    pub(crate) fn pause(&mut self, env: &Env) -> Duration {
        let full = self.next;
        self.next = full.saturating_mul(2).min(self.longest);
        let fraction = u32::from(u16::from_le_bytes(env.random()));
        let off = (full / 2).saturating_mul(fraction) / u32::from(u16::MAX);
        full.saturating_sub(off)
    }
}

#[cfg(test)]
mod tests {
    use atoma_protocol::time::TimestampMs;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_their_limit_and_start_over() {
        let env = Env::simulated(1, TimestampMs(0));
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, second * 5);
        for full in [1, 2, 4, 5, 5] {
            let pause = backoff.pause(&env);
            assert!(
                pause <= second * full && pause >= second * full / 2,
                "{pause:?}"
            );
        }
        backoff.reset();
        assert!(backoff.pause(&env) <= second);
    }
}
