//! Typed access to the Atoma contracts on Sui: objects, events, transactions, abort names.
