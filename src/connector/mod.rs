//! The worker beside an issuing CA: takes orders from the portal, brings back what the CA answers.
//!
//! It knows the portal only by [`port::ConnectorPort`], whether it runs in the portal's own process ([`in_process`])
//! or elsewhere; and the CAs only by their contract. It needs no secret of the portal's: the keys that it generates
//! are sealed to a public key before anything else happens with them.
//!
//! - [`port`]: what it asks of the portal
//! - [`worker`]: its loop; [`issue`]: bringing a certificate; [`standing`]: revoking, holding, releasing;
//!   [`preflight`]: a test of both
pub mod in_process;
pub mod issue;
pub mod port;
pub mod preflight;
pub mod standing;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ca::{CaError, ExternalCas, IssuingCa};

/// The CAs that a connector reaches, by the names that profiles give them.
#[derive(Clone, Default)]
pub struct Authorities {
    fixed: BTreeMap<String, Arc<dyn IssuingCa>>,
    external: Option<ExternalCas>,
}

/// A CA that was found.
pub(crate) struct Reached {
    /// How it is asked.
    pub(crate) ca: Arc<dyn IssuingCa>,
    /// Whether certificates are asked of it. Revocations go to it in any case.
    pub(crate) enabled: bool,
}

impl Authorities {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, that stays.
    pub fn insert(&mut self, name: String, ca: Arc<dyn IssuingCa>) {
        self.fixed.insert(name, ca);
    }

    /// With those that people add and change while the connector runs.
    #[must_use]
    pub fn with_external(self, external: ExternalCas) -> Self {
        Self { external: Some(external), ..self }
    }

    /// The CA of that name, if there is one.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Reached>, CaError> {
        if let Some(ca) = self.fixed.get(name) {
            return Ok(Some(Reached { ca: Arc::clone(ca), enabled: true }));
        }
        let Some(external) = &self.external else { return Ok(None) };
        let found = external.named(name).await?;
        Ok(found.map(|it| Reached { ca: it.ca, enabled: it.enabled }))
    }
}
