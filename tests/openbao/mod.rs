//! OpenBao as the issuing CA: the real server, in development mode on a loopback port.

mod administration;
mod changed;
mod contract;
mod outage;
mod reconciliation;
mod scene;
mod server;
