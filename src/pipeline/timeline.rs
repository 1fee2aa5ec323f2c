//! How a step becomes a row of the timeline.

use certporter_model::request::Step;
use certporter_model::{CertificateId, CopyId, TimelineEventId, Timestamp};

use crate::random::{Random, octets};
use crate::store::WriteTx;
use crate::store::steps::certificates::CertificateInWork;
use crate::store::steps::copies::CopyInWork;
use crate::store::steps::events::{self, About, StepEvent};
use crate::store::steps::requests::RequestInWork;

/// A row that is to be.
#[derive(Debug)]
pub struct Row(StepEvent);

/// A row about a request.
#[must_use]
pub fn of_request(step: Step, request: &RequestInWork, certificate: Option<CertificateId>) -> Row {
    let about = About {
        request: Some(request.id),
        certificate: certificate.or(request.certificate_id),
        copy: None,
        device: request.device_id,
        user: request.user_id,
    };
    Row::new(step, about)
}

/// A row about a certificate.
#[must_use]
pub fn of_certificate(step: Step, certificate: &CertificateInWork) -> Row {
    let about = About {
        request: certificate.request_id,
        certificate: Some(certificate.id),
        copy: None,
        device: certificate.device_id,
        user: certificate.user_id,
    };
    Row::new(step, about)
}

/// A row about a copy of a certificate.
#[must_use]
pub fn of_copy(step: Step, copy: &CopyInWork, certificate: &CertificateInWork) -> Row {
    let about = About {
        request: certificate.request_id,
        certificate: Some(certificate.id),
        copy: Some(copy.id),
        device: Some(copy.device_id),
        user: certificate.user_id,
    };
    Row::new(step, about)
}

impl Row {
    fn new(step: Step, about: About) -> Self {
        let nil = TimelineEventId::new(Timestamp::from_millis(0), [0; 10]);
        Self(StepEvent {
            id: nil,
            at: Timestamp::from_millis(0),
            step,
            about,
            duration_ms: None,
            cause: None,
            remedy: None,
            detail: None,
        })
    }

    /// The copy that it is also about.
    #[must_use]
    pub fn copy(mut self, copy: CopyId) -> Self {
        self.0.about.copy = Some(copy);
        self
    }

    /// How long it took.
    #[must_use]
    pub fn took(mut self, milliseconds: impl Into<i64>) -> Self {
        self.0.duration_ms = Some(milliseconds.into());
        self
    }

    /// What went wrong, and what to do about it.
    #[must_use]
    pub fn wrong(mut self, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self.0.remedy = Some(remedy.into());
        self
    }

    /// Anything more, in a few words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Writes it, with the transaction's commit.
    pub fn write(mut self, tx: &mut WriteTx, now: Timestamp, random: &dyn Random) {
        self.0.id = TimelineEventId::new(now, octets(random));
        self.0.at = now;
        metrics::counter!("certporter_steps_total", "step" => self.0.step.as_str()).increment(1);
        events::add(tx, self.0);
    }
}
