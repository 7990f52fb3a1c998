//! Choosing the next token.

use std::collections::HashMap;

use atoma_openai::ChatRequest;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Temperatures below this take the likeliest token: dividing by them would overflow.
const GREEDY_BELOW: f64 = 1e-5;

/// What is used where a request sets nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingDefaults {
    /// Temperature.
    pub temperature: f64,
    /// Probability mass sampled from.
    pub top_p: f64,
}

impl Default for SamplingDefaults {
    /// What the OpenAI API says: 1 and 1.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_p: 1.0,
        }
    }
}

/// Chooses tokens for one request.
#[derive(Debug)]
pub struct Sampler {
    temperature: f64,
    top_p: f64,
    presence_penalty: f64,
    frequency_penalty: f64,
    /// How often each token was chosen.
    counts: HashMap<u32, u32>,
    rng: ChaCha20Rng,
}

impl Sampler {
    /// A sampler with a request's settings; `random_seed` is used if the request sets none.
    #[must_use]
    pub fn new(request: &ChatRequest, defaults: SamplingDefaults, random_seed: u64) -> Self {
        let seed = request.seed.map_or(random_seed, i64::cast_unsigned);
        Self {
            temperature: request.temperature.unwrap_or(defaults.temperature),
            top_p: request.top_p.unwrap_or(defaults.top_p),
            presence_penalty: request.presence_penalty.unwrap_or(0.0),
            frequency_penalty: request.frequency_penalty.unwrap_or(0.0),
            counts: HashMap::new(),
            rng: ChaCha20Rng::seed_from_u64(seed),
        }
    }

    /// Chooses a token; `None` if the logits are empty or none of them is a number.
    ///
    /// At temperature 0 it is the likeliest, the lowest of equals, whatever the seed.
    pub fn choose(&mut self, logits: &mut [f32]) -> Option<u32> {
        self.penalise(logits);
        let token = if self.temperature < GREEDY_BELOW {
            likeliest(logits)?
        } else {
            self.draw(logits)?
        };
        if self.presence_penalty != 0.0 || self.frequency_penalty != 0.0 {
            *self.counts.entry(token).or_default() += 1;
        }
        Some(token)
    }

    fn penalise(&self, logits: &mut [f32]) {
        for (token, count) in &self.counts {
            let Some(logit) = usize::try_from(*token)
                .ok()
                .and_then(|token| logits.get_mut(token))
            else {
                continue;
            };
            let penalty = self.presence_penalty + self.frequency_penalty * f64::from(*count);
            *logit = narrowed(f64::from(*logit) - penalty);
        }
    }

    fn draw(&mut self, logits: &[f32]) -> Option<u32> {
        let most = logits
            .iter()
            .copied()
            .filter(|logit| !logit.is_nan())
            .fold(f32::NEG_INFINITY, f32::max);
        if !most.is_finite() {
            return None;
        }
        let scale = 1.0 / self.temperature;
        let weight = |logit: f32| (f64::from(logit - most) * scale).exp();
        let mut candidates: Vec<(u32, f64)> = (0_u32..)
            .zip(logits)
            .filter(|(_, logit)| !logit.is_nan())
            .map(|(token, logit)| (token, weight(*logit)))
            .collect();
        let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
        let mut mass = total;
        if self.top_p < 1.0 {
            // All tokens this unlikely weigh less together than what is cut off: few are left to be sorted.
            let unlikely = total * (1.0 - self.top_p) / wide(candidates.len());
            candidates.retain(|(_, weight)| *weight >= unlikely);
            // Likeliest first, the lower of equals first; at least one remains.
            candidates
                .sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
            let wanted = total * self.top_p;
            mass = 0.0;
            let mut kept = 0;
            while kept < candidates.len() && (kept == 0 || mass < wanted) {
                mass += candidates[kept].1;
                kept += 1;
            }
            candidates.truncate(kept);
        }
        let mut left = self.uniform() * mass;
        for (token, weight) in &candidates {
            left -= weight;
            if left < 0.0 {
                return Some(*token);
            }
        }
        // Rounding may leave a hair over the last one.
        candidates.last().map(|(token, _)| *token)
    }

    /// A number from 0 up to 1, from the 53 bits that a float holds.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit the float exactly")]
    fn uniform(&mut self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        (self.rng.next_u64() >> 11) as f64 / STEPS
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a vocabulary is far smaller than 2^53"
)]
fn wide(count: usize) -> f64 {
    count as f64
}

fn likeliest(logits: &[f32]) -> Option<u32> {
    let mut best: Option<(u32, f32)> = None;
    for (token, &logit) in (0_u32..).zip(logits) {
        if !logit.is_nan() && best.is_none_or(|(_, most)| logit > most) {
            best = Some((token, logit));
        }
    }
    best.map(|(token, _)| token)
}

/// Logarithms of probabilities of the tokens wanted, and the likeliest ones.
///
/// The first is of `token`, the others the `count` likeliest, likeliest first.
#[must_use]
pub fn log_probabilities(logits: &[f32], token: u32, count: usize) -> (f64, Vec<(u32, f64)>) {
    let most = logits
        .iter()
        .copied()
        .filter(|logit| !logit.is_nan())
        .fold(f32::NEG_INFINITY, f32::max);
    let number = |logit: f32| {
        if logit.is_nan() {
            f64::NEG_INFINITY
        } else {
            f64::from(logit - most)
        }
    };
    let total: f64 = logits.iter().map(|logit| number(*logit).exp()).sum();
    let log_total = total.ln();
    let of = |logit: f32| number(logit) - log_total;
    let own = usize::try_from(token)
        .ok()
        .and_then(|token| logits.get(token))
        .map_or(f64::NEG_INFINITY, |logit| of(*logit));
    let mut ranked: Vec<(u32, f32)> = (0_u32..)
        .zip(logits.iter().copied())
        .filter(|(_, logit)| !logit.is_nan())
        .collect();
    let order =
        |one: &(u32, f32), other: &(u32, f32)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
    if count == 0 {
        ranked.clear();
    } else if count < ranked.len() {
        ranked.select_nth_unstable_by(count - 1, order);
        ranked.truncate(count);
    }
    ranked.sort_unstable_by(order);
    (
        own,
        ranked
            .into_iter()
            .map(|(token, logit)| (token, of(logit)))
            .collect(),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to the logits' own precision is meant"
)]
fn narrowed(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use atoma_openai::ChatRequest;
    use proptest::prelude::*;

    use super::{Sampler, SamplingDefaults, log_probabilities};

    fn sampler(change: impl FnOnce(&mut ChatRequest)) -> Sampler {
        let mut request = ChatRequest::new("m", Vec::new());
        change(&mut request);
        Sampler::new(&request, SamplingDefaults::default(), 1)
    }

    #[test]
    fn temperature_zero_takes_the_likeliest_and_the_lowest_of_equals() {
        let mut greedy = sampler(|request| request.temperature = Some(0.0));
        assert_eq!(greedy.choose(&mut [0.0, 3.0, 3.0, f32::NAN, 1.0]), Some(1));
        assert_eq!(greedy.choose(&mut []), None);
        assert_eq!(greedy.choose(&mut [f32::NAN]), None);
        assert_eq!(
            sampler(|_| {}).choose(&mut [f32::NAN, f32::NEG_INFINITY]),
            None
        );
    }

    #[test]
    fn a_seed_repeats_and_another_seed_does_not() {
        let run = |seed: i64| -> Vec<Option<u32>> {
            let mut sampler = sampler(|request| request.seed = Some(seed));
            (0..50).map(|_| sampler.choose(&mut [0.0; 100])).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(-7));
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let mut sampler = sampler(|_| {});
        let logits = [0.0_f32, 3.0_f32.ln(), f32::NEG_INFINITY];
        let ones = (0..4_000)
            .filter(|_| sampler.choose(&mut logits.clone()) == Some(1))
            .count();
        // Three in four, give or take five standard deviations.
        assert!((2_860..3_140).contains(&ones), "{ones}");
    }

    #[test]
    fn top_p_leaves_out_the_tail_and_never_everything() {
        let mut narrow = sampler(|request| request.top_p = Some(0.5));
        assert!((0..200).all(|_| narrow.choose(&mut [0.0, 5.0, 0.0]) == Some(1)));
        let mut nothing = sampler(|request| request.top_p = Some(0.0));
        assert_eq!(nothing.choose(&mut [0.0, 5.0, 0.0]), Some(1));
    }

    #[test]
    fn penalties_lead_away_from_what_was_said() {
        let mut penalised = sampler(|request| {
            request.temperature = Some(0.0);
            request.presence_penalty = Some(1.0);
        });
        assert_eq!(penalised.choose(&mut [1.5, 1.0]), Some(0));
        assert_eq!(penalised.choose(&mut [1.5, 1.0]), Some(1));
        assert_eq!(penalised.choose(&mut [1.5, 1.0]), Some(0));
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_the_likeliest_come_first(
            logits in prop::collection::vec(-20.0_f32..20.0, 1..50), count in 0_usize..60,
        ) {
            let (first, ranked) = log_probabilities(&logits, 0, count);
            prop_assert_eq!(ranked.len(), count.min(logits.len()));
            prop_assert!(ranked.windows(2).all(|pair| pair[0].1 >= pair[1].1));
            prop_assert!(first <= 0.0);
            let (_, all) = log_probabilities(&logits, 0, logits.len());
            let sum: f64 = all.iter().map(|(_, log)| log.exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-6);
        }

        #[test]
        fn a_choice_is_always_a_token(
            logits in prop::collection::vec(any::<f32>(), 0..20),
            temperature in 0.0_f64..=2.0, top_p in 0.0_f64..=1.0,
        ) {
            let mut sampler = sampler(|request| {
                request.temperature = Some(temperature);
                request.top_p = Some(top_p);
            });
            if let Some(token) = sampler.choose(&mut logits.clone()) {
                prop_assert!(usize::try_from(token).unwrap() < logits.len());
            }
        }
    }
}
