//! TEE evidence in, verdict out; one module a platform.
