//! Clock, randomness and tasks of a role, replaceable so that a market can be replayed from a seed.
