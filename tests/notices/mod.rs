//! Notices by e-mail, through a real mail server.
mod flow;
pub(crate) mod scene;
pub(crate) mod server;
mod settings;
