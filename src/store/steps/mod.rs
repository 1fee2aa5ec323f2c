//! What the pipeline changes: rows read under a lock, changed by parsed transitions, saved, and the timeline of it.
//!
//! Lists and searches of the same tables stand in the tables' own files.
pub mod certificates;
pub mod connectors;
pub mod copies;
pub mod events;
pub mod profiles;
pub mod requests;
pub mod revocations;
