//! Attestor: checks TEE evidence and signs verdicts about it.
