//! What a session has to say besides answers.

use std::collections::VecDeque;

use atoma_link::message::FromNode;

/// Messages that may wait for the sequencer to read.
const MAX_WAITING: usize = 256;

/// More waits than a sequencer that reads would let wait.
#[derive(Debug)]
pub(super) struct Full;

/// Messages in order; pulls are summed up, so that they never fill it.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: VecDeque<FromNode>,
    pulls: u32,
    draining: bool,
}

impl Outbox {
    /// Begins with the hello and a pull of the whole capacity.
    pub(super) fn new(hello: FromNode, capacity: u32) -> Self {
        Self {
            waiting: VecDeque::from([hello]),
            pulls: capacity,
            draining: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.pulls == 0
    }

    pub(super) fn push(&mut self, message: FromNode) -> Result<(), Full> {
        if self.waiting.len() >= MAX_WAITING {
            return Err(Full);
        }
        self.waiting.push_back(message);
        Ok(())
    }

    /// One more task can be taken.
    pub(super) fn pull(&mut self) {
        if !self.draining {
            self.pulls = self.pulls.saturating_add(1);
        }
    }

    /// A refused task gives its pull back, unless it had none.
    pub(super) fn pull_unless(&mut self, had_none: bool) {
        if !had_none {
            self.pull();
        }
    }

    /// No more tasks.
    pub(super) fn drain(&mut self) {
        if !std::mem::replace(&mut self.draining, true) {
            self.pulls = 0;
            self.waiting.push_back(FromNode::Draining);
        }
    }

    pub(super) fn next(&mut self) -> Option<FromNode> {
        if let Some(message) = self.waiting.pop_front() {
            return Some(message);
        }
        match std::mem::take(&mut self.pulls) {
            0 => None,
            pulls => Some(FromNode::Pull(pulls)),
        }
    }
}
