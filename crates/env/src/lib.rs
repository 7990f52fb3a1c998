//! Clock, randomness and tasks of a role.
//!
//! Every role takes an [`Env`] and asks it for time, random bytes and tasks; a lint forbids the direct
//! calls. [`Env::system`] is the real world. [`Env::simulated`] draws everything from one seed and
//! takes its time from tokio's clock, so that a market on a paused current-thread runtime replays
//! byte for byte.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use atoma_protocol::{random::Randomness, time::TimestampMs};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng, TryRng};
use tokio::time::Instant;
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFuture},
    task::TaskTracker,
};

/// What a role knows of the world: time, randomness, tasks. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Env {
    clock: Clock,
    rng: Arc<Mutex<ChaCha20Rng>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

#[derive(Clone, Copy)]
enum Clock {
    System,
    Simulated {
        start: Instant,
        start_ms: TimestampMs,
    },
}

impl Env {
    /// The real clock, randomness seeded by the operating system.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: nothing can be signed or sealed then.
    #[must_use]
    pub fn system() -> Self {
        let mut seed = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut seed)
            .expect("the operating system has no randomness");
        Self::new(Clock::System, seed)
    }

    /// A world made of one seed that begins at `start`, its time that of the current tokio runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn simulated(seed: u64, start: TimestampMs) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self::new(
            Clock::Simulated {
                start: Instant::now(),
                start_ms: start,
            },
            bytes,
        )
    }

    fn new(clock: Clock, seed: [u8; 32]) -> Self {
        Self {
            clock,
            rng: Arc::new(Mutex::new(ChaCha20Rng::from_seed(seed))),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }
    }

    /// An environment for one part of this one: same clock, randomness of its own drawn from here, so
    /// that one part's draws do not shift another's; its tasks stop when this one's do.
    #[must_use]
    pub fn child(&self) -> Self {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        Self {
            clock: self.clock,
            rng: Arc::new(Mutex::new(ChaCha20Rng::from_seed(seed))),
            tasks: TaskTracker::new(),
            shutdown: self.shutdown.child_token(),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> TimestampMs {
        match self.clock {
            Clock::System => system_now(),
            Clock::Simulated { start, start_ms } => start_ms.saturating_add(start.elapsed()),
        }
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Fills `bytes` with random bytes fit for keys.
    pub fn fill(&self, bytes: &mut [u8]) {
        // A panic while the lock was held cannot leave a stream cipher's state half-changed in a way
        // that repeats output, so a poisoned lock is still good.
        self.rng
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }

    /// Draws an array of random bytes fit for keys.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Runs a task that ends by itself or when [`Self::shutdown`] asks it to; [`Self::stop`] waits for it.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Completes when the role is asked to stop.
    pub fn shutdown(&self) -> WaitForCancellationFuture<'_> {
        self.shutdown.cancelled()
    }

    /// The token behind [`Self::shutdown`], for what takes one.
    #[must_use]
    pub fn shutdown_token(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Asks every task of this environment and of its children to stop, without waiting.
    pub fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    /// Asks every task to stop and waits for those of this environment, at most `limit`.
    ///
    /// Returns whether all of them ended in time.
    pub async fn stop(&self, limit: Duration) -> bool {
        self.begin_stop();
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's clock"
)]
fn system_now() -> TimestampMs {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    TimestampMs(0).saturating_add(since)
}

impl Randomness for &Env {
    fn fill(&mut self, bytes: &mut [u8]) {
        Env::fill(self, bytes);
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env")
            .field("now", &self.now())
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_seed_gives_one_world() {
        let draw = || {
            let env = Env::simulated(7, TimestampMs(1_000));
            let child = env.child();
            (env.random::<16>(), child.random::<16>(), env.now())
        };
        assert_eq!(draw(), draw());
        assert_ne!(Env::simulated(8, TimestampMs(0)).random::<16>(), draw().0);
    }

    #[tokio::test(start_paused = true)]
    async fn simulated_time_is_the_runtimes() {
        let env = Env::simulated(7, TimestampMs(1_000));
        env.sleep(Duration::from_secs(3)).await;
        assert_eq!(env.now(), TimestampMs(4_000));
    }

    #[tokio::test]
    async fn stopping_waits_for_tasks_and_reaches_children() {
        let env = Env::system();
        let child = env.child();
        let task = env.spawn(async move { child.shutdown().await });
        assert!(env.stop(Duration::from_secs(5)).await);
        assert!(task.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_gives_up_on_a_task_that_does_not_end() {
        let env = Env::simulated(1, TimestampMs(0));
        env.spawn(std::future::pending::<()>());
        assert!(!env.stop(Duration::from_secs(1)).await);
    }
}
