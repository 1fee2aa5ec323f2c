//! What notices say, whether there are any, and how one would look.

use certporter_model::Timestamp;
use certporter_model::access::Caller;
use certporter_model::notice::NoticeKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mail::template::standard;
use crate::mail::{Template, Values, Variable};
use crate::pipeline::notices::letters;
use crate::pipeline::notices::{Matter, example};
use crate::pipeline::work::Work;
use crate::service::{Operation, Portal, ServiceError};
use crate::store::notices::{self as store, TemplateRow};
use crate::store::{AuditEvent, Target, users};

/// What somebody writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NoticeTemplateDraft {
    /// Whether such notices are sent.
    pub enabled: bool,
    /// The subject, one line, with variables; empty: the standard one.
    pub subject: String,
    /// The body with variables; empty: the standard one.
    pub body: String,
}

/// A variable that can stand in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeVariable {
    /// Its name, without the braces.
    pub name: String,
    /// What it stands for.
    pub about: String,
}

/// What notices of a kind say, and whether there are any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeTemplateView {
    /// The kind.
    pub kind: NoticeKind,
    /// Whether they go to the operators' addresses rather than to the person whom they are about.
    pub for_operators: bool,
    /// Whether they are sent.
    pub enabled: bool,
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
    /// Whether this is the standard text.
    pub standard: bool,
    /// What can stand in it.
    pub variables: Vec<NoticeVariable>,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
    /// Counts the changes: the entity tag. 0 before the first.
    pub version: i64,
}

/// How a notice would look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticePreview {
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Whether it tells of something that is there; else of something made up.
    pub real: bool,
}

/// Every kind of notice.
///
/// # Errors
/// When the caller may not.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<Vec<NoticeTemplateView>, ServiceError> {
    Operation::NoticeTemplatesList.organisation(caller)?;
    let rows = store::templates(&mut *portal.db().read().await?).await?;
    let row = |kind| rows.iter().find(|row| row.kind == kind);
    Ok(NoticeKind::ALL.iter().map(|&kind| view(kind, row(kind))).collect())
}

/// One kind of notice.
///
/// # Errors
/// When the caller may not.
pub async fn get(
    portal: &Portal,
    caller: &Caller,
    kind: NoticeKind,
) -> Result<NoticeTemplateView, ServiceError> {
    Operation::NoticeTemplatesGet.organisation(caller)?;
    let row = store::template(&mut *portal.db().read().await?, kind).await?;
    Ok(view(kind, row.as_ref()))
}

/// Saves what notices of a kind say, and switches them on or off. What happened while they were off is not told.
///
/// # Errors
/// When the caller may not, a field is wrong, or it was changed since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    kind: NoticeKind,
    version: i64,
    draft: &NoticeTemplateDraft,
) -> Result<NoticeTemplateView, ServiceError> {
    let permit = Operation::NoticeTemplatesUpdate.organisation(caller)?;
    let (subject, body) = texts(kind, draft);
    Template::parse(kind, &subject, &body)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = store::template(&mut tx, kind).await?;
    let was = before.as_ref().filter(|row| row.enabled);
    let row = TemplateRow {
        kind,
        enabled: draft.enabled,
        subject,
        body,
        enabled_at: draft.enabled.then(|| was.and_then(|row| row.enabled_at).unwrap_or(now)),
        collected_until: was.and_then(|row| row.collected_until).filter(|_| draft.enabled),
        version,
        updated_at: now,
    };
    store::save_template(&mut tx, &row, version).await?;
    Work::CollectNotices.enqueue(&mut tx, now, portal.random()).await?;
    let event =
        AuditEvent::new(now, Operation::NoticeTemplatesUpdate.name(), Target::none("notice_template"))
            .with("kind", kind.as_str())
            .with("enabled", draft.enabled);
    tx.commit(event).await?;
    get(portal, caller, kind).await
}

/// How a notice of a kind would look with this text: of something that is there, if there is such a thing.
///
/// # Errors
/// When the caller may not, or a field is wrong.
pub async fn preview(
    portal: &Portal,
    caller: &Caller,
    kind: NoticeKind,
    draft: &NoticeTemplateDraft,
) -> Result<NoticePreview, ServiceError> {
    Operation::NoticeTemplatesPreview.organisation(caller)?;
    let (subject, body) = texts(kind, draft);
    let template = Template::parse(kind, &subject, &body)?;
    let mut conn = portal.db().read().await?;
    let matters = example(&mut conn, kind, portal.now()).await?;
    let real = !matters.is_empty();
    let address = portal.addresses().portal.to_string();
    let values = if real {
        let user = match matters.first().and_then(|matter| matter.user).filter(|_| !kind.is_for_operators()) {
            Some(id) => Some(users::get(&mut conn, id).await?),
            None => None,
        };
        let person = user.as_ref().map(|user| (user.user_name.as_str(), user.display_name.as_str()));
        letters::values(kind, &matters, &address, person)
    } else {
        made_up(kind, &address)
    };
    let (subject, body) = template.render(&values);
    Ok(NoticePreview { subject, body, real })
}

fn made_up(kind: NoticeKind, address: &str) -> Values {
    let line = match kind {
        NoticeKind::Expiring | NoticeKind::Replacement => {
            "VPN on Laptop of Maria: CN=Maria Example, until 2026-12-01 09:30 UTC"
        }
        NoticeKind::RequestsFailing => "the CA refuses the request. Look at its template, then try it again.",
        NoticeKind::CrlTrouble => "the CRL of builtin issuing 1 runs out 2026-12-01 09:30 UTC",
        NoticeKind::Revoked => {
            "VPN on Laptop of Maria: CN=Maria Example, on 2026-11-22 09:30 UTC: it is not needed any more"
        }
        NoticeKind::KeyHandedOut => "VPN on Phone of Maria: CN=Maria Example, by Jo, on 2026-11-22 09:30 UTC",
        NoticeKind::KeyRecovered => {
            "a private key of yours left escrow (Phone of Maria), by Jo, on 2026-11-22 09:30 UTC"
        }
        NoticeKind::SignInCode => {
            "a one-time code to sign in as you was issued, by Jo, on 2026-11-22 09:30 UTC"
        }
        NoticeKind::EnrolledByStaff => {
            "a device was enrolled for you with a code from staff (Laptop of Maria), by Jo, on 2026-11-22 09:30 UTC"
        }
    };
    let matter = Matter { key: String::new(), user: None, line: line.to_owned() };
    letters::values(kind, &[matter], address, Some(("maria", "Maria Example")))
}

fn texts(kind: NoticeKind, draft: &NoticeTemplateDraft) -> (String, String) {
    let (subject, body) = standard(kind);
    let or = |text: &str, otherwise: &str| {
        if text.trim().is_empty() { otherwise.to_owned() } else { text.replace("\r\n", "\n") }
    };
    (or(draft.subject.trim(), subject), or(&draft.body, body))
}

fn view(kind: NoticeKind, row: Option<&TemplateRow>) -> NoticeTemplateView {
    let (standard_subject, standard_body) = standard(kind);
    let (subject, body) = row.map_or((standard_subject, standard_body), |row| (&row.subject, &row.body));
    NoticeTemplateView {
        kind,
        for_operators: kind.is_for_operators(),
        enabled: row.is_some_and(|row| row.enabled),
        standard: subject == standard_subject && body == standard_body,
        subject: subject.to_owned(),
        body: body.to_owned(),
        variables: Variable::of(kind)
            .map(|it| NoticeVariable { name: it.name().to_owned(), about: it.about().to_owned() })
            .collect(),
        updated_at: row.map(|row| row.updated_at),
        version: row.map_or(0, |row| row.version),
    }
}
