//! How busy and how fast a node is.

use std::time::Duration;

use atoma_protocol::money::Prices;

/// Weight of the newest observation in the moving average.
const WEIGHT: f64 = 0.2;
/// Latency assumed of a node that has not answered yet.
const UNKNOWN_LATENCY: Duration = Duration::from_millis(100);
/// Latency under which differences do not matter.
const FLOOR: Duration = Duration::from_millis(1);

/// Requests under way and the moving average of the time to the first piece of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    under_way: u32,
    latency_s: f64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            under_way: 0,
            latency_s: UNKNOWN_LATENCY.as_secs_f64(),
        }
    }
}

impl Load {
    /// A request begins.
    pub const fn begin(&mut self) {
        self.under_way = self.under_way.saturating_add(1);
    }

    /// A request ends.
    pub const fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// An answer's first piece came after `latency`.
    pub fn observe(&mut self, latency: Duration) {
        let latency_s = latency.max(FLOOR).as_secs_f64();
        self.latency_s = WEIGHT.mul_add(latency_s - self.latency_s, self.latency_s);
    }

    /// Load x latency x price: lower is better. Prices count by their square root, so that a cheap but
    /// slow node does not take all traffic.
    #[must_use]
    pub fn cost(&self, prices: Prices) -> f64 {
        let price = |units: u64| u32::try_from(units).map_or(f64::from(u32::MAX), f64::from);
        let price = price(prices.input.get()) + price(prices.output.get()) + 1.0;
        f64::from(self.under_way.saturating_add(1)) * self.latency_s * price.sqrt()
    }
}
