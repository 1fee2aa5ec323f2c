//! Finding what was issued when the answer was lost. OpenBao keeps no index by public key: the common names of all
//! certificates are listed, and those that fit are looked at.

use std::time::Duration;

use certporter_model::distinguished_name::AttributeType;
use serde_json::Value;
use tokio::sync::Mutex;

use super::OpenBao;
use super::enumeration::in_path;
use super::fault::Fault;
use crate::ca::contract::{CaError, Issued};
use crate::clock::Stopwatch;
use crate::pki::Csr;

/// How long a listing counts. Whoever signed and died is taken over from only after its lease has run out, which
/// takes longer than this: the listing is always younger than the certificate that is looked for.
const FRESH: Duration = Duration::from_secs(4);
/// Certificates listed at once.
const PAGE: usize = 1000;
/// The most certificates that are looked at for one key, the newest first.
const CANDIDATES: usize = 50;

/// A certificate in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    serial: String,
    common_name: String,
    /// As OpenBao writes it, which sorts.
    not_before: String,
}

/// The last listing: many requests that come back together share it.
#[derive(Default)]
pub(super) struct Listing(Mutex<Option<(Stopwatch, Vec<Listed>)>>);

impl Listing {
    /// Something may have been issued since.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl OpenBao {
    pub(super) async fn search(&self, csr: &Csr) -> Result<Vec<Issued>, CaError> {
        let subject = csr.subject();
        let name = subject.as_ref().and_then(|it| it.value(AttributeType::CommonName)).unwrap_or_default();
        let candidates = match self.candidates(name).await {
            Ok(candidates) => candidates,
            Err(fault) => return Err(self.explained(fault).await),
        };
        let mut found = Vec::new();
        for serial in candidates {
            let path = format!("{}/cert/{}", self.0.settings.mount(), in_path(&serial));
            let answer = match self.0.client.get(&path).await {
                Ok(answer) => answer,
                Err(fault) => return Err(self.explained(fault).await),
            };
            let issued = self.issued(&answer)?;
            if issued.certificate.public_key_hash() == csr.public_key_hash() {
                found.push(issued);
            }
        }
        Ok(found)
    }

    /// The serial numbers of certificates with that common name, the newest first.
    async fn candidates(&self, name: &str) -> Result<Vec<String>, Fault> {
        let mut kept = self.0.listing.0.lock().await;
        let listed = match kept.take().filter(|(since, _)| since.elapsed() < FRESH) {
            Some(fresh) => kept.insert(fresh),
            None => {
                let since = Stopwatch::start();
                kept.insert((since, self.list().await?))
            }
        };
        let mut fitting: Vec<Listed> = listed.1.iter().filter(|it| it.common_name == name).cloned().collect();
        fitting.sort_by(|a, b| b.not_before.cmp(&a.not_before));
        Ok(fitting.into_iter().take(CANDIDATES).map(|it| it.serial).collect())
    }

    async fn list(&self) -> Result<Vec<Listed>, Fault> {
        let mount = self.0.settings.mount();
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("{mount}/certs/detailed?list=true&limit={PAGE}&after={after}");
            let answer = match self.0.client.get(&path).await {
                Ok(answer) => answer,
                // An empty list is "not found".
                Err(Fault::Missing { said, .. }) if said.is_empty() => return Ok(all),
                Err(fault) => return Err(fault),
            };
            let keys: Vec<&str> =
                answer["data"]["keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let Some(last) = keys.last() else { return Ok(all) };
            let (count, next) = (keys.len(), (*last).to_owned());
            all.extend(keys.into_iter().map(|serial| {
                let info = &answer["data"]["key_info"][serial];
                let text = |field: &str| info[field].as_str().unwrap_or_default().to_owned();
                Listed {
                    serial: serial.to_owned(),
                    common_name: text("common_name"),
                    not_before: text("not_before"),
                }
            }));
            if count < PAGE {
                return Ok(all);
            }
            after = in_path(&next);
        }
    }
}
