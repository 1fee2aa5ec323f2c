//! The versioned messages that devices and connectors exchange with the portal.
//!
//! Knows the vocabulary only. A message tolerates fields that it does not know, since the other side may be newer;
//! what it does know is bounded and parsed, so that a message that was read is never nonsense. What can't be
//! understood at all (another major version) has another path.
pub mod connector;
pub mod device;
pub mod octets;
pub mod problem;
