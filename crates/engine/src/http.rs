//! HTTP clients with the TLS provider this project uses.

use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// The machine's TLS trust store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot set up TLS; are the system's root certificates installed (package `ca-certificates`)?"
)]
pub struct TlsError(#[from] rustls::Error);

/// A builder of HTTP clients that talk to `base_url`.
///
/// TLS is rustls with the `ring` provider and the machine's root certificates. For a plain `http` URL the trust store
/// is not touched, so that a machine without root certificates can still reach its own servers.
///
/// # Errors
/// [`TlsError`] for an `https` URL on a machine without usable root certificates.
pub fn client_builder(base_url: &reqwest::Url) -> Result<ClientBuilder, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = if base_url.scheme() == "https" {
        versions.with_platform_verifier()?.with_no_client_auth()
    } else {
        versions
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    };
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls))
}
