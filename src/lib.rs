//! certporter's backend. It knows nothing of pages.
//!
//! From the ground up; a module uses those below it and the vocabulary of `certporter-model`:
//!
//! - [`clock`], [`random`]: the only homes of the present time and of randomness
//! - [`answers`]: what HTTP servers answer to those who ask them
//! - [`config`]: settings from flags, environment and file, parsed once
//! - [`pki`]: keys, certificates, PKCS#12, CMS, CRLs, TLS; pure, the only user of `openssl`
//! - [`plan`]: what should be, what is there, and what follows; pure
//! - [`store`]: the database, SQLite or PostgreSQL; the only user of `sqlx`
//! - [`ca`]: issuing CAs behind one trait; the built-in one, and the internal one of devices
//! - [`wire`]: the versioned messages that devices and connectors exchange with the portal
//! - [`delivery`]: the ways to a device, and what is sealed for it
//! - [`kra`]: private keys in escrow; never hands out plaintext
//! - [`mail`]: letters to people, and the server that takes them; the only user of `lettre`
//! - [`service`]: what people may ask: the only door for pages and REST
//! - [`pipeline`]: the queue, and the steps that bring a certificate and take it away
//! - [`connector`]: the worker beside an issuing CA
//! - [`web`]: what answers on the network
//! - [`generate`]: fills a database with a believable fleet
//! - [`agent`]: the device's side
//! - [`cli`]: the command line
pub mod agent;
pub mod answers;
pub mod ca;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connector;
pub mod delivery;
pub mod generate;
pub mod kra;
pub mod mail;
pub mod pipeline;
pub mod pki;
pub mod plan;
pub mod random;
pub mod service;
pub mod store;
pub mod web;
pub mod wire;
