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

words! {
    /// What a job does. Its payload names on what.
    pub enum JobKind("kind of job") {
        /// A connector takes a request to its CA: key, intent, CSR, answer.
        Request = "request",
        /// The certificate's key goes into escrow, and its first copies are sealed and offered.
        Deliver = "deliver",
        /// Pending copies of a certificate are sealed for their devices and offered.
        Seal = "seal",
        /// A connector brings a revocation, hold or release to its CA.
        Revoke = "revoke",
        /// A connector brings the revocations, holds and releases of many certificates to a CA that takes them together.
        RevokeMany = "revoke_many",
        /// A CRL is built and published.
        PublishCrl = "publish_crl",
        /// An escrowed key is destroyed.
        DestroyKey = "destroy_key",
        /// A connector has a test certificate issued and revoked; the portal sees whether the CRL has it.
        Preflight = "preflight",
        /// The plan is made and carried out for a scope.
        Replan = "replan",
        /// Requests that failed for the same reason are tried again, in chunks.
        Retry = "retry",
        /// A part of what somebody does to many certificates at once.
        Bulk = "bulk",
        /// A long file is checked, or a part of it imported.
        Import = "import",
        /// What is to be told by e-mail is looked for, or letters are brought to the mail server.
        Notices = "notices",
        /// The plan is made for everything, in chunks.
        Sweep = "sweep",
        /// What is outdated is cleared away: sessions, codes, finished jobs.
        Housekeeping = "housekeeping",
        /// The portal is compared with its CAs and devices, in parts.
        Reconcile = "reconcile",
    }
}
