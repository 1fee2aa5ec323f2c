//! Everything that a mount has issued, page by page, and single certificates with how they stand.

use certporter_model::Timestamp;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use serde_json::Value;

use super::OpenBao;
use super::fault::Fault;
use crate::ca::contract::{CaError, Listed, Listing, LookedUp};

/// A serial number as it stands in OpenBao's paths and cursors: with colons a cursor would sort elsewhere.
pub(super) fn in_path(serial: &str) -> String {
    serial.replace(':', "-")
}

impl OpenBao {
    /// A page of all issuers of the mount. How they stand is not in it.
    pub(super) async fn page(&self, after: Option<&SerialNumber>, most: u32) -> Result<Listing, CaError> {
        let after = after.map(|serial| in_path(&serial.with_colons())).unwrap_or_default();
        let mount = self.0.settings.mount();
        let path = format!("{mount}/certs/detailed?list=true&limit={most}&after={after}");
        let answer = match self.0.client.get(&path).await {
            Ok(answer) => answer,
            // An empty list is "not found".
            Err(Fault::Missing { said, .. }) if said.is_empty() => return Ok(Listing::default()),
            Err(fault) => return Err(self.explained(fault).await),
        };
        let keys = answer["data"]["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        let info = &answer["data"]["key_info"];
        let mut certificates = Vec::with_capacity(keys.len());
        for key in keys.iter().filter_map(Value::as_str) {
            let serial = SerialNumber::parse(&key.replace('-', ":")).map_err(|error| {
                Fault::Garbage(format!("a serial number of its list can't be read: {error}"))
                    .told(&self.0.settings)
            })?;
            let not_after = info[key]["not_after"].as_str().and_then(|text| text.parse().ok());
            certificates.push(Listed { serial, standing: None, not_after });
        }
        let more = keys.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        Ok(Listing { certificates, more })
    }

    /// One certificate. OpenBao gives no reason.
    pub(super) async fn by_serial(&self, serial: &SerialNumber) -> Result<Option<LookedUp>, CaError> {
        let path = format!("{}/cert/{}", self.0.settings.mount(), in_path(&serial.with_colons()));
        let answer = match self.0.client.get(&path).await {
            Ok(answer) => answer,
            Err(Fault::Missing { said, .. }) if said.is_empty() => return Ok(None),
            Err(fault) => return Err(self.explained(fault).await),
        };
        let certificate = self.issued(&answer)?.certificate;
        let revoked = answer["data"]["revocation_time"].as_i64().filter(|at| *at > 0);
        let generation = self.signer_of(&certificate);
        let standing = revoked.map(|at| (Timestamp::from_seconds(at), Reason::Unspecified));
        Ok(Some(LookedUp { certificate, generation, standing }))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_serial_number_stands_in_a_path_with_hyphens() {
        assert_eq!(super::in_path("0a:1b:2c"), "0a-1b-2c");
    }
}
