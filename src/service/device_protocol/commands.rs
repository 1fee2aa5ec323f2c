//! The list of what a device shall do, by long poll.
//!
//! There is no queue of commands: the list is what follows from the copies' states at the moment, and its revision is a
//! digest of it. So a lost answer, a crash on either side or another process that answers next loses nothing, and a
//! command stays until the device has reported.

use std::time::Duration;

use certporter_model::copy::CopyState;
use sha2::{Digest as _, Sha256};

use super::contact::renew_at;
use super::{Contact, DeviceProtocol, ProtocolError, Standing};
use crate::store::Conn;
use crate::store::device_contacts::{self, DueCopy};
use crate::wire::device::{Command, CommandKind, Commands, MOST_COMMANDS, PollQuery, Revision, VERSION};
use crate::wire::octets::Octets;

/// How often it is looked whether something is still being made for a device that waits.
const PREPARING: Duration = Duration::from_secs(1);

/// The list without envelopes: what its revision is made of.
struct Due {
    copies: Vec<DueCopy>,
    renew: bool,
    more: bool,
    in_preparation: bool,
    revision: Revision,
}

impl DeviceProtocol {
    /// What the device shall do. Waits as long as the query says while that is what the device knows already.
    ///
    /// # Errors
    /// When the certificate stops to count while it waits, must be renewed first, or the database fails.
    pub async fn commands(&self, contact: &Contact, query: &PollQuery) -> Result<Commands, ProtocolError> {
        let waiter = self.wakes.listen(contact.device());
        self.note_contact(contact).await?;
        let deadline = tokio::time::sleep(query.wait());
        tokio::pin!(deadline);
        let mut last = false;
        loop {
            // Looked up after listening, and again at each wake: a block counts at once.
            let contact = self.contact(Some(contact.thumbprint), &contact.address).await?;
            if contact.standing == Standing::MustRenew {
                return Err(ProtocolError::RenewFirst);
            }
            let mut conn = self.db.read().await?;
            let due = self.due(&mut conn, &contact).await?;
            if last || self.wakes.is_closing() || query.after.as_ref() != Some(&due.revision) {
                return self.answer(&mut conn, due).await;
            }
            // A connection is never held while waiting.
            drop(conn);
            tokio::select! {
                () = waiter.woken() => {}
                // That nothing is being made any more is announced by nobody.
                () = tokio::time::sleep(PREPARING), if due.in_preparation => {}
                () = &mut deadline => last = true,
            }
        }
    }

    async fn due(&self, conn: &mut Conn, contact: &Contact) -> Result<Due, ProtocolError> {
        let row = &contact.row;
        let served = contact.standing == Standing::Served;
        // Asked first: what is finished between the two looks is among the copies then. The other way round it would be
        // in neither, and a device that ends when nothing is to come would end too early.
        let in_preparation =
            served && device_contacts::in_preparation(conn, row.device_id, row.owner_id).await?;
        let mut copies = device_contacts::due_copies(conn, row.device_id).await?;
        // What is left of an earlier enrolment is told to the present one too: it may be the same hardware. But an
        // envelope of an earlier enrolment can't be opened any more.
        copies.retain(|copy| match copy.state {
            CopyState::Removing => served || copy.enrolment_id == row.enrolment_id,
            _ => served && copy.sealed_for_enrolment == Some(row.enrolment_id),
        });
        let more = copies.len() > MOST_COMMANDS;
        copies.truncate(MOST_COMMANDS);
        let renew = served && self.clock.now() >= renew_at(row.not_before, row.not_after);
        let mut digest = Sha256::new();
        for copy in &copies {
            digest.update(copy.id.as_uuid().as_bytes());
            digest.update(copy.state.as_str());
            digest.update(copy.thumbprint.as_octets());
            digest.update(copy.envelope_id.map(|id| *id.as_uuid().as_bytes()).unwrap_or_default());
        }
        digest.update([u8::from(more), u8::from(renew), u8::from(in_preparation)]);
        let revision = Revision::from_digest(&digest.finalize().into());
        Ok(Due { copies, renew, more, in_preparation, revision })
    }

    async fn answer(&self, conn: &mut Conn, due: Due) -> Result<Commands, ProtocolError> {
        let mut commands = Vec::with_capacity(due.copies.len() + 1);
        if due.renew {
            commands.push(Command { id: "renew-management".to_owned(), kind: CommandKind::RenewManagement });
        }
        for copy in due.copies {
            commands.push(command(conn, copy).await?);
        }
        Ok(Commands {
            version: VERSION,
            revision: due.revision,
            commands,
            more: due.more,
            in_preparation: due.in_preparation,
            next_poll_seconds: 0,
        })
    }
}

async fn command(conn: &mut Conn, copy: DueCopy) -> Result<Command, ProtocolError> {
    let (Some(envelope), Some(sealed_for), CopyState::Offered) =
        (copy.envelope_id, copy.sealed_for, copy.state)
    else {
        let kind = CommandKind::Remove { copy: copy.id, thumbprint: copy.thumbprint };
        return Ok(Command { id: format!("remove-{}", copy.id), kind });
    };
    let cms = device_contacts::envelope(conn, envelope).await?;
    let kind = CommandKind::Install {
        copy: copy.id,
        profile: copy.profile_id,
        profile_name: copy.profile_name,
        feature: copy.feature,
        thumbprint: copy.thumbprint,
        decrypt_only: copy.purpose == "decrypt",
        sealed_for,
        envelope: Octets::new(cms).map_err(|error| ProtocolError::Internal(error.to_string()))?,
    };
    Ok(Command { id: format!("install-{envelope}"), kind })
}
