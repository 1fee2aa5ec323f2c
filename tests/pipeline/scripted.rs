//! An issuing CA that does as it is told: it answers late, refuses, changes what it was asked, or forgets.

use std::collections::VecDeque;
use std::sync::Mutex;

use certporter::ca::{
    BuiltinCa, CaError, Capabilities, Health, Issued, IssuingCa, RevocationOrder, SignOutcome, SignRequest,
    Standing,
};
use certporter::pki::{Certificate, Csr};
use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;
use certporter_model::oid::Oid;
use futures::future::BoxFuture;

/// What it does with the next request.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// Signs when it is polled, from that time on.
    Later(Timestamp),
    /// Refuses.
    Refuse,
    /// Adds an extended key usage, as a careless template does.
    AddUsage,
    /// Signs, and then the line is dead before the answer.
    SignAndFail,
    /// The line is dead before it signs.
    Fail,
}

/// The built-in CA behind a script. Without a script it signs as asked.
pub(crate) struct ScriptedCa {
    inner: BuiltinCa,
    scripts: Mutex<VecDeque<Script>>,
    pending: Mutex<VecDeque<(SignRequest, Timestamp)>>,
    /// Whether it remembers requests; if not, the same CSR gives a second certificate.
    remembers: bool,
    signed: Mutex<u32>,
}

impl ScriptedCa {
    pub(crate) fn new(inner: BuiltinCa, scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            inner,
            scripts: Mutex::new(scripts.into_iter().collect()),
            pending: Mutex::default(),
            remembers: true,
            signed: Mutex::default(),
        }
    }

    /// The same, with no memory of requests.
    pub(crate) fn forgetful(mut self) -> Self {
        self.remembers = false;
        self
    }

    async fn really(&self, mut request: SignRequest) -> Result<SignOutcome, CaError> {
        if !self.remembers {
            let mut signed = self.signed.lock().unwrap();
            *signed += 1;
            request.reference = format!("{}/{}", request.reference, *signed);
        }
        self.inner.sign(&request).await
    }
}

impl IssuingCa for ScriptedCa {
    fn capabilities(&self) -> Capabilities {
        Capabilities { remembers_requests: self.remembers, ..self.inner.capabilities() }
    }

    fn sign<'a>(&'a self, request: &'a SignRequest) -> BoxFuture<'a, Result<SignOutcome, CaError>> {
        Box::pin(async move {
            let script = self.scripts.lock().unwrap().pop_front();
            match script {
                None => self.really(request.clone()).await,
                Some(Script::Later(poll_at)) => {
                    self.pending.lock().unwrap().push_back((request.clone(), poll_at));
                    Ok(SignOutcome::Pending { reference: format!("ticket {}", request.reference), poll_at })
                }
                Some(Script::Refuse) => Ok(SignOutcome::Refused {
                    cause: "the template forbids it".into(),
                    remedy: "Allow it in the template.".into(),
                }),
                Some(Script::AddUsage) => {
                    let mut changed = request.clone();
                    changed.asked.extended_key_usages.push(Oid::parse("1.3.6.1.5.5.7.3.4").unwrap());
                    self.really(changed).await
                }
                Some(Script::SignAndFail) => {
                    self.really(request.clone()).await?;
                    Err(CaError::Unreachable("the line went dead".into()))
                }
                Some(Script::Fail) => Err(CaError::Unreachable("the line is dead".into())),
            }
        })
    }

    fn poll<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<SignOutcome, CaError>> {
        Box::pin(async move {
            let found = self.pending.lock().unwrap().front().cloned();
            let Some((request, _)) = found else { return self.inner.poll(reference).await };
            assert_eq!(reference, format!("ticket {}", request.reference));
            self.pending.lock().unwrap().pop_front();
            self.really(request).await
        })
    }

    fn revoke<'a>(&'a self, orders: &'a [RevocationOrder]) -> BoxFuture<'a, Result<Vec<Standing>, CaError>> {
        self.inner.revoke(orders)
    }

    fn find_by_key<'a>(&'a self, csr: &'a Csr) -> BoxFuture<'a, Result<Vec<Issued>, CaError>> {
        self.inner.find_by_key(csr)
    }

    fn chain(&self, generation: CaGenerationId) -> BoxFuture<'_, Result<Vec<Certificate>, CaError>> {
        self.inner.chain(generation)
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        self.inner.health()
    }
}
