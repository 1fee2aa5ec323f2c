//! OpenBao's PKI secrets engine as an issuing CA (the API is Vault's). Tested against the real server, 2.7.
//!
//! **Signing.** A profile's template is the name of a role: `sign/ROLE` is asked then, so that OpenBao's own policy
//! limits what the portal can get. Roles change certificates by their defaults and know no SID extension; the check of
//! what was issued catches that. A profile without a template asks `sign-verbatim`, which takes names, usages and
//! extensions from the CSR as they are: what the profile says is what comes. It needs a token that may do so.
//!
//! **What it can't.** It knows no hold and takes no reason; it doesn't choose our serial numbers and remembers no
//! request. After a broken connection the certificate is looked for among those issued, by common name and then by
//! public key, before the CSR is sent again.
//!
//! **What the token needs.** `update` on `MOUNT/sign/ROLE` or `MOUNT/sign-verbatim`, and on `MOUNT/revoke`; `list` on
//! `MOUNT/certs/detailed`; `read` on `MOUNT/cert/*` and `MOUNT/roles/*`; and what the policy `default` gives: to look
//! itself up and to renew itself.
//!
//! - [`settings`]: where it is, and how it is trusted
//! - [`client`]: HTTP; [`fault`]: what can go wrong, what may be tried again, and what to do about it
//! - [`sign`]: certificates; [`search`]: finding them again; [`enumeration`]: all of them; [`token`]: keeping the token alive
mod client;
mod enumeration;
mod fault;
mod search;
pub mod settings;
mod sign;
mod token;

use std::sync::Arc;

use certporter_model::Timestamp;
use certporter_model::certificate::RevocationKind;
use certporter_model::ids::CaGenerationId;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use futures::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};

use super::contract::{
    CaError, Capabilities, Health, Issued, IssuingCa, Listing, LookedUp, RevocationOrder, SignOutcome,
    SignRequest, Standing,
};
use crate::clock::Clock;
use crate::pki::{Certificate, Csr};
use client::Client;
use fault::Fault;
pub use settings::{OpenBaoSettings, Token};

/// What the kind is called.
pub const KIND: &str = "openbao";

/// What it can.
pub const CAPABILITIES: Capabilities = Capabilities {
    hold: false,
    reasons: false,
    find_by_key: true,
    enumerate: true,
    choose_serial: false,
    remembers_requests: false,
    publishes: false,
};

/// A generation of this CA, as the portal has it on record.
#[derive(Debug, Clone)]
pub struct KnownIssuer {
    /// Its id.
    pub id: CaGenerationId,
    /// Its certificate, and those above it.
    pub chain: Vec<Certificate>,
}

/// An OpenBao server's PKI mount. Cheap to clone.
#[derive(Clone)]
pub struct OpenBao(Arc<Inner>);

struct Inner {
    client: Client,
    settings: OpenBaoSettings,
    clock: Arc<dyn Clock>,
    /// The newest last: it is the one that certificates of an unknown issuer are held against.
    issuers: Vec<KnownIssuer>,
    listing: search::Listing,
    token: token::Renewal,
}

impl OpenBao {
    /// With the generations that are on record.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(
        settings: OpenBaoSettings,
        token: Token,
        clock: Arc<dyn Clock>,
        issuers: Vec<KnownIssuer>,
    ) -> Result<Self, CaError> {
        let client = Client::new(&settings, token)?;
        let (listing, token) = (search::Listing::default(), token::Renewal::default());
        Ok(Self(Arc::new(Inner { client, settings, clock, issuers, listing, token })))
    }

    /// The issuer's certificate and those above it, as the mount gives them out: the issuer's first.
    ///
    /// # Errors
    /// When it can't be reached, has no such mount or issuer, or the chain has a gap.
    pub async fn issuer_chain(&self) -> Result<Vec<Certificate>, CaError> {
        let path = format!("{}/issuer/{}/json", self.0.settings.mount(), self.0.settings.issuer());
        let answer = match self.0.client.get(&path).await {
            Ok(answer) => answer,
            Err(fault) => return Err(self.explained(fault).await),
        };
        let texts = answer["data"]["ca_chain"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut chain = Vec::new();
        for text in texts {
            chain.extend(Certificate::parse_pem(text).map_err(|error| {
                Fault::Garbage(format!("a certificate of its chain can't be read: {error}"))
                    .told(&self.0.settings)
            })?);
        }
        if chain.is_empty() {
            return Err(CaError::Refused {
                cause: format!("the mount {} has no issuer with a certificate", self.0.settings.mount()),
                remedy: "Make a root or an intermediate there first, or name another issuer.".to_owned(),
            });
        }
        if !chain.windows(2).all(|pair| matches!(pair, [below, above] if below.is_signed_by(above))) {
            return Err(CaError::Refused {
                cause: "the chain that it gives out has a gap: a certificate is not signed by the next"
                    .to_owned(),
                remedy:
                    "Set the chain right in OpenBao (the issuer's manual_chain), or import what is missing."
                        .to_owned(),
            });
        }
        Ok(chain)
    }

    /// Whether the server is there and takes the token.
    ///
    /// # Errors
    /// When it is not.
    pub async fn is_let_in(&self) -> Result<(), CaError> {
        match self.0.client.get(token::LOOKUP).await {
            Ok(_) => Ok(()),
            Err(Fault::Denied { .. }) => Err(Fault::TokenEnded.told(&self.0.settings)),
            Err(fault) => Err(fault.told(&self.0.settings)),
        }
    }

    /// The generation that signed a certificate; the newest one if none that is known did: the comparison with what
    /// was asked then names the issuer.
    fn issuer_of(&self, certificate: &Certificate) -> Result<CaGenerationId, CaError> {
        let found = self.signer_of(certificate).or_else(|| self.0.issuers.last().map(|issuer| issuer.id));
        found.ok_or_else(|| CaError::Unknown("an issuing certificate of its own".to_owned()))
    }

    /// The generation that signed a certificate, if one that is known did.
    fn signer_of(&self, certificate: &Certificate) -> Option<CaGenerationId> {
        let signed = |it: &&KnownIssuer| it.chain.first().is_some_and(|ca| certificate.is_signed_by(ca));
        self.0.issuers.iter().rev().find(signed).map(|issuer| issuer.id)
    }

    fn known(&self, id: CaGenerationId) -> Result<&KnownIssuer, CaError> {
        let found = self.0.issuers.iter().find(|issuer| issuer.id == id);
        found.ok_or_else(|| CaError::Unknown(format!("its generation {id}")))
    }

    async fn revoke_all(&self, orders: &[RevocationOrder]) -> Result<Vec<Standing>, CaError> {
        let mut standings = Vec::with_capacity(orders.len());
        for order in orders {
            standings.push(self.revoke_one(order).await?);
        }
        Ok(standings)
    }

    async fn revoke_one(&self, order: &RevocationOrder) -> Result<Standing, CaError> {
        if order.kind != RevocationKind::Revoke {
            return Err(CaError::NotCapable("put certificates on hold"));
        }
        let path = format!("{}/revoke", self.0.settings.mount());
        let serial = colons(&order.serial.to_string());
        match self.0.client.post(&path, &json!({ "serial_number": serial })).await {
            Ok(answer) => {
                let at = answer["data"]["revocation_time"].as_i64().map_or(order.at, Timestamp::from_seconds);
                Ok(Some((at, Reason::Unspecified)))
            }
            Err(Fault::Refused(said)) if said.contains("not found") => Err(CaError::Refused {
                cause: format!("OpenBao has no certificate with the serial number {serial}"),
                remedy: "See whether it was tidied away, or its role has no_store set: such a certificate can't be \
                         revoked by its number. Revoke it there by hand, then put the job back."
                    .to_owned(),
            }),
            Err(fault) => Err(self.explained(fault).await),
        }
    }

    async fn fetch_crl(&self, generation: CaGenerationId) -> Result<Vec<u8>, CaError> {
        let issuer = self.known(generation)?;
        // By name when it is the one that issues now; an older one's list is the mount's affair.
        let newest = self.0.issuers.last().is_some_and(|last| last.id == issuer.id);
        let mount = self.0.settings.mount();
        let path = if newest {
            format!("{mount}/issuer/{}/crl/der", self.0.settings.issuer())
        } else {
            format!("{mount}/crl")
        };
        match self.0.client.octets(&path).await {
            Ok(octets) => Ok(octets),
            Err(fault) => Err(self.explained(fault).await),
        }
    }

    /// What a fault means. OpenBao says "permission denied" of a token that has ended and of a policy that is too
    /// narrow alike: asking about the token tells them apart.
    async fn explained(&self, fault: Fault) -> CaError {
        match fault {
            Fault::Denied { path } => match self.0.client.get(token::LOOKUP).await {
                Ok(_) => Fault::Narrow { path }.told(&self.0.settings),
                Err(Fault::Denied { .. }) => Fault::TokenEnded.told(&self.0.settings),
                Err(other) => other.told(&self.0.settings),
            },
            other => other.told(&self.0.settings),
        }
    }
}

/// A serial number as OpenBao writes it.
fn colons(hex: &str) -> String {
    let pairs: Vec<String> =
        hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_ascii_lowercase()).collect();
    pairs.join(":")
}

impl IssuingCa for OpenBao {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn sign<'a>(&'a self, request: &'a SignRequest) -> BoxFuture<'a, Result<SignOutcome, CaError>> {
        self.sign_request(request).boxed()
    }

    /// It answers at once: nothing is ever pending.
    fn poll<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<SignOutcome, CaError>> {
        std::future::ready(Err(CaError::Unknown(format!("the request {reference}")))).boxed()
    }

    fn revoke<'a>(&'a self, orders: &'a [RevocationOrder]) -> BoxFuture<'a, Result<Vec<Standing>, CaError>> {
        self.revoke_all(orders).boxed()
    }

    fn find_by_key<'a>(&'a self, csr: &'a Csr) -> BoxFuture<'a, Result<Vec<Issued>, CaError>> {
        self.search(csr).boxed()
    }

    fn chain(&self, generation: CaGenerationId) -> BoxFuture<'_, Result<Vec<Certificate>, CaError>> {
        std::future::ready(self.known(generation).map(|issuer| issuer.chain.clone())).boxed()
    }

    fn crl(&self, generation: CaGenerationId) -> BoxFuture<'_, Result<Vec<u8>, CaError>> {
        self.fetch_crl(generation).boxed()
    }

    fn enumerate<'a>(
        &'a self,
        after: Option<&'a SerialNumber>,
        most: u32,
    ) -> BoxFuture<'a, Result<Listing, CaError>> {
        self.page(after, most).boxed()
    }

    fn look_up<'a>(&'a self, serial: &'a SerialNumber) -> BoxFuture<'a, Result<Option<LookedUp>, CaError>> {
        self.by_serial(serial).boxed()
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        self.examine().boxed()
    }
}

impl std::fmt::Debug for OpenBao {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenBao").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn serials_are_written_with_colons() {
        assert_eq!(super::colons("0A1B2C"), "0a:1b:2c");
    }
}
