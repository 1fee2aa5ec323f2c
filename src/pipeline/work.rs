//! What jobs are about, and how they are asked for.

use certporter_model::job::JobKind;
use certporter_model::text::Name;
use certporter_model::{
    BulkActionId, CaId, CertificateId, DeviceId, EscrowedKeyId, GroupId, ImportId, JobId, PreflightId,
    ProfileId, RequestId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::pki::digest;
use crate::random::{Random, octets};
use crate::store::jobs::{self, Job, NewJob};
use crate::store::{Bookkeeping, StoreError, WriteTx};

/// The pool of what the portal does itself.
pub const PORTAL: &str = "portal";

/// The pool of what the connectors of a profile's connector pool do.
#[must_use]
pub fn connector_pool(pool: &Name) -> String {
    format!("connector:{pool}")
}

/// A job: its kind, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// A connector takes the request to its CA.
    Request {
        /// The request.
        request: RequestId,
        /// The profile's connector pool.
        pool: Name,
    },
    /// The key of a request's certificate goes into escrow; its first copies are sealed and offered.
    Deliver {
        /// The request.
        request: RequestId,
    },
    /// The pending copies of a certificate are sealed and offered.
    Seal {
        /// The certificate.
        certificate: CertificateId,
    },
    /// A connector brings the latest revocation, hold or release of a certificate to its CA.
    Revoke {
        /// The certificate.
        certificate: CertificateId,
        /// The connector pool beside that CA.
        pool: Name,
    },
    /// A connector brings the latest revocations, holds and releases of many certificates to a CA that takes them
    /// together. What does not work for one of them becomes [`Revoke`](Self::Revoke).
    RevokeMany {
        /// The certificates.
        certificates: Vec<CertificateId>,
        /// The connector pool beside that CA.
        pool: Name,
    },
    /// The CA's CRLs are built and published.
    PublishCrl {
        /// The CA.
        ca: CaId,
    },
    /// A connector has a test certificate issued, checked and revoked.
    Preflight {
        /// The preflight.
        preflight: PreflightId,
        /// The connector pool.
        pool: Name,
    },
    /// The portal sees whether the CRL has the test certificate.
    ConcludePreflight {
        /// The preflight.
        preflight: PreflightId,
    },
    /// The built-in CA gets a new issuing key.
    RotateCa {
        /// The CA.
        ca: CaId,
        /// The number of the generation that it takes the place of: asked twice, it is done once.
        from: u32,
    },
    /// The key is destroyed.
    DestroyKey {
        /// The key.
        key: EscrowedKeyId,
    },
    /// The plan is made for a part of everything, and carried out if it takes something away; what only brings something
    /// becomes [`ReplanInTurn`](Self::ReplanInTurn).
    Replan {
        /// Which part.
        scope: ReplanScope,
    },
    /// The plan is made and carried out for a part of everything, after what delivers: it was found to take nothing away,
    /// or is of the ordinary course.
    ReplanInTurn {
        /// Which part.
        scope: ReplanScope,
    },
    /// Requests that failed or wait for this reason are tried again.
    Retry {
        /// Why they failed.
        cause: String,
        /// When it was asked for: what has changed since is left alone.
        asked_at: Timestamp,
        /// By whom.
        asked_by: String,
    },
    /// A part of what somebody does to many certificates at once.
    Bulk {
        /// What is done, and to which.
        action: BulkActionId,
    },
    /// A long file is checked, or a part of it written.
    Import {
        /// The import.
        import: ImportId,
    },
    /// What is to be told by e-mail is looked for.
    CollectNotices,
    /// Letters are brought to the mail server.
    SendNotices,
    /// The plan is made for everything.
    Sweep,
    /// The portal is compared with its CAs and devices, in parts.
    Reconcile,
    /// What is outdated is cleared away.
    Housekeeping,
}

/// A part of everything that the plan is made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum ReplanScope {
    /// A device and what it holds.
    Device {
        /// The device.
        id: DeviceId,
    },
    /// A user and the user's devices.
    User {
        /// The user.
        id: UserId,
    },
    /// Everybody whom a group reaches.
    Group {
        /// The group.
        id: GroupId,
    },
    /// Everybody whom a profile reaches.
    Profile {
        /// The profile.
        id: ProfileId,
    },
    /// These users and devices: a chunk of a plan that is too large for one transaction.
    Some {
        /// Users.
        users: Vec<UserId>,
        /// Devices.
        devices: Vec<DeviceId>,
    },
}

impl ReplanScope {
    /// How many holders are known to be in it.
    #[must_use]
    pub const fn holders(&self) -> usize {
        match self {
            Self::Some { users, devices } => users.len() + devices.len(),
            Self::Device { .. } | Self::User { .. } | Self::Group { .. } | Self::Profile { .. } => 1,
        }
    }

    /// A name for it, the same for the same scope.
    fn key(&self) -> String {
        match self {
            Self::Device { id } => format!("device:{id}"),
            Self::User { id } => format!("user:{id}"),
            Self::Group { id } => format!("group:{id}"),
            Self::Profile { id } => format!("profile:{id}"),
            Self::Some { users, devices } => match (users.first(), devices.first()) {
                (Some(user), _) => format!("from:user:{user}:{}", users.len() + devices.len()),
                (None, Some(device)) => format!("from:device:{device}:{}", devices.len()),
                (None, None) => "nobody".to_owned(),
            },
        }
    }
}

impl Work {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Request { .. } => JobKind::Request,
            Self::Deliver { .. } => JobKind::Deliver,
            Self::Seal { .. } => JobKind::Seal,
            Self::Revoke { .. } => JobKind::Revoke,
            Self::RevokeMany { .. } => JobKind::RevokeMany,
            Self::PublishCrl { .. } | Self::RotateCa { .. } => JobKind::PublishCrl,
            Self::Preflight { .. } | Self::ConcludePreflight { .. } => JobKind::Preflight,
            Self::DestroyKey { .. } => JobKind::DestroyKey,
            Self::Replan { .. } | Self::ReplanInTurn { .. } => JobKind::Replan,
            Self::Retry { .. } => JobKind::Retry,
            Self::Bulk { .. } => JobKind::Bulk,
            Self::Import { .. } => JobKind::Import,
            Self::CollectNotices | Self::SendNotices => JobKind::Notices,
            Self::Sweep => JobKind::Sweep,
            Self::Reconcile => JobKind::Reconcile,
            Self::Housekeeping => JobKind::Housekeeping,
        }
    }

    fn pool(&self) -> String {
        match self {
            Self::Request { pool, .. }
            | Self::Revoke { pool, .. }
            | Self::RevokeMany { pool, .. }
            | Self::Preflight { pool, .. } => connector_pool(pool),
            _ => PORTAL.to_owned(),
        }
    }

    /// The same work has the same key: it waits only once, and runs in one place at a time.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        match self {
            Self::Request { request, .. } | Self::Deliver { request } => request.to_string(),
            Self::Seal { certificate } | Self::Revoke { certificate, .. } => certificate.to_string(),
            Self::RevokeMany { certificates, .. } => {
                let ids: Vec<u8> = certificates.iter().flat_map(|id| id.as_uuid().into_bytes()).collect();
                digest::content_digest(&ids).to_string()
            }
            Self::PublishCrl { ca } => ca.to_string(),
            Self::RotateCa { ca, from } => format!("{ca} after {from}"),
            Self::Preflight { preflight, .. } => preflight.to_string(),
            Self::ConcludePreflight { preflight } => format!("{preflight} crl"),
            Self::DestroyKey { key } => key.to_string(),
            Self::Replan { scope } => scope.key(),
            // It must not stand in for one that may take something away.
            Self::ReplanInTurn { scope } => format!("in turn:{}", scope.key()),
            Self::Retry { cause, .. } => cause.clone(),
            Self::Bulk { action } => action.to_string(),
            Self::Import { import } => import.to_string(),
            Self::CollectNotices => "collect".to_owned(),
            Self::SendNotices => "send".to_owned(),
            Self::Sweep | Self::Reconcile | Self::Housekeeping => "all".to_owned(),
        }
    }

    /// What takes something away, or may, goes before what brings something, and both before what may wait. What a large
    /// change does is in jobs of its own ([`Replan`](Self::Replan), [`Bulk`](Self::Bulk)), and they are as urgent as the
    /// change: thousands of deliveries must not stand in the way of a block.
    const fn priority(&self) -> i64 {
        match self {
            Self::Revoke { .. } | Self::RevokeMany { .. } => 10,
            Self::PublishCrl { .. } | Self::RotateCa { .. } => 20,
            Self::Preflight { .. } | Self::ConcludePreflight { .. } => 25,
            Self::DestroyKey { .. } => 30,
            Self::Replan { .. } | Self::Bulk { .. } => 35,
            Self::Deliver { .. } | Self::Seal { .. } => 40,
            Self::Request { .. } => 50,
            Self::Import { .. } => 55,
            Self::ReplanInTurn { .. } => 60,
            Self::CollectNotices | Self::SendNotices => 65,
            Self::Retry { .. } => 70,
            Self::Sweep => 80,
            Self::Reconcile => 85,
            Self::Housekeeping => 90,
        }
    }

    /// What takes something away is never given up quickly.
    const fn max_attempts(&self) -> u32 {
        match self {
            Self::Revoke { .. } | Self::PublishCrl { .. } | Self::DestroyKey { .. } => 100,
            // Then each goes by itself.
            Self::RevokeMany { .. } => 5,
            Self::Preflight { .. } | Self::ConcludePreflight { .. } => 3,
            Self::RotateCa { .. } => 5,
            // Mail waits for as long as its server is away.
            Self::CollectNotices | Self::SendNotices => 1_000_000,
            Self::Request { .. } | Self::Deliver { .. } | Self::Seal { .. } => 12,
            Self::Replan { .. }
            | Self::ReplanInTurn { .. }
            | Self::Retry { .. }
            | Self::Bulk { .. }
            | Self::Import { .. }
            | Self::Sweep
            | Self::Reconcile
            | Self::Housekeeping => 20,
        }
    }

    fn job(&self, not_before: Timestamp, now: Timestamp, random: &dyn Random) -> Result<NewJob, StoreError> {
        let payload = serde_json::to_string(self).map_err(|e| StoreError::Other(e.to_string()))?;
        Ok(NewJob {
            id: JobId::new(now, octets(random)),
            kind: self.kind(),
            pool: self.pool(),
            dedup_key: self.dedup_key(),
            payload,
            priority: self.priority(),
            not_before,
            max_attempts: self.max_attempts(),
        })
    }

    /// Asks for it in the transaction that makes it necessary.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue(
        &self,
        tx: &mut WriteTx,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        Self::enqueue_all(std::slice::from_ref(self), tx, now, random).await
    }

    /// Asks for several, each about something else.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue_all(
        all: &[Self],
        tx: &mut WriteTx,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        let new: Result<Vec<NewJob>, StoreError> = all.iter().map(|it| it.job(now, now, random)).collect();
        jobs::enqueue(tx, &new?, now).await
    }

    /// The same, for later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue_at(
        &self,
        tx: &mut WriteTx,
        not_before: Timestamp,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        jobs::enqueue(tx, &[self.job(not_before, now, random)?], now).await
    }

    /// Asks for regular work of the portal's own: the sweep, housekeeping, the next CRL.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn schedule(
        &self,
        books: &mut Bookkeeping,
        not_before: Timestamp,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        jobs::schedule(books, &self.job(not_before, now, random)?, now).await
    }

    /// What a claimed job is about.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its payload can't be read.
    pub fn of(job: &Job) -> Result<Self, StoreError> {
        serde_json::from_str(&job.payload).map_err(|error| StoreError::Corrupt {
            table: "jobs",
            column: "payload",
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_reads_what_it_writes_and_names_itself() {
        let id: RequestId = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap();
        let work = Work::Request { request: id, pool: Name::parse("default").unwrap() };
        let json = serde_json::to_string(&work).unwrap();
        assert_eq!(serde_json::from_str::<Work>(&json).unwrap(), work);
        assert_eq!(work.pool(), "connector:default");
        assert_eq!(work.dedup_key(), id.to_string());
        let user = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap();
        let replan = Work::Replan { scope: ReplanScope::Some { users: vec![user], devices: vec![] } };
        let json = serde_json::to_string(&replan).unwrap();
        assert_eq!(serde_json::from_str::<Work>(&json).unwrap(), replan);
    }
}
