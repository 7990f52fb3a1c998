//! Which live node serves a request.
//!
//! [`Fleet`] holds the attached nodes. [`Fleet::pick`] draws two that serve the model, have a free
//! place and a closed [`breaker`], and takes the one with the lower cost (load x latency x price):
//! power of two choices, so that many sequencers do not herd onto one node.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use atoma_env::Env;
use atoma_protocol::{
    ids::{ModelId, NodeId},
    money::Prices,
};
use tokio::sync::{Notify, OwnedMutexGuard};

pub mod breaker;
pub mod load;

use breaker::Breaker;
use load::Load;

/// Most nodes attached at once.
pub const MAX_NODES: usize = 4_096;

/// A model as one node serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its id on-chain.
    pub model: ModelId,
    /// What the node's channel pays for it.
    pub prices: Prices,
    /// Tokens of context.
    pub context_length: u64,
}

/// An attached node as routing sees it. `L` is the way to reach it.
#[derive(Debug)]
pub struct Candidate<L> {
    /// The node.
    pub node: NodeId,
    /// What it serves, by the model's name in requests.
    pub models: HashMap<String, Served>,
    /// How to reach it.
    pub link: L,
    state: Mutex<State>,
    freed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Places the node pulled for and nobody has taken.
    free: u32,
    /// Whether it takes no new work.
    draining: bool,
    load: Load,
    breaker: Breaker,
}

impl<L> Candidate<L> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every critical section below leaves the state whole, so a poisoned lock is still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node pulled for more tasks.
    pub fn add_places(&self, tasks: u32) {
        let mut state = self.state();
        state.free = state.free.saturating_add(tasks);
        drop(state);
        self.freed.notify_waiters();
    }

    /// The node takes no new work.
    pub fn drain(&self) {
        self.state().draining = true;
    }

    fn cost(&self, name: &str, now: Duration) -> Option<f64> {
        let served = self.models.get(name)?;
        let state = self.state();
        let usable = state.free > 0 && !state.draining && state.breaker.admits(now);
        usable.then(|| state.load.cost(served.prices))
    }
}

/// One request's place on a node; dropping it ends the request there.
#[derive(Debug)]
pub struct Place<L> {
    candidate: Arc<Candidate<L>>,
    served: Served,
}

impl<L> Place<L> {
    /// The node.
    #[must_use]
    pub fn candidate(&self) -> &Candidate<L> {
        &self.candidate
    }

    /// The model as this node serves it.
    #[must_use]
    pub const fn served(&self) -> Served {
        self.served
    }

    /// The node answered: its first piece came after `latency`.
    pub fn succeeded(&self, latency: Duration) {
        let mut state = self.candidate.state();
        state.load.observe(latency);
        state.breaker.succeeded();
    }

    /// The node failed, at `now` since the fleet began.
    pub fn failed(&self, now: Duration) {
        self.candidate.state().breaker.failed(now);
    }
}

impl<L> Drop for Place<L> {
    fn drop(&mut self) {
        // The place itself comes back when the node pulls again.
        self.candidate.state().load.end();
    }
}

/// Nobody can take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNode {
    /// No attached node serves the model.
    #[error("no attached node serves the model")]
    UnknownModel,
    /// Those that serve it have no free place.
    #[error("every node that serves the model is busy")]
    Busy,
}

/// The attached nodes.
#[derive(Debug)]
pub struct Fleet<L> {
    env: Env,
    began_ms: u64,
    candidates: Mutex<Vec<Arc<Candidate<L>>>>,
    turns: Mutex<HashMap<NodeId, Arc<tokio::sync::Mutex<()>>>>,
    freed: Arc<Notify>,
}

impl<L> Fleet<L> {
    /// No node yet.
    #[must_use]
    pub fn new(env: Env) -> Self {
        let began_ms = env.now().0;
        Self {
            env,
            began_ms,
            candidates: Mutex::default(),
            turns: Mutex::default(),
            freed: Arc::default(),
        }
    }

    /// Time since the fleet began, for [`Place::failed`].
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.env.now().0.saturating_sub(self.began_ms))
    }

    fn candidates(&self) -> MutexGuard<'_, Vec<Arc<Candidate<L>>>> {
        self.candidates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a node, without free places until it pulls. An earlier stream of the same node is replaced.
    ///
    /// Returns `None` if [`MAX_NODES`] are attached.
    pub fn attach(
        &self,
        node: NodeId,
        models: HashMap<String, Served>,
        link: L,
    ) -> Option<Arc<Candidate<L>>> {
        let mut candidates = self.candidates();
        candidates.retain(|candidate| candidate.node != node);
        if candidates.len() >= MAX_NODES {
            return None;
        }
        let freed = self.freed.clone();
        let candidate = Arc::new(Candidate {
            node,
            models,
            link,
            state: Mutex::default(),
            freed,
        });
        candidates.push(candidate.clone());
        Some(candidate)
    }

    /// The way to an attached node.
    #[must_use]
    pub fn link(&self, node: NodeId) -> Option<L>
    where
        L: Clone,
    {
        let candidates = self.candidates();
        let mut found = candidates.iter().filter(|other| other.node == node);
        found.next().map(|candidate| candidate.link.clone())
    }

    /// Waits until no other stream of the node holds its turn: a node has one stream at a time.
    pub async fn turn(&self, node: NodeId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // Turns that nobody holds or waits for are forgotten.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(node).or_default().clone()
        };
        turn.lock_owned().await
    }

    /// Removes a node's stream; one that replaced it stays.
    pub fn detach(&self, candidate: &Arc<Candidate<L>>) {
        self.candidates()
            .retain(|other| !Arc::ptr_eq(other, candidate));
        self.freed.notify_waiters();
    }

    /// Nodes attached now.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        self.candidates()
            .iter()
            .map(|candidate| candidate.node)
            .collect()
    }

    /// Every model served now with the cheapest prices and the longest context, by name.
    #[must_use]
    pub fn models(&self) -> Vec<(String, Served)> {
        let mut models: HashMap<String, Served> = HashMap::new();
        for candidate in self.candidates().iter() {
            for (name, served) in &candidate.models {
                models.entry(name.clone()).or_insert(*served);
            }
        }
        let mut models: Vec<_> = models.into_iter().collect();
        models.sort_by(|a, b| a.0.cmp(&b.0));
        models
    }

    /// Takes a place for a request for `model` on a node that is not in `tried`.
    ///
    /// # Errors
    /// [`NoNode`].
    pub fn pick(&self, model: &str, tried: &[NodeId]) -> Result<Place<L>, NoNode> {
        let now = self.elapsed();
        let candidates = self.candidates();
        let serving = candidates.iter().filter(|candidate| {
            candidate.models.contains_key(model) && !tried.contains(&candidate.node)
        });
        let mut any = false;
        let mut free: Vec<(f64, &Arc<Candidate<L>>)> = serving
            .inspect(|_| any = true)
            .filter_map(|candidate| Some((candidate.cost(model, now)?, candidate)))
            .collect();
        if !any {
            return Err(NoNode::UnknownModel);
        }
        let first = self.draw(&mut free).ok_or(NoNode::Busy)?;
        let chosen = match self.draw(&mut free) {
            Some(second) if second.0 < first.0 => second.1,
            _ => first.1,
        };
        let served = *chosen.models.get(model).ok_or(NoNode::UnknownModel)?;
        let mut state = chosen.state();
        // Places are only taken under the lock on the candidates, so the one seen is still free.
        state.free = state.free.saturating_sub(1);
        state.load.begin();
        drop(state);
        Ok(Place {
            candidate: chosen.clone(),
            served,
        })
    }

    fn draw<'a>(
        &self,
        free: &mut Vec<(f64, &'a Arc<Candidate<L>>)>,
    ) -> Option<(f64, &'a Arc<Candidate<L>>)> {
        let count = u64::try_from(free.len()).ok()?;
        // The bias of a 64-bit draw over at most MAX_NODES is below 2^-50.
        let index = u64::from_le_bytes(self.env.random()).checked_rem(count)?;
        Some(free.swap_remove(usize::try_from(index).ok()?))
    }

    /// As [`Self::pick`], waiting up to `patience` for a free place.
    ///
    /// # Errors
    /// [`NoNode`].
    pub async fn pick_within(
        &self,
        model: &str,
        tried: &[NodeId],
        patience: Duration,
    ) -> Result<Place<L>, NoNode> {
        let waiting = async {
            loop {
                let freed = self.freed.notified();
                tokio::pin!(freed);
                // Registered before the look, so that a place freed in between is not missed.
                freed.as_mut().enable();
                match self.pick(model, tried) {
                    Err(NoNode::Busy) => freed.await,
                    result => return result,
                }
            }
        };
        tokio::time::timeout(patience, waiting)
            .await
            .unwrap_or(Err(NoNode::Busy))
    }
}

#[cfg(test)]
mod tests;
