//! The plan from outside: a simulated organisation whose directory changes, whose CA answers late or never, and whose
//! devices report what they like, with an executor that does what the plan says.

mod coverage;
mod events;
mod executor;
mod explained;
mod handed_out;
mod histories;
mod invariants;
mod organisation;
mod reference;
mod scene;
mod table;
mod table_of_changes;
mod world;
