//! Acceptors for the listeners, and what a client needs. TLS 1.2 and 1.3.

use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslOptions, SslVerifyMode, SslVersion};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509Name, X509VerifyResult};
use zeroize::Zeroizing;

use super::{Certificate, PkiError, PrivateKey, pem};

/// X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's `x509_vfy.h`, part of its stable interface.
const CERT_HAS_EXPIRED: i32 = 10;

/// What a server shows: its key, its certificate, and the certificates above it but for the root.
#[derive(Debug)]
pub struct ServerIdentity {
    /// The key.
    pub key: PrivateKey,
    /// Its certificate.
    pub certificate: Certificate,
    /// The certificates above it.
    pub chain: Vec<Certificate>,
}

impl ServerIdentity {
    /// From PEM texts, as an administrator has them: the certificate first, then its chain; the key as PKCS#8.
    ///
    /// # Errors
    /// When either is something else, or the key is another certificate's.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, PkiError> {
        let mut chain = Certificate::parse_pem(certificates)?;
        let certificate = chain.remove(0);
        let ders = pem::decode(&["PRIVATE KEY"], key)?;
        let der = Zeroizing::new(ders.into_iter().next().ok_or_else(|| {
            PkiError::malformed("private key", "the text has no block labelled PRIVATE KEY (PKCS#8)")
        })?);
        let key = PrivateKey::from_pkcs8(&der)?;
        if key.public_key_der() != certificate.public_key_der() {
            return Err(PkiError::malformed("private key", "it is not that of the certificate"));
        }
        Ok(Self { key, certificate, chain })
    }
}

fn builder(identity: &ServerIdentity, session_context: &[u8]) -> Result<SslAcceptorBuilder, PkiError> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_options(SslOptions::NO_RENEGOTIATION);
    builder.set_session_id_context(session_context)?;
    let certificate = identity.certificate.to_openssl()?;
    builder.set_private_key(identity.key.openssl())?;
    builder.set_certificate(&certificate)?;
    for above in &identity.chain {
        builder.add_extra_chain_cert(above.to_openssl()?)?;
    }
    builder.check_private_key()?;
    builder.set_alpn_select_callback(|_, offered| {
        openssl::ssl::select_next_proto(b"\x02h2\x08http/1.1", offered).ok_or(openssl::ssl::AlpnError::NOACK)
    });
    Ok(builder)
}

/// For people: no client certificate is asked for.
///
/// # Errors
/// When the identity doesn't fit together.
pub fn people_acceptor(identity: &ServerIdentity) -> Result<SslAcceptor, PkiError> {
    Ok(builder(identity, b"certporter people")?.build())
}

/// For devices and connectors: a client certificate is asked for and not required, since enrolment has none yet. One
/// that is shown must come from `device_cas`; expiry is let through here, because a management certificate may renew
/// within its grace period. Whoever serves the connection decides about that and looks the certificate up.
///
/// # Errors
/// When the identity doesn't fit together.
pub fn device_acceptor(
    identity: &ServerIdentity,
    device_cas: &[Certificate],
) -> Result<SslAcceptor, PkiError> {
    let mut builder = builder(identity, b"certporter devices")?;
    let mut store = X509StoreBuilder::new()?;
    let mut names: Stack<X509Name> = Stack::new()?;
    for ca in device_cas {
        let ca = ca.to_openssl()?;
        names.push(ca.subject_name().to_owned()?)?;
        store.add_cert(ca)?;
    }
    builder.set_verify_cert_store(store.build())?;
    builder.set_client_ca_list(names);
    builder.set_verify_callback(SslVerifyMode::PEER, |sound, context| {
        if !sound && context.error().as_raw() == CERT_HAS_EXPIRED && context.error_depth() == 0 {
            context.set_error(X509VerifyResult::OK);
            return true;
        }
        sound
    });
    Ok(builder.build())
}

/// The peer's certificate of a connection, in DER, if it showed one.
#[must_use]
pub fn peer_certificate(ssl: &openssl::ssl::SslRef) -> Option<Vec<u8>> {
    ssl.peer_certificate().and_then(|certificate| certificate.to_der().ok())
}

/// A client's key and certificate as PEM texts: certificate with chain, key as PKCS#8. What `reqwest::Identity`
/// takes.
///
/// # Errors
/// When OpenSSL fails.
pub fn client_identity_pem(
    key: &PrivateKey,
    certificate: &Certificate,
    chain: &[Certificate],
) -> Result<(String, Zeroizing<String>), PkiError> {
    let all = std::iter::once(certificate).chain(chain).map(Certificate::as_der);
    let key = Zeroizing::new(pem::encode("PRIVATE KEY", &key.to_pkcs8()?));
    Ok((pem::certificates(all), key))
}
