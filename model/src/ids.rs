//! Identities: UUIDv7 (RFC 9562), one type for each kind of thing, so that one can't be passed for another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ParseError, Timestamp};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $what:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);
        crate::macros::text_schema!($name, Some("uuid"));

        impl $name {
            /// A new id from the time and ten random octets: ids sort by when they were made.
            #[must_use]
            pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(at.as_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// An id that was made before, as read from the database or a message.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The plain UUID.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self).map_err(|_| {
                    ParseError::new($what, "is a UUID such as 0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f")
                })
            }
        }
    )+};
}

ids! {
    /// A person who holds certificates.
    UserId = "user id",
    /// A group of users, devices and groups.
    GroupId = "group id",
    /// Something done to many certificates at once.
    BulkActionId = "bulk action id",
    /// A membership of a user, device or group in a group, with its validity.
    MembershipId = "membership id",
    /// A device.
    DeviceId = "device id",
    /// One enrolment of a device: the same hardware enrolling again is another.
    EnrolmentId = "enrolment id",
    /// A one-time enrolment code.
    EnrolmentCodeId = "enrolment code id",
    /// A certificate by which a device or connector authenticates to the portal.
    ManagementCertificateId = "management certificate id",
    /// A certificate profile, in all its versions.
    ProfileId = "profile id",
    /// An assignment of a profile to a group.
    AssignmentId = "assignment id",
    /// A request for a certificate.
    RequestId = "request id",
    /// A certificate.
    CertificateId = "certificate id",
    /// A certificate on a device for a feature.
    CopyId = "copy id",
    /// A sealed PFX for one copy and one management certificate.
    EnvelopeId = "envelope id",
    /// A file that is handed out by a one-time link.
    HandOutId = "hand-out id",
    /// A revocation, hold or release.
    RevocationId = "revocation id",
    /// A key in escrow.
    EscrowedKeyId = "escrowed key id",
    /// An issuing CA, in all its generations.
    CaId = "issuing CA id",
    /// One key and certificate of a CA.
    CaGenerationId = "CA generation id",
    /// One key of the key recovery agent.
    KraGenerationId = "KRA generation id",
    /// A connector.
    ConnectorId = "connector id",
    /// Somebody who signs in.
    AccountId = "account id",
    /// A way in which an account signs in.
    SignInIdentityId = "sign-in identity id",
    /// A one-time code from staff, with which a person signs in for a short while.
    SignInCodeId = "sign-in code id",
    /// A device or session that waits to be confirmed: the id of its enrolment, or of its sign-in code.
    ConfirmationId = "confirmation id",
    /// Something that a person is told about their own sign-ins and devices.
    SecurityEventId = "security event id",
    /// An API token.
    ApiTokenId = "API token id",
    /// A job in the queue.
    JobId = "job id",
    /// A large plan that waits for an administrator.
    ApprovalId = "approval id",
    /// An import of a file.
    ImportId = "import id",
    /// An event in the audit trail.
    AuditEventId = "audit event id",
    /// An event of a timeline.
    TimelineEventId = "timeline event id",
    /// A custom attribute of a user or device.
    AttributeId = "attribute id",
    /// A notice by e-mail.
    NoticeId = "notice id",
    /// A comparison of the portal with its CAs and devices.
    ReconciliationId = "reconciliation id",
    /// Something on which the portal and a CA or device disagree.
    DiscrepancyId = "discrepancy id",
    /// A test certificate through a connector and its CA.
    PreflightId = "preflight id",
    /// A running process of the portal.
    InstanceId = "instance id",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_are_version_7() {
        let early = UserId::new(Timestamp::from_millis(1_000), [0xff; 10]);
        let late = UserId::new(Timestamp::from_millis(2_000), [0; 10]);
        assert!(early < late);
        assert_eq!(early.as_uuid().get_version_num(), 7);
        assert_eq!(early.to_string().parse::<UserId>(), Ok(early));
    }

    #[test]
    fn an_id_that_is_not_one_says_what_would_be_right() {
        let error = "42".parse::<DeviceId>().unwrap_err();
        assert!(error.to_string().starts_with("device id is a UUID"));
    }
}
