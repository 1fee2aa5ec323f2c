//! The whole product from outside, as processes.
