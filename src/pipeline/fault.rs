//! Places at which a test lets the process die, one at every boundary between steps.
//!
//! They are compiled in always and do nothing, unless the environment variable `CERTPORTER_FAULT` names one when the
//! process starts; then the process kills itself there as SIGKILL would, with nothing flushed and nothing tidied.

use std::sync::OnceLock;

/// Every place, in the order in which a request, and then a revocation, passes them.
pub const POINTS: &[&str] = &[
    "after_claim",
    "after_key",
    "before_intent_commit",
    "after_intent",
    "after_sign",
    "before_issued_commit",
    "after_issued",
    "after_seal",
    "before_offer_commit",
    "after_offer",
    "before_revoke",
    "after_revoke_at_ca",
    "after_revoked",
    "after_crl",
    "after_crl_recorded",
];

/// Dies here, if this is the place that the environment names. Otherwise it costs one comparison.
pub fn point(name: &'static str) {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var("CERTPORTER_FAULT").ok());
    if chosen.as_deref() == Some(name) {
        die(name);
    }
}

/// As SIGKILL: by the signal itself where there is a `kill`, by an abort where there is none.
fn die(name: &str) -> ! {
    eprintln!("fault point {name}: the process kills itself");
    let id = std::process::id().to_string();
    let _killed = std::process::Command::new("kill").args(["-KILL", &id]).status();
    std::process::abort()
}
