//! The REST API as a program sees it, on both engines.
mod access;
mod bad_input;
mod certificate_lists;
mod certificates;
mod diagnosis;
mod document;
mod flow;
mod helpdesk;
mod imports;
mod long_imports;
mod preview;
mod profiles;
pub(crate) mod program;
mod publishing;
mod repeating;
mod revocation;
pub(crate) mod works;
