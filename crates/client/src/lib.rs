//! SDK: verifies evidence, seals requests, pays, checks receipts.
