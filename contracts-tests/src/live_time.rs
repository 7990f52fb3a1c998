//! Live time: the clock, without what passed beyond one gap between two ticks.

/// Past this much clock time beyond its length a window is over in any case, in milliseconds.
const LAST_DAY_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// The live clock of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveTime {
    /// Most live time between two ticks, in milliseconds.
    pub gap_ms: u64,
    /// Live time at the last tick, in milliseconds.
    pub live_ms: u64,
    /// The chain's clock at the last tick.
    pub last_ms: u64,
}

/// When a window was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// In live time.
    pub live_ms: u64,
    /// By the clock.
    pub clock_ms: u64,
}

impl LiveTime {
    /// Live time when the clock shows `clock_ms`.
    #[must_use]
    pub fn now(&self, clock_ms: u64) -> u64 {
        self.live_ms + (clock_ms - self.last_ms).min(self.gap_ms)
    }

    /// Somebody ticks.
    pub fn tick(&mut self, clock_ms: u64) {
        self.live_ms = self.now(clock_ms);
        self.last_ms = clock_ms;
    }

    /// A window that opens now.
    #[must_use]
    pub fn open(&self, clock_ms: u64) -> Window {
        Window {
            live_ms: self.now(clock_ms),
            clock_ms,
        }
    }

    /// Whether a window of this length is over.
    #[must_use]
    pub fn is_over(&self, window: Window, length_ms: u64, clock_ms: u64) -> bool {
        let length = length_ms + self.gap_ms;
        self.now(clock_ms) >= window.live_ms + length
            || clock_ms >= window.clock_ms + length + LAST_DAY_MS
    }
}
