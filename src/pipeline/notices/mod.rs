//! Notices by e-mail: what is to be told is looked for by the clock, written down as letters, and sent.
//!
//! Nothing that brings or takes away a certificate waits for mail. What is told is read from what these steps have
//! recorded anyway; a matter is told once, many matters of one person, or of the operators, in one letter.
//!
//! - [`post`]: the settings for mail, and what opens the password
//! - [`candidates`]: what there is to tell; [`letters`]: how it is told
//! - [`collect`]: finds and writes; [`sending`]: brings letters to the mail server
pub mod candidates;
mod collect;
pub mod letters;
pub mod post;
mod sending;

pub use candidates::{Matter, Source, example, gather};
pub use post::{MAIL, Post, Resting};
