//! Roles, permissions, and which role has which.

use crate::macros::words;

words! {
    /// What somebody is here for.
    pub enum Role("role") {
        /// Everything but recovering keys.
        Administrator = "administrator",
        /// Profiles, certificates, requests, connectors and CAs.
        PkiOperator = "pki_operator",
        /// Looks people up, and acts on their devices and certificates. May be limited to groups.
        Helpdesk = "helpdesk",
        /// Asks for and approves the recovery of keys.
        RecoveryAgent = "recovery_agent",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
        /// Their own devices and certificates.
        User = "user",
    }
}

words! {
    /// A kind of operation that somebody may or may not do.
    pub enum Permission("permission") {
        /// Read users, groups and memberships.
        DirectoryRead = "directory_read",
        /// Create, change and delete users, groups and memberships.
        DirectoryWrite = "directory_write",
        /// Block and unblock a user.
        UserBlock = "user_block",
        /// Read devices and their copies.
        DeviceRead = "device_read",
        /// Register devices and change what is known of them.
        DeviceWrite = "device_write",
        /// Let a device have certificates: issue an enrolment code, or hand them out as files.
        EnrolmentCodeIssue = "enrolment_code_issue",
        /// Issue a one-time code with which a person signs in.
        SignInCodeIssue = "sign_in_code_issue",
        /// Approve, as a second person, that what was opened with a code from staff gets retained keys.
        ConfirmationApprove = "confirmation_approve",
        /// Retire a device.
        DeviceRetire = "device_retire",
        /// Block and unblock a device.
        DeviceBlock = "device_block",
        /// Declare a device lost, or note that it was wiped.
        DeviceLost = "device_lost",
        /// Delete a device.
        DeviceDelete = "device_delete",
        /// Read profiles and assignments.
        ProfileRead = "profile_read",
        /// Create, change and delete profiles and assignments.
        ProfileWrite = "profile_write",
        /// Read requests and their timelines.
        RequestRead = "request_read",
        /// Retry and cancel requests.
        RequestRetry = "request_retry",
        /// Read certificates; never their keys.
        CertificateRead = "certificate_read",
        /// Revoke certificates.
        CertificateRevoke = "certificate_revoke",
        /// Have certificates reissued.
        CertificateReissue = "certificate_reissue",
        /// Decide on large plans.
        PlanApprove = "plan_approve",
        /// Read connectors and CAs, and how they are.
        AuthorityRead = "authority_read",
        /// Publish CRLs; try a connector and its CA with a test certificate.
        AuthorityOperate = "authority_operate",
        /// Read the audit trail.
        AuditRead = "audit_read",
        /// Create and end API tokens.
        TokenManage = "token_manage",
        /// Create, change and delete accounts.
        AccountManage = "account_manage",
        /// Read and change settings, connectors and CAs.
        SettingsManage = "settings_manage",
        /// Ask for, approve and carry out the recovery of keys.
        KeyRecover = "key_recover",
        /// Sign in and out, and one's own password.
        OwnAccount = "own_account",
        /// A device's own business: enrol, fetch, report, renew.
        DeviceProtocol = "device_protocol",
        /// The portal's own work: plan, pipeline, publishing, sweep.
        SystemWork = "system_work",
    }
}

impl Role {
    /// Whether the role has the permission, if only within its scope.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Administrator => !matches!(permission, P::KeyRecover | P::DeviceProtocol | P::SystemWork),
            Self::PkiOperator => matches!(
                permission,
                P::DirectoryRead
                    | P::DeviceRead
                    | P::DeviceBlock
                    | P::ProfileRead
                    | P::ProfileWrite
                    | P::RequestRead
                    | P::RequestRetry
                    | P::CertificateRead
                    | P::CertificateRevoke
                    | P::CertificateReissue
                    | P::PlanApprove
                    | P::AuthorityRead
                    | P::AuthorityOperate
                    | P::AuditRead
                    | P::OwnAccount
            ),
            Self::Helpdesk => matches!(
                permission,
                P::DirectoryRead
                    | P::UserBlock
                    | P::DeviceRead
                    | P::DeviceWrite
                    | P::EnrolmentCodeIssue
                    | P::SignInCodeIssue
                    | P::ConfirmationApprove
                    | P::DeviceRetire
                    | P::DeviceBlock
                    | P::DeviceLost
                    | P::ProfileRead
                    | P::RequestRead
                    | P::RequestRetry
                    | P::CertificateRead
                    | P::CertificateRevoke
                    | P::CertificateReissue
                    | P::OwnAccount
            ),
            Self::RecoveryAgent => {
                matches!(permission, P::KeyRecover | P::CertificateRead | P::DirectoryRead | P::OwnAccount)
            }
            Self::Auditor => matches!(
                permission,
                P::DirectoryRead
                    | P::DeviceRead
                    | P::ProfileRead
                    | P::RequestRead
                    | P::CertificateRead
                    | P::AuthorityRead
                    | P::AuditRead
                    | P::OwnAccount
            ),
            Self::User => matches!(
                permission,
                P::DeviceRead
                    | P::EnrolmentCodeIssue
                    | P::DeviceRetire
                    | P::DeviceLost
                    | P::RequestRead
                    | P::CertificateRead
                    | P::CertificateRevoke
                    | P::CertificateReissue
                    | P::OwnAccount
            ),
        }
    }
}
