//! What people may ask of the portal: the only door for pages and the REST API. One file an area.
//!
//! A function here starts with the gate of its [`Operation`], then validates, then changes and replans in one
//! transaction, which commits with its audit event. What it answers are plain structs, the same for both doors.
//!
//! - [`portal`]: what every operation works with
//! - [`operation`]: every operation, and the permission it takes; the policy of 401, 403 and 404
//! - [`error`]: why something was not done
//! - [`consequences`]: what would follow from an operation, asked before it is done
//! - [`looks`]: finding out what would follow for many
//! - [`import`]: users, devices and memberships out of CSV files
//! - [`reach`]: which profiles reach whom, and why
//! - [`live`]: what changes, as it changes
//! - [`page`], [`reference`]: lists in pages, and what stands for a thing in them
//! - `csv`: lines of what is exported
//! - [`directory_draft`]: what people write about users, groups and devices
//! - [`accounts`], [`invitations`], [`tokens`], [`sign_in`], [`own_account`], [`setup`]: who signs in, and with what
//! - [`sign_in_codes`]: one-time codes from staff; [`confirmations`]: what they opened, and who confirms it;
//!   [`security_events`]: what people are told of it
//! - [`self_service`]: what people do with their own devices
//! - [`time_zone`]: in which people read times
//! - [`sessions`]: sessions of browsers, as they are kept
//! - [`json`]: JSON that people send or bring, with errors that name the field
//! - [`password`], [`rate_limit`]: how passwords are kept, and how often they may be tried
//! - [`audit`]: the audit trail, to read
//! - [`gauges`]: how the installation does, in numbers
//! - [`notices`]: letters to operators and persons, and the mail server
//! - [`helpdesk`]: people looked up, what is wrong with what they hold, and why
//! - [`holds`]: how long certificates may be on hold
//! - [`overview`]: what needs a hand; [`search`]: one box for everything
//! - [`reports`]: how the certificates of the fleet are, who held what on a day
//! - [`revocation_proof`]: who wanted a revocation, how far it is, and from when on nobody may accept the certificate
//! - [`revocation_progress`]: how far it is when all that a person holds is taken away
//! - [`authorities`]: issuing CAs and connectors, and trying them out
//! - [`reconciliation`]: where the portal, its CAs and its devices disagree
//! - [`hand_outs`]: certificates as files, for devices without the agent
//! - [`device_protocol`]: what devices may ask: the door of the device listener
pub mod accounts;
pub mod action;
pub mod approvals;
pub mod assignments;
mod attributes;
pub mod audit;
pub mod authorities;
pub mod certificates;
pub mod confirmations;
pub mod consequences;
mod copies;
mod counting;
mod csv;
pub mod device_protocol;
pub mod devices;
pub mod directory_draft;
pub mod error;
pub mod gauges;
pub mod groups;
pub mod hand_outs;
pub mod helpdesk;
pub mod holds;
pub mod idempotency;
pub mod import;
pub mod invitations;
pub mod json;
pub mod live;
pub mod looks;
pub mod members;
mod names;
pub mod notices;
pub mod operation;
pub mod overview;
pub mod own_account;
pub mod page;
pub mod password;
pub mod portal;
pub mod profiles;
pub mod rate_limit;
pub mod reach;
pub mod reconciliation;
pub mod reference;
mod replan;
pub mod reports;
pub mod requests;
pub mod revocation_progress;
pub mod revocation_proof;
mod scope;
pub mod search;
mod secret;
pub mod security_events;
pub mod self_service;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_in_codes;
pub mod time_zone;
pub mod timeline;
pub mod tokens;
pub mod users;

pub use error::ServiceError;
pub use operation::Operation;
pub use portal::Portal;
