//! The worker beside an issuing CA: takes orders from the portal, brings back what the CA answers.
//!
//! It knows the portal only by [`port::ConnectorPort`], whether it runs in the portal's own process ([`in_process`])
//! or elsewhere; and the CAs only by their contract. It needs no secret of the portal's: the keys that it generates
//! are sealed to a public key before anything else happens with them.
//!
//! - [`port`]: what it asks of the portal
//! - [`worker`]: its loop; [`issue`]: bringing a certificate; [`standing`]: revoking, holding, releasing;
//!   [`preflight`]: a test of both
pub mod in_process;
pub mod issue;
pub mod port;
pub mod preflight;
pub mod standing;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ca::IssuingCa;

/// The CAs that a connector reaches, by the names that profiles give them.
pub type Authorities = BTreeMap<String, Arc<dyn IssuingCa>>;
