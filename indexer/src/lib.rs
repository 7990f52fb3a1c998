//! Follows the chain's checkpoints into SQL and answers auditors.
