//! A node: pulls paid tasks, runs them, signs receipts, settles.
