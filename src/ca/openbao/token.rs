//! Whether it works, and keeping the token alive.

use std::time::Duration;

use certporter_model::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::OpenBao;
use super::fault::Fault;
use crate::ca::contract::{CaError, Health};

/// What a token may ask of itself.
pub(super) const LOOKUP: &str = "auth/token/lookup-self";
const RENEW: &str = "auth/token/renew-self";
const CAPABILITIES: &str = "sys/capabilities-self";
/// A token that ends within this and can't be renewed wants to be replaced.
const ENDS_SOON: Duration = Duration::from_secs(7 * 86_400);
/// A CA's certificate that ends within this wants to be renewed.
const CA_ENDS_SOON: Duration = Duration::from_secs(180 * 86_400);

/// One renewal at a time.
#[derive(Default)]
pub(super) struct Renewal(Mutex<()>);

impl OpenBao {
    pub(super) async fn examine(&self) -> Health {
        let mut findings = Vec::new();
        let mut ends = None;
        let well = match self.look(&mut findings, &mut ends).await {
            Ok(()) => true,
            Err(fault) => {
                let error = self.explained(fault).await;
                if let CaError::Outage { cause, remedy } | CaError::Refused { cause, remedy } = error {
                    findings.insert(0, format!("{cause}. {remedy}"));
                } else {
                    findings.insert(0, error.to_string());
                }
                false
            }
        };
        Health { well, findings, credential_ends_at: ends }
    }

    async fn look(&self, findings: &mut Vec<String>, ends: &mut Option<Timestamp>) -> Result<(), Fault> {
        *ends = self.keep_alive(findings).await?;
        let path = format!("{}/issuer/{}/json", self.0.settings.mount(), self.0.settings.issuer());
        let answer = self.0.client.get(&path).await?;
        self.compare_issuer(&answer, findings);
        self.compare_policy(findings).await?;
        let now = self.0.clock.now();
        if let Some(certificate) = self.0.issuers.last().and_then(|issuer| issuer.chain.first()) {
            let left = certificate.not_after().since(now);
            if left < CA_ENDS_SOON {
                let days = left.as_secs() / 86_400;
                findings.push(format!("the issuing certificate ends in {days} days: renew it in OpenBao"));
            }
        }
        Ok(())
    }

    /// Renews the token when half of its time is gone; answers when it ends, if it does.
    async fn keep_alive(&self, findings: &mut Vec<String>) -> Result<Option<Timestamp>, Fault> {
        let _one = self.0.token.0.lock().await;
        let answer = self.0.client.get(LOOKUP).await?;
        let data = &answer["data"];
        let seconds = |field: &str| Duration::from_secs(data[field].as_u64().unwrap_or(0));
        let (mut left, whole) = (seconds("ttl"), seconds("creation_ttl").max(seconds("period")));
        if left.is_zero() {
            // A root token, or one without an end.
            return Ok(None);
        }
        let renewable = data["renewable"].as_bool().unwrap_or(false);
        if renewable && left < whole / 2 {
            match self.0.client.post(RENEW, &json!({})).await {
                Ok(answer) => {
                    left = Duration::from_secs(answer["auth"]["lease_duration"].as_u64().unwrap_or(0));
                    tracing::info!(address = self.0.settings.address(), "the token was renewed");
                }
                Err(fault) => tracing::warn!(?fault, "the token could not be renewed"),
            }
        }
        let ends = self.0.clock.now().plus(left);
        if left < ENDS_SOON && (!renewable || left < whole / 2) {
            findings.push(format!(
                "the token ends at {ends} and can't be renewed for longer: set another one in time"
            ));
        }
        Ok(Some(ends))
    }

    /// Whether the mount still issues with a certificate that is on record.
    fn compare_issuer(&self, answer: &Value, findings: &mut Vec<String>) {
        let text = answer["data"]["certificate"].as_str().unwrap_or_default();
        let Some(newest) = self.0.issuers.last().and_then(|issuer| issuer.chain.first()) else { return };
        let same = crate::pki::Certificate::parse_pem(text)
            .is_ok_and(|found| found.first().is_some_and(|found| found.thumbprint() == newest.thumbprint()));
        if !same {
            findings.push(
                "the mount issues with another certificate than the one on record: save the CA's settings again, so \
                 that the new one is taken over; until then what it issues is refused and revoked"
                    .to_owned(),
            );
        }
    }

    /// What the token's policy lacks of what is needed whatever the profile.
    async fn compare_policy(&self, findings: &mut Vec<String>) -> Result<(), Fault> {
        let mount = self.0.settings.mount();
        let (revoke, list) = (format!("{mount}/revoke"), format!("{mount}/certs/detailed"));
        let read = format!("{mount}/cert/00");
        let body = json!({ "paths": [revoke, list, read] });
        let answer = match self.0.client.post(CAPABILITIES, &body).await {
            Ok(answer) => answer,
            // Not every policy lets a token ask what it may.
            Err(Fault::Denied { .. }) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        for (path, right, why) in [
            (revoke, "update", "certificates can't be revoked without"),
            (list, "list", "what was signed before a connection broke can't be found without"),
            (read, "read", "what was signed before a connection broke can't be found without"),
        ] {
            let mut has = answer[path.as_str()].as_array().into_iter().flatten().filter_map(Value::as_str);
            if !has.any(|it| it == right || it == "root" || it == "sudo") {
                let shown = path.trim_end_matches("00").to_owned();
                let shown = if shown.ends_with('/') { format!("{shown}*") } else { shown };
                findings.push(format!("the token's policy lacks {right} on {shown}: {why}"));
            }
        }
        Ok(())
    }
}
