//! What answers on the network: three listeners, and errors as HTTP.
//!
//! - [`listeners`]: bound first, served until the process is asked to stop
//! - [`measure`]: counts and times every request
//! - [`people`]: the listener of people and REST clients, put together
//! - [`publishing`]: the listener of relying parties: CA certificates and CRLs
//! - [`sessions`]: who asks, by the cookie of their browser
//! - [`state`]: what the people's listener works with
//! - [`health`]: `/healthz`, `/readyz`, `/metrics`
//! - [`rest`]: the REST API
//! - [`problem`]: errors as RFC 9457 problem documents
//! - [`devices`]: the device listener's routes
//! - [`tls`]: TLS of the device listener, client certificates included
//! - [`headers`]: what every answer to a browser carries
pub mod devices;
pub mod headers;
pub mod health;
pub mod listeners;
pub mod measure;
pub mod people;
pub mod problem;
pub mod publishing;
pub mod rest;
pub mod sessions;
pub mod state;
pub mod tls;
