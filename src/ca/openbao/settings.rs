//! Where an OpenBao is, and how it is trusted.

use std::net::IpAddr;

use certporter_model::FieldErrors;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::pki::Certificate;

/// The most characters of a mount's or an issuer's name.
const NAME_MAX: usize = 128;
/// The most characters of a token.
const TOKEN_MAX: usize = 1024;

/// A token. It has no `Debug` and no `Display`; its memory is zeroed.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Reads one as somebody typed it.
    ///
    /// # Errors
    /// When it is empty, too long, or has characters that can't stand in a header.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= TOKEN_MAX && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            return Err(format!(
                "is 1 to {TOKEN_MAX} letters, digits and signs without spaces, such as hvs.CAES..."
            ));
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// For the header, and to be sealed.
    pub(in crate::ca) fn expose(&self) -> &str {
        &self.0
    }
}

/// What somebody writes about an OpenBao; also how it rests. The token is no part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenBaoDraft {
    /// `https://HOST[:PORT]`.
    pub address: String,
    /// The PKI secrets engine's path.
    pub mount: String,
    /// The issuer's name or id there; "default" when empty.
    pub issuer: String,
    /// Certificates of the CAs that its TLS certificate must come from, PEM; those of the system when empty.
    pub tls_ca: String,
}

/// The same, found right.
#[derive(Debug, Clone)]
pub struct OpenBaoSettings {
    address: String,
    loopback: bool,
    mount: String,
    issuer: String,
    trust: Vec<Certificate>,
}

impl OpenBaoSettings {
    /// Reads them.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(draft: &OpenBaoDraft) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let address = errors.take("address", address(&draft.address));
        let mount = errors.take("mount", path(&draft.mount));
        let issuer = match draft.issuer.trim() {
            "" => Some("default".to_owned()),
            issuer => errors.take("issuer", path(issuer)),
        };
        let trust = match draft.tls_ca.trim() {
            "" => Some(Vec::new()),
            pem => errors.take("tls_ca", Certificate::parse_pem(pem)),
        };
        match (address, mount, issuer, trust) {
            (Some((address, loopback)), Some(mount), Some(issuer), Some(trust)) => {
                Ok(Self { address, loopback, mount, issuer, trust })
            }
            _ => Err(errors),
        }
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The mount's path, without slashes around it.
    #[must_use]
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// The issuer's name or id.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The CAs that its TLS certificate must come from; empty: those of the system.
    #[must_use]
    pub fn trust(&self) -> &[Certificate] {
        &self.trust
    }

    /// Whether it is on this machine: no proxy stands in between then.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Where relying parties could fetch its CRL.
    #[must_use]
    pub fn crl_address(&self) -> String {
        format!("{}/v1/{}/issuer/{}/crl/der", self.address, self.mount, self.issuer)
    }
}

fn address(text: &str) -> Result<(String, bool), String> {
    let wrong = || "is https://, a host, and perhaps a port, such as https://bao.example.org:8200".to_owned();
    let url = reqwest::Url::parse(text.trim()).map_err(|_| wrong())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if !bare || host.is_empty() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong());
    }
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        // The token would travel in the clear.
        "http" if loopback => {}
        "http" => {
            return Err("is https: plain http is taken on this machine alone, since the token goes with it"
                .to_owned());
        }
        _ => return Err(wrong()),
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), loopback))
}

/// A path within OpenBao's API: names with slashes between.
fn path(text: &str) -> Result<String, String> {
    let text = text.trim().trim_matches('/');
    let name = |part: &str| {
        !part.is_empty()
            && !part.chars().all(|c| c == '.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if text.len() > NAME_MAX || !text.split('/').all(name) {
        return Err(format!(
            "is letters, digits, hyphens, underscores and dots, at most {NAME_MAX}, with slashes between, such as pki/users"
        ));
    }
    Ok(text.to_owned())
}

/// A role's name, as profiles give it as template.
pub(super) fn role(text: &str) -> Result<String, String> {
    let name = path(text)?;
    if name.contains('/') { Err("is a role\u{2019}s name, without slashes".to_owned()) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_except_on_this_machine() {
        for good in
            ["https://bao.example.org:8200/", "http://127.0.0.1:8200", "http://localhost:1", "http://[::1]:1"]
        {
            assert!(address(good).is_ok(), "{good}");
        }
        assert_eq!(address("https://b.example:8200/").unwrap(), ("https://b.example:8200".to_owned(), false));
        for bad in
            ["", "bao", "http://bao.example.org", "https://b/v1", "https://u:p@b", "ftp://b", "https://b?x=1"]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert!(address("http://bao.example.org").unwrap_err().contains("token"));
    }

    #[test]
    fn names_can_t_leave_their_place() {
        assert_eq!(path("/pki/users/").unwrap(), "pki/users");
        for bad in ["", "..", "a/../b", "a//b", "a?b", "a b", "a%2fb", "ä"] {
            assert!(path(bad).is_err(), "{bad}");
        }
        assert!(role("wifi").is_ok() && role("a/b").is_err());
    }

    #[test]
    fn a_token_fits_a_header() {
        assert_eq!(Token::parse(" s.abc ").unwrap().expose(), "s.abc");
        for bad in ["", "a b", "a\nb", "ä", &"x".repeat(1025)] {
            assert!(Token::parse(bad).is_err());
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let draft = OpenBaoDraft {
            address: "x".into(),
            mount: "..".into(),
            issuer: "a b".into(),
            tls_ca: "x".into(),
        };
        let errors = OpenBaoSettings::parse(&draft).unwrap_err();
        for field in ["address", "mount", "issuer", "tls_ca"] {
            assert_eq!(errors.of(field).count(), 1, "{field}");
        }
    }
}
