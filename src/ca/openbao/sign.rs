//! Having certificates signed.

use certporter_model::distinguished_name::AttributeType;
use certporter_model::subject_alternative_name::SanKind;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::{OpenBao, settings};
use crate::ca::contract::{CaError, Issued, SignOutcome, SignRequest};
use crate::pki::{Asked, Certificate, PkiError};

/// otherName of a user principal name.
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
const DAY: u64 = 86_400;

impl OpenBao {
    pub(super) async fn sign_request(&self, request: &SignRequest) -> Result<SignOutcome, CaError> {
        let mount = self.0.settings.mount();
        let mut body = Map::new();
        body.insert("csr".to_owned(), json!(request.csr.to_pem()));
        body.insert("format".to_owned(), json!("pem"));
        body.insert("ttl".to_owned(), json!(format!("{}s", u64::from(request.asked.validity_days) * DAY)));
        // Without this a common name becomes a DNS name too.
        body.insert("exclude_cn_from_sans".to_owned(), json!(true));
        let path = match request.template.trim() {
            "" => format!("{mount}/issuer/{}/sign-verbatim", self.0.settings.issuer()),
            template => {
                let role = match settings::role(template) {
                    Ok(role) => role,
                    Err(why) => {
                        return Ok(SignOutcome::Refused {
                            cause: format!("the template {template} {why}"),
                            remedy: "Give the profile the name of a role of the mount as its template."
                                .to_owned(),
                        });
                    }
                };
                if let Err(outcome) = self.name_by_role(&role, &request.asked, &mut body).await {
                    return outcome;
                }
                format!("{mount}/sign/{role}")
            }
        };
        let answer = match self.0.client.post(&path, &Value::Object(body)).await {
            Ok(answer) => answer,
            Err(fault) => return self.refusal(fault).await,
        };
        Ok(SignOutcome::Issued(Box::new(self.issued(&answer)?)))
    }

    /// Names as parameters: where a role takes them from the CSR it needs the common name alone.
    async fn name_by_role(
        &self,
        role: &str,
        asked: &Asked,
        body: &mut Map<String, Value>,
    ) -> Result<(), Result<SignOutcome, CaError>> {
        let path = format!("{}/roles/{role}", self.0.settings.mount());
        let from_csr = match self.0.client.get(&path).await {
            Ok(answer) => answer["data"]["use_csr_sans"].as_bool().unwrap_or(true),
            // A policy need not let us read roles.
            Err(Fault::Denied { .. }) => true,
            Err(Fault::Missing { said, .. }) if said.is_empty() => {
                return Err(self.refusal(Fault::Refused(format!("unknown role: {role}"))).await);
            }
            Err(fault) => return Err(self.refusal(fault).await),
        };
        if let Some(name) = common_name(asked) {
            body.insert("common_name".to_owned(), json!(name));
        }
        if !from_csr {
            let names = asked.all_names().map_err(|error| Err(CaError::Pki(error)))?;
            let of = |kinds: &[SanKind], form: fn(&str) -> String| {
                let found = names.iter().filter(|name| kinds.contains(&name.kind()));
                found.map(|name| form(name.value())).collect::<Vec<_>>()
            };
            let plain = |text: &str| text.to_owned();
            body.insert("alt_names".to_owned(), json!(of(&[SanKind::Dns, SanKind::Email], plain).join(",")));
            body.insert("uri_sans".to_owned(), json!(of(&[SanKind::Uri], plain)));
            body.insert(
                "other_sans".to_owned(),
                json!(of(&[SanKind::Upn], |upn| format!("{UPN};UTF8:{upn}"))),
            );
        }
        Ok(())
    }

    /// What it will not sign is the request's end; anything else is trouble.
    async fn refusal(&self, fault: Fault) -> Result<SignOutcome, CaError> {
        let unsure = fault.may_have_been_done();
        match self.explained(fault).await {
            CaError::Refused { cause, remedy } => Ok(SignOutcome::Refused { cause, remedy }),
            error => {
                if unsure {
                    self.0.listing.forget().await;
                }
                Err(error)
            }
        }
    }

    pub(super) fn issued(&self, answer: &Value) -> Result<Issued, CaError> {
        let garbage = |why: String| Fault::Garbage(why).told(&self.0.settings);
        let text = answer["data"]["certificate"].as_str();
        let text = text.ok_or_else(|| garbage("its answer holds no certificate".to_owned()))?;
        let parsed: Result<Vec<Certificate>, PkiError> = Certificate::parse_pem(text);
        let found = parsed.map_err(|error| garbage(format!("its certificate can't be read: {error}")))?;
        let certificate =
            found.into_iter().next().ok_or_else(|| garbage("its answer holds no certificate".to_owned()))?;
        let generation = self.issuer_of(&certificate)?;
        Ok(Issued { certificate, generation })
    }
}

/// The first common name of what was asked.
fn common_name(asked: &Asked) -> Option<&str> {
    asked.subject.as_ref().and_then(|subject| subject.value(AttributeType::CommonName))
}
