//! What was issued against what was asked. CAs do change things: one drops UPN and URI names, another adds
//! serverAuth and a DNS name.

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::profile::StrongMapping;
use certporter_model::thumbprint::PublicKeyHash;

use super::asked::Asked;
use super::certificate::Certificate;
use super::{PkiError, usage};

/// How much the end of a validity may differ from what was asked, for CAs that round to days.
const TOLERANCE: Duration = Duration::from_secs(86_400);

/// A field that is not as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field, as profiles name it.
    pub field: &'static str,
    /// What was asked.
    pub asked: String,
    /// What came.
    pub issued: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: asked for {}, issued with {}", self.field, self.asked, self.issued)
    }
}

/// Every field of `issued` that is not as asked; empty when it is all right. `issuer` is the certificate of the CA
/// that was asked, `at` about when it was issued.
///
/// # Errors
/// When the statement itself can't be read.
pub fn differences(
    issued: &Certificate,
    asked: &Asked,
    public_key: PublicKeyHash,
    issuer: &Certificate,
    at: Timestamp,
) -> Result<Vec<Difference>, PkiError> {
    let mut found = Vec::new();
    let mut compare = |field, asked: String, issued: String| {
        if asked != issued {
            found.push(Difference { field, asked, issued });
        }
    };
    compare("public_key", public_key.to_string(), issued.public_key_hash().to_string());
    if !issued.is_signed_by(issuer) {
        compare("issuer", issuer.subject_text(), issued_by(issued, issuer));
    }
    let subject = asked.subject.as_ref().map(ToString::to_string).unwrap_or_default();
    compare("subject", subject, issued.subject_text());
    let names: Vec<String> = asked.all_names()?.iter().map(ToString::to_string).collect();
    let mut came: Vec<String> = issued.alternative_names().iter().map(ToString::to_string).collect();
    came.dedup();
    came.extend(issued.foreign_names().iter().cloned());
    compare("subject_alternative_names", list(&names), list(&came));
    let bits = issued.key_usage().unwrap_or_default();
    let mut words = usage::in_words(bits);
    if issued.signs_certificates() {
        words.push_str(", keyCertSign");
    }
    if issued.signs_crls() {
        words.push_str(", cRLSign");
    }
    compare("key_usage", usage::in_words(asked.key_usage), words);
    if issued.is_ca() {
        compare("basic_constraints", "no CA".to_owned(), "a CA".to_owned());
    }
    let mut usages: Vec<&str> = asked.extended_key_usages.iter().map(AsRef::as_ref).collect();
    let mut came: Vec<&str> = issued.extended_key_usages().iter().map(AsRef::as_ref).collect();
    usages.sort_unstable();
    came.sort_unstable();
    compare("extended_key_usages", list(&usages), list(&came));
    let sid = asked.sid.as_ref().filter(|_| asked.strong_mapping != StrongMapping::None);
    compare("sid", word(sid.map(AsRef::as_ref)), word(issued.sid().map(AsRef::as_ref)));
    check_validity(issued, asked, at, &mut compare);
    Ok(found)
}

/// Whether a certificate names the addresses of CRL and OCSP responder that it has to: without them relying parties
/// never see that it was revoked.
#[must_use]
pub fn addresses(issued: &Certificate, crl: Option<&str>, ocsp: Option<&str>) -> Vec<Difference> {
    let mut found = Vec::new();
    for (field, wanted, came) in
        [("crl_distribution_points", crl, issued.crl_urls()), ("ocsp_responder", ocsp, issued.ocsp_urls())]
    {
        if let Some(wanted) = wanted.filter(|wanted| !came.iter().any(|it| it == wanted)) {
            found.push(Difference { field, asked: wanted.to_owned(), issued: list(came) });
        }
    }
    found
}

fn check_validity(
    issued: &Certificate,
    asked: &Asked,
    at: Timestamp,
    compare: &mut impl FnMut(&'static str, String, String),
) {
    let until = at.plus(Duration::from_secs(u64::from(asked.validity_days) * 86_400));
    let near = issued.not_after() >= until.minus(TOLERANCE) && issued.not_after() <= until.plus(TOLERANCE);
    if !near {
        compare(
            "validity_days",
            format!("an end about {until}"),
            format!("an end at {}", issued.not_after()),
        );
    }
    if issued.not_before() > at.plus(TOLERANCE) {
        compare("validity_days", format!("a beginning by {at}"), format!("one at {}", issued.not_before()));
    }
    if issued.not_before() < at.minus(TOLERANCE) {
        let asked = format!("a beginning about {at}");
        compare("validity_days", asked, format!("one at {}", issued.not_before()));
    }
}

fn issued_by(issued: &Certificate, issuer: &Certificate) -> String {
    let text = issued.issuer_text();
    if text == issuer.subject_text() { format!("{text} with another key") } else { text }
}

fn word(text: Option<&str>) -> String {
    text.unwrap_or("none").to_owned()
}

fn list<T: AsRef<str>>(texts: &[T]) -> String {
    if texts.is_empty() {
        return "none".to_owned();
    }
    texts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
