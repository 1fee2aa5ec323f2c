//! What happens after the plan has decided: the queue, and the steps that bring a certificate and take it away.
//!
//! - [`work`]: what jobs are about; [`queue`]: how they are claimed and what becomes of them; [`workers`]: the loop
//! - [`backoff`]: how long to wait after a failure
//! - [`fault`]: where tests let the process die
pub mod backoff;
pub mod fault;
pub mod queue;
pub mod revoke;
pub mod timeline;
pub mod work;
pub mod workers;
