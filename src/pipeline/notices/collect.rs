//! Finds what is to be told, and writes it down as letters: the letters, what they tell and how far was looked in one
//! transaction, so that nothing is told twice or lost when the process dies.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use certporter_model::identity::Email;
use certporter_model::notice::{NoticeKind, NoticeState};
use certporter_model::{NoticeId, Timestamp, UserId};

use super::letters;
use super::post::{Post, Resting};
use super::{Matter, gather};
use crate::mail::{MailSettings, Template};
use crate::pipeline::Pipeline;
use crate::pipeline::error::StepError;
use crate::pipeline::queue::Outcome;
use crate::pipeline::work::Work;
use crate::random::octets;
use crate::store::notices::{self, Notice, TemplateRow};
use crate::store::{Bookkeeping, Conn, StoreError, users};

/// How often is looked for what is to be told.
const EVERY: Duration = Duration::from_secs(30);
/// What happened is looked at again for so long: a transaction may commit after a later one did.
const OVERLAP: Duration = Duration::from_secs(600);

/// How often a kind is looked for, and how long after a letter the next one of it goes to operators at the earliest:
/// what comes in the meantime goes into that one.
const fn rhythm(kind: NoticeKind) -> (Duration, Duration) {
    match kind {
        NoticeKind::Expiring => (Duration::from_secs(3600), Duration::from_secs(86_400)),
        NoticeKind::RequestsFailing => (Duration::ZERO, Duration::from_secs(3600)),
        _ => (Duration::ZERO, Duration::ZERO),
    }
}

impl Pipeline {
    /// Looks for what is to be told, and asks for the next look.
    pub(in crate::pipeline) async fn collect_notices(&self) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        if let Some(post) = &self.post {
            let mut conn = self.db.read().await?;
            let resting = Resting::read(&mut conn).await?;
            let rows = notices::templates(&mut conn).await?;
            drop(conn);
            if let Some((resting, _)) = resting {
                let (settings, _) = resting.open(&post.safe)?;
                for row in rows.into_iter().filter(|row| row.enabled) {
                    self.collect(post, &settings, row, now).await?;
                }
            }
        }
        let mut books = self.db.bookkeeping().await?;
        Work::CollectNotices.schedule(&mut books, now.plus(EVERY), now, self.random.as_ref()).await?;
        books.commit().await?;
        Ok(Outcome::Done)
    }

    /// Writes the letters of one kind.
    async fn collect(
        &self,
        post: &Post,
        settings: &MailSettings,
        row: TemplateRow,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let kind = row.kind;
        let (look, pause) = rhythm(kind);
        let template = Template::parse(kind, &row.subject, &row.body).map_err(|error| {
            StoreError::Corrupt { table: "notice_templates", column: "body", reason: error.to_string() }
        })?;
        let begun = row.enabled_at.unwrap_or(now);
        let looked = row.collected_until;
        if kind.is_for_operators() {
            let mut conn = self.db.read().await?;
            let last = notices::last(&mut conn, kind).await?;
            let early = looked.is_some_and(|at| now.since(at) < look);
            if early || last.is_some_and(|at| now.since(at) < pause) || settings.operators().is_empty() {
                return Ok(());
            }
        }
        let since = looked.map_or(begun, |at| at.minus(OVERLAP).max(begun));
        let mut conn = self.db.snapshot().await?;
        let mut matters = gather(&mut conn, kind, since, now).await?;
        untold(&mut conn, kind, &mut matters).await?;
        let letters = if kind.is_for_operators() {
            self.to_operators(kind, &template, &matters, settings.operators(), post, now)
        } else {
            self.to_persons(&mut conn, kind, &template, &matters, post, now).await?
        };
        drop(conn);
        let mut books: Bookkeeping = self.db.bookkeeping().await?;
        let keys: Vec<String> = matters.into_iter().map(|matter| matter.key).collect();
        notices::tell(&mut books, kind, &keys, now).await?;
        notices::insert_all(&mut books, &letters).await?;
        notices::collected(&mut books, kind, now).await?;
        if !letters.is_empty() {
            Work::SendNotices.schedule(&mut books, now, now, self.random.as_ref()).await?;
            tracing::info!(%kind, letters = letters.len(), matters = keys.len(), "notices are to be sent");
        }
        books.commit().await?;
        Ok(())
    }

    fn to_operators(
        &self,
        kind: NoticeKind,
        template: &Template,
        matters: &[Matter],
        operators: &[Email],
        post: &Post,
        now: Timestamp,
    ) -> Vec<Notice> {
        if matters.is_empty() {
            return Vec::new();
        }
        let written = template.render(&letters::values(kind, matters, &post.portal, None));
        let each =
            operators.iter().map(|to| self.letter(kind, (None, Some(to)), &written, matters.len(), now));
        each.collect()
    }

    async fn to_persons(
        &self,
        conn: &mut Conn,
        kind: NoticeKind,
        template: &Template,
        matters: &[Matter],
        post: &Post,
        now: Timestamp,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut by_person: BTreeMap<UserId, Vec<Matter>> = BTreeMap::new();
        for matter in matters {
            if let Some(user) = matter.user {
                by_person.entry(user).or_default().push(matter.clone());
            }
        }
        let ids: Vec<UserId> = by_person.keys().copied().collect();
        let mut letters = Vec::new();
        for chunk in ids.chunks(500) {
            for user in users::by_ids(conn, chunk).await? {
                // Of whom nothing is known any more nothing is told either.
                let Some(theirs) = by_person.get(&user.id).filter(|_| user.erased_at.is_none()) else {
                    continue;
                };
                let person = Some((user.user_name.as_str(), user.display_name.as_str()));
                let written = template.render(&letters::values(kind, theirs, &post.portal, person));
                let to = (Some(user.id), user.email.as_ref());
                letters.push(self.letter(kind, to, &written, theirs.len(), now));
            }
        }
        Ok(letters)
    }

    fn letter(
        &self,
        kind: NoticeKind,
        (user_id, to): (Option<UserId>, Option<&Email>),
        (subject, body): &(String, String),
        matters: usize,
        now: Timestamp,
    ) -> Notice {
        let nowhere = to.is_none();
        Notice {
            id: NoticeId::new(now, octets(self.random.as_ref())),
            kind,
            user_id,
            recipient: notices::recipient(to),
            subject: subject.clone(),
            body: body.clone(),
            matters: u64::try_from(matters).unwrap_or(u64::MAX),
            state: if nowhere { NoticeState::Failed } else { NoticeState::Waiting },
            attempt: 0,
            not_before: now,
            cause: nowhere.then(|| "the person has no e-mail address".to_owned()),
            remedy: nowhere.then(|| "Enter one on the person's page, then have it sent again.".to_owned()),
            version: 1,
            created_at: now,
            updated_at: now,
            sent_at: None,
        }
    }
}

/// Drops what was told already, and what comes twice.
async fn untold(conn: &mut Conn, kind: NoticeKind, matters: &mut Vec<Matter>) -> Result<(), StoreError> {
    let keys: Vec<String> = matters.iter().map(|matter| matter.key.clone()).collect();
    let mut told: BTreeSet<String> = notices::told(conn, kind, &keys).await?.into_iter().collect();
    matters.retain(|matter| told.insert(matter.key.clone()));
    Ok(())
}
