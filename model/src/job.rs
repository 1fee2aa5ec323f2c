//! Jobs in the queue.

use crate::macros::words;

words! {
    /// Where a job is.
    pub enum JobState("job state") {
        /// Waiting for its time and a worker.
        Ready = "ready",
        /// Leased by a worker.
        Leased = "leased",
        /// Finished.
        Done = "done",
        /// Given up, with cause and remedy; can be put back.
        Dead = "dead",
    }
}
