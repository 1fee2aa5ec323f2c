//! The online certificate status protocol (OCSP, RFC 6960): requests read, responses written.
mod request;
mod response;

pub use request::{CertId, IssuerHashes, OcspRequest, REQUEST_MAX};
pub use response::{
    CertificateState, INTERNAL_ERROR, MALFORMED_REQUEST, Responder, SingleAnswer, TRY_LATER, UNAUTHORIZED,
    respond,
};
