//! Public-key cryptography, pure: no clock, no database, no network. The only user of `openssl`, `x509-cert` and
//! `der`.
//!
//! - [`key`], [`key_pool`]: key pairs, and the threads that generate them
//! - [`csr`], [`asked`], [`certificate`]: what is read and written of X.509
//! - [`issuance`]: a certificate that is to be, from parsed parts; the only way to a signature
//! - [`check`]: what was issued against what was asked
//! - [`crl`], [`ocsp`]: revocation lists, and answers about single certificates
//! - [`pkcs12`], [`cms`], [`password`]: how a key travels
//! - [`secret_box`]: how a secret rests
//! - [`tls`]: acceptors of the listeners, and what a client needs
//! - [`specimen`]: certificates that nobody signed, for sample data
//! - [`digest`], [`pem`]: digests and the text form of DER
pub mod asked;
pub mod certificate;
pub mod check;
pub mod cms;
pub mod crl;
pub mod csr;
pub mod digest;
pub mod error;
mod extension;
pub mod issuance;
pub mod key;
pub mod key_pool;
mod name;
pub mod ocsp;
pub mod password;
pub mod pem;
pub mod pkcs12;
pub mod public_key;
pub mod secret_box;
pub mod specimen;
mod tbs;
pub mod tls;
mod usage;

pub use asked::Asked;
pub use certificate::Certificate;
pub use csr::Csr;
pub use error::PkiError;
pub use key::PrivateKey;
pub use public_key::PublicKey;
