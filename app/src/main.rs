//! The executable `certporter`.
fn main() {}
