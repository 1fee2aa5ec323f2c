//! Notices by e-mail, through a real mail server.
mod flow;
mod kinds;
pub(crate) mod scene;
pub(crate) mod server;
mod settings;
