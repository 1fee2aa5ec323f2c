//! Mail: how a server is reached, what a notice says, and how it is sent. The only user of `lettre`.
//!
//! - [`settings`]: the server, the sender, the operators' addresses
//! - [`password`]: the server's password, and how it rests
//! - [`template`]: subjects and bodies with variables
//! - [`send`]: one letter to one address; [`fault`]: why it was not taken
pub mod fault;
pub mod password;
pub mod send;
pub mod settings;
pub mod template;

pub use fault::MailFault;
pub use password::{PasswordSafe, SmtpPassword};
pub use send::{Letter, send};
pub use settings::{MailDraft, MailSettings};
pub use template::{Template, Values, Variable};
