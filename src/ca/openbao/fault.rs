//! What can go wrong with OpenBao: what may be tried again, and what a person does about it.

use super::settings::OpenBaoSettings;
use crate::ca::contract::CaError;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection came about: nothing has left.
    Unreachable(String),
    /// The connection broke, or no answer came: it may have been done.
    Broken(String),
    /// It is sealed.
    Sealed,
    /// It has a quota that is used up.
    Busy,
    /// It fails inside.
    Failing(String),
    /// Whatever answers there is no OpenBao, or not a healthy one.
    Garbage(String),
    /// It says "permission denied"; why is not known yet.
    Denied {
        /// What was asked.
        path: String,
    },
    /// The token has ended or was revoked.
    TokenEnded,
    /// The token is good, and its policy does not let it do this.
    Narrow {
        /// What was asked.
        path: String,
    },
    /// There is no such path: the mount is missing.
    Missing {
        /// What was asked.
        path: String,
        /// What it says.
        said: String,
    },
    /// It understood, and will not.
    Refused(String),
}

impl Fault {
    /// Whether it may have been done all the same.
    pub(super) fn may_have_been_done(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Failing(_) | Self::Garbage(_))
    }

    /// As callers and people are told.
    ///
    /// An **outage** is of the server or of our access as a whole: requests wait until it is over. What OpenBao
    /// **refuses** needs a change of the role, the profile or the settings, and then somebody who has it tried again.
    pub(super) fn told(self, settings: &OpenBaoSettings) -> CaError {
        let address = settings.address();
        let outage = |cause: String, remedy: &str| CaError::Outage { cause, remedy: remedy.to_owned() };
        match self {
            Self::Unreachable(why) => outage(
                format!("OpenBao at {address} can't be reached: {why}"),
                "See whether it runs and this machine reaches it. Requests go on by themselves when it is back.",
            ),
            Self::Broken(why) => outage(
                format!("the connection to OpenBao at {address} broke: {why}"),
                "It is tried again by itself, and what it may have issued is looked for first. If it stays so, see \
                 whether it is overloaded.",
            ),
            Self::Sealed => outage(
                format!("OpenBao at {address} is sealed"),
                "Unseal it (bao operator unseal). Requests go on by themselves then.",
            ),
            Self::Busy => outage(
                format!("OpenBao at {address} answers that a rate limit is used up"),
                "Requests go on by themselves. If it stays so, raise its quota for the mount.",
            ),
            Self::Failing(why) => outage(
                format!("OpenBao at {address} fails: {why}"),
                "Look at its log. Requests go on by themselves when it works again.",
            ),
            Self::Garbage(why) => outage(
                format!("what answers at {address} does not answer as OpenBao does: {why}"),
                "See whether the address is right and no proxy stands in between. Requests go on by themselves then.",
            ),
            Self::TokenEnded | Self::Denied { .. } => outage(
                format!(
                    "OpenBao at {address} does not take the token: it has ended, was revoked, or is wrong"
                ),
                "Make another token there and set it under CAs and connectors. Requests go on by themselves then.",
            ),
            Self::Narrow { path } => outage(
                format!("the token's policy in OpenBao does not permit {path}"),
                "Add the path to the token's policy. Requests go on by themselves then.",
            ),
            Self::Missing { path, said } => outage(
                format!("OpenBao at {address} has nothing at {path}{}", in_brackets(&said)),
                "See whether the mount's path and the issuer's name are right, under CAs and connectors.",
            ),
            Self::Refused(said) => {
                let remedy = remedy(&said).to_owned();
                CaError::Refused { cause: format!("OpenBao refuses: {said}"), remedy }
            }
        }
    }
}

fn in_brackets(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" ({said})") }
}

/// What to do about something that OpenBao refuses, by the words that it uses.
fn remedy(said: &str) -> &'static str {
    let said = said.to_lowercase();
    let of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if of(&["unknown role"]) {
        "Make the role in OpenBao, or give the profile the name of one that exists as its template. Then retry."
    } else if of(&["requires keys of type", "key_bits", "bits long", "key type"]) {
        "Let the role take this kind of key (key_type=any), or choose another in the profile. Then retry."
    } else if of(&["uri san", "uri_sans"]) {
        "Add the address to the role's allowed_uri_sans. Then retry."
    } else if of(&["other san", "other_sans", "othername", "oid "]) {
        "Add the UPN to the role's allowed_other_sans (1.3.6.1.4.1.311.20.2.3;UTF8:*). Then retry."
    } else if of(&["common name", "not allowed by this role", "alternate name", "email address", "idna"]) {
        "Let the role take this name (allow_any_name, enforce_hostnames=false, cn_validations=disabled), or change \
         the profile's names. Then retry."
    } else if of(&["ttl", "notafter", "not_after", "expiration", "beyond"]) {
        "Let the role and the mount issue for as long as the profile asks (max_ttl), or shorten the profile's \
         validity. Then retry."
    } else {
        "Change the role in OpenBao or the profile so that they agree. Then retry."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_remedy() {
        for (said, word) in [
            ("unknown role: wifi", "Make the role"),
            ("role requires keys of type rsa", "key_type"),
            ("common name Maria not allowed by this role", "allow_any_name"),
            ("cannot satisfy request, as TTL would result in notAfter beyond the CA", "max_ttl"),
            ("other SAN OID 1.3.6.1.4.1.311.20.2.3 not allowed by this role", "allowed_other_sans"),
            ("URI 'x' in uri san not allowed", "allowed_uri_sans"),
            ("something new", "so that they agree"),
        ] {
            assert!(remedy(said).contains(word), "{said}: {}", remedy(said));
        }
    }
}
