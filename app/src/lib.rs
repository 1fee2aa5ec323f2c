//! certporter's pages.
