//! The database: the only user of `sqlx`.
//!
//! SQLite and PostgreSQL run the same SQL. A [`Db`] hands out four kinds of connection:
//!
//! - [`ReadConn`] from [`Db::read`] or, where several queries must see one state, [`Db::snapshot`]
//! - [`WriteTx`] from [`Db::write`], which takes a [`Permit`](certporter_model::access::Permit) and commits only
//!   with an [`AuditEvent`]
//! - [`Bookkeeping`] from [`Db::bookkeeping`], for what is no state of the business
//!
//! All of them lend a [`Conn`], so that a function that reads works in any; `&mut tx` becomes `&mut Conn` by itself.
//! A function that writes takes the `WriteTx` or `Bookkeeping` it belongs to, or a [`WriteConn`] if it serves both.
//!
//! A table's file declares its rows with `table_row!` (each field a parsed type; a value that does not parse names
//! its table and column) and its queries with `sql!`. Engine-specific SQL stands in `dialect` and in `migrations/`.
mod certificate_amounts;
mod certificate_filter;
mod certificate_numbers;
mod certificate_order;
mod checkpoints;
mod column;
mod db;
mod dialect;
mod error;
mod migration;
mod page;
mod row;
mod search_key;
mod shared_commit;
mod sql;
mod trigrams;
mod tx;
mod visibility;
mod write;

pub mod accounts;
pub mod api_tokens;
pub mod approvals;
pub mod assignments;
pub mod audit_events;
pub mod authorities;
pub mod bulk_actions;
pub mod ca_generations;
pub mod certificate_search;
pub mod certificates;
pub mod copies;
pub mod crls;
pub mod custom_attributes;
pub mod device_contacts;
pub mod device_owners;
mod device_search;
pub mod devices;
pub mod discrepancies;
pub mod enrolment_codes;
pub mod enrolments;
pub mod escrowed_keys;
pub mod external_cas;
pub mod fleet;
pub mod groups;
pub mod hand_out_signers;
pub mod hand_outs;
pub mod held;
pub mod history;
pub mod idempotency_keys;
pub mod imports;
pub mod issued_certificates;
mod job_counts;
pub mod jobs;
pub mod kra_generations;
pub mod leases;
pub mod look_ups;
pub mod lost_reports;
pub mod management_certificates;
pub mod memberships;
mod near;
pub mod notice_candidates;
pub mod notices;
pub mod outages;
pub mod outbox;
pub mod overview;
pub mod people;
pub mod planning;
pub mod preflights;
pub mod profiles;
pub mod rate_limits;
pub mod reconciliations;
pub mod requests;
pub mod revocations;
pub mod security_events;
pub mod sessions;
pub mod set_back;
pub mod settings;
pub mod setup_links;
pub mod sign_in_codes;
pub mod steps;
pub mod timeline;
pub mod trouble;
pub mod users;

pub use audit_events::{AuditEvent, Target};
pub use db::{Db, Location, limit_pages};
pub use dialect::Engine;
pub use error::StoreError;
pub use page::{Page, SortKey, SortedPage};
pub use search_key::{fold, search_key};
pub use tx::{Announcement, Bookkeeping, Conn, ReadConn, WriteConn, WriteTx};

pub(crate) use row::{FromRow, Row, ToRow, table_row};
pub(crate) use sql::{Batch, Sql, sql};
pub(crate) use write::{by_id, insert, insert_all, insert_if_absent, save};

/// Values of one list in a statement: many more are slow to look up.
pub(crate) const IN_A_LIST: usize = 500;

/// So many of the first rows of a list are looked through for what very many have, before an index of words is asked.
pub(crate) const NEAR: u32 = 1_000;

/// What database functions answer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
