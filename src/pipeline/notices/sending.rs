//! Brings letters to the mail server, one after the other. A server that is away holds all of them up: it is asked
//! again after pauses that grow, and nothing is lost. A letter that it doesn't take now waits by itself.

use certporter_model::identity::Email;
use certporter_model::notice::NoticeState;

use super::post::Resting;
use crate::mail::{self, Letter, MailFault, MailSettings, SmtpPassword};
use crate::pipeline::Pipeline;
use crate::pipeline::backoff;
use crate::pipeline::error::StepError;
use crate::pipeline::queue::Outcome;
use crate::pipeline::work::Work;
use crate::store::notices::{self, Notice};

/// Letters of one turn; the next turn follows at once.
const TURN: u32 = 50;
/// A letter that the server puts off so often is given up.
const PUT_OFF: u32 = 20;

impl Pipeline {
    /// Sends what is due, and asks for the next turn when more waits.
    pub(in crate::pipeline) async fn send_notices(&self) -> Result<Outcome, StepError> {
        let Some(post) = &self.post else { return Ok(Outcome::Done) };
        let mut conn = self.db.read().await?;
        let Some((resting, _)) = Resting::read(&mut conn).await? else { return Ok(Outcome::Done) };
        let due = notices::due(&mut conn, self.clock.now(), TURN).await?;
        drop(conn);
        let (settings, password) = resting.open(&post.safe)?;
        for notice in due {
            if let Some((cause, remedy)) = self.deliver_notice(&settings, password.as_ref(), notice).await? {
                let mut books = self.db.bookkeeping().await?;
                notices::held_up(&mut books, &cause, &remedy, self.clock.now()).await?;
                books.commit().await?;
                return Ok(Outcome::Failed { cause, remedy });
            }
        }
        let now = self.clock.now();
        let mut books = self.db.bookkeeping().await?;
        if let Some(next) = notices::next_due(&mut books).await? {
            Work::SendNotices.schedule(&mut books, next.max(now), now, self.random.as_ref()).await?;
        }
        books.commit().await?;
        Ok(Outcome::Done)
    }

    /// Sends one letter and notes what became of it. Answers cause and remedy when no letter gets through.
    async fn deliver_notice(
        &self,
        settings: &MailSettings,
        password: Option<&SmtpPassword>,
        mut notice: Notice,
    ) -> Result<Option<(String, String)>, StepError> {
        let sent = match Email::parse(&notice.recipient) {
            Ok(to) => {
                let (subject, body) = (notice.subject.clone(), notice.body.clone());
                let letter = Letter { id: notice.id, to, subject, body, at: notice.created_at };
                mail::send(settings, password, &letter).await
            }
            Err(error) => Err(MailFault::Refused {
                cause: format!("the recipient's {error}"),
                remedy: "Correct the address on the person's page, then have it sent again.".to_owned(),
            }),
        };
        let now = self.clock.now();
        notice.attempt += 1;
        notice.updated_at = now;
        (notice.cause, notice.remedy) = (None, None);
        match sent {
            Ok(()) => {
                notice.state = NoticeState::Sent;
                notice.sent_at = Some(now);
            }
            Err(MailFault::Server { cause, remedy }) => return Ok(Some((cause, remedy))),
            Err(MailFault::Later { cause }) if notice.attempt < PUT_OFF => {
                notice.not_before = now.plus(backoff::wait_after(notice.attempt + 4, self.random.as_ref()));
                notice.cause = Some(cause);
                notice.remedy = Some("It is tried again by itself.".to_owned());
            }
            Err(MailFault::Later { cause }) => {
                notice.state = NoticeState::Failed;
                notice.cause = Some(cause);
                notice.remedy = Some("Look at the mail server's log, then have it sent again.".to_owned());
            }
            Err(MailFault::Refused { cause, remedy }) => {
                notice.state = NoticeState::Failed;
                (notice.cause, notice.remedy) = (Some(cause), Some(remedy));
            }
        }
        let outcome = notice.state.as_str();
        metrics::counter!("certporter_notices_total", "outcome" => outcome).increment(1);
        let mut books = self.db.bookkeeping().await?;
        notices::settle(&mut books, &notice).await?;
        books.commit().await?;
        Ok(None)
    }
}
