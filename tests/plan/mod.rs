//! The plan from outside: a simulated organisation whose directory changes, whose CA answers late or never, and whose
//! devices report what they like, with an executor that does what the plan says.

mod executor;
mod organisation;
mod table;
mod world;
