//! Every operation that somebody may ask of the portal, and the permission that it takes.
//!
//! A service function starts with the gate of its own operation, so the list is whole by construction, and
//! `tests/permissions/operations.golden` shows which role may do what. What answers 401, 403 and 404 is one policy:
//!
//! - nobody known is asking: 401, whatever was asked
//! - no role of the caller's has the permission: 403, whether or not the thing exists
//! - a role has it, but not for this person or device: 403 where the caller may at least see them, else 404
//! - nothing there: 404

use certporter_model::access::{Caller, Forbidden, Permission, Permit, Role, Scope, Visibility};

use super::error::ServiceError;

macro_rules! operations {
    ($($(#[$meta:meta])* $variant:ident = $name:literal: $permission:ident, seen by $sees:ident;)+) => {
        /// Something that somebody may ask of the portal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $($(#[$meta])* $variant),+ }

        impl Operation {
            /// Every operation, by area.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name: also the `operationId` of its route and the action in the audit trail.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it takes.
            #[must_use]
            pub const fn permission(self) -> Permission {
                match self { $(Self::$variant => Permission::$permission),+ }
            }

            /// What it takes to know that the thing exists.
            const fn sees(self) -> Permission {
                match self { $(Self::$variant => Permission::$sees),+ }
            }
        }
    };
}

operations! {
    /// List and search users.
    UsersList = "users.list": DirectoryRead, seen by DirectoryRead;
    /// Read one user.
    UsersGet = "users.get": DirectoryRead, seen by DirectoryRead;
    /// Read the timeline of a user.
    UsersTimeline = "users.timeline": DirectoryRead, seen by DirectoryRead;
    /// Read how far the revocations of a user's certificates are.
    UsersRevocations = "users.revocations": DirectoryRead, seen by DirectoryRead;
    /// Look people up, and note it.
    UsersLookUp = "users.look_up": DirectoryRead, seen by DirectoryRead;
    /// Read what is wrong with what a user holds, and how it stands on each device.
    UsersDiagnosis = "users.diagnosis": DeviceRead, seen by DeviceRead;
    /// Read what people, connectors, CAs and devices did about a user.
    UsersHistory = "users.history": DeviceRead, seen by DeviceRead;
    /// List the groups that a user is in.
    UsersGroups = "users.groups": DirectoryRead, seen by DirectoryRead;
    /// Read which profiles reach a user, and why.
    UsersProfiles = "users.profiles": DirectoryRead, seen by DirectoryRead;
    /// Create a user.
    UsersCreate = "users.create": DirectoryWrite, seen by DirectoryRead;
    /// Change what is known of a user.
    UsersUpdate = "users.update": DirectoryWrite, seen by DirectoryRead;
    /// Block a user: everything they hold goes on hold.
    UsersBlock = "users.block": UserBlock, seen by DirectoryRead;
    /// Lift a user's block.
    UsersUnblock = "users.unblock": UserBlock, seen by DirectoryRead;
    /// Disable a user: everything they hold is revoked.
    UsersDisable = "users.disable": DirectoryWrite, seen by DirectoryRead;
    /// Enable a disabled user again.
    UsersEnable = "users.enable": DirectoryWrite, seen by DirectoryRead;
    /// Delete a user.
    UsersDelete = "users.delete": DirectoryWrite, seen by DirectoryRead;
    /// Issue a one-time code with which a person signs in.
    SignInCodesIssue = "sign_in_codes.issue": SignInCodeIssue, seen by DirectoryRead;
    /// List what of a person's was opened with a code from staff and waits to be confirmed.
    ConfirmationsList = "confirmations.list": ConfirmationApprove, seen by DirectoryRead;
    /// Approve, as a second person, that it gets retained keys.
    ConfirmationsApprove = "confirmations.approve": ConfirmationApprove, seen by DirectoryRead;
    /// List groups.
    GroupsList = "groups.list": DirectoryRead, seen by DirectoryRead;
    /// Read one group.
    GroupsGet = "groups.get": DirectoryRead, seen by DirectoryRead;
    /// Create a group.
    GroupsCreate = "groups.create": DirectoryWrite, seen by DirectoryRead;
    /// Rename or describe a group.
    GroupsUpdate = "groups.update": DirectoryWrite, seen by DirectoryRead;
    /// Delete a group: its members leave it.
    GroupsDelete = "groups.delete": DirectoryWrite, seen by DirectoryRead;
    /// List the members of a group.
    GroupsMembersList = "groups.members.list": DirectoryRead, seen by DirectoryRead;
    /// Add a member to a group.
    GroupsMembersAdd = "groups.members.add": DirectoryWrite, seen by DirectoryRead;
    /// Take a member out of a group.
    GroupsMembersRemove = "groups.members.remove": DirectoryWrite, seen by DirectoryRead;
    /// List the profiles that are assigned to a group.
    GroupsAssignments = "groups.assignments": DirectoryRead, seen by DirectoryRead;
    /// List imports of CSV files.
    ImportsList = "imports.list": DirectoryWrite, seen by DirectoryWrite;
    /// Read one import: what was found and what follows.
    ImportsGet = "imports.get": DirectoryWrite, seen by DirectoryWrite;
    /// Check a CSV file: nothing is imported.
    ImportsCheck = "imports.check": DirectoryWrite, seen by DirectoryWrite;
    /// Carry an import out, as a whole.
    ImportsCarryOut = "imports.carry_out": DirectoryWrite, seen by DirectoryWrite;
    /// Discard an import that is not to be carried out.
    ImportsDiscard = "imports.discard": DirectoryWrite, seen by DirectoryWrite;
    /// List and search devices.
    DevicesList = "devices.list": DeviceRead, seen by DeviceRead;
    /// Read one device with its copies.
    DevicesGet = "devices.get": DeviceRead, seen by DeviceRead;
    /// Read the timeline of a device.
    DevicesTimeline = "devices.timeline": DeviceRead, seen by DeviceRead;
    /// List the groups that a device is in.
    DevicesGroups = "devices.groups": DeviceRead, seen by DeviceRead;
    /// Read which profiles reach a device, and why.
    DevicesProfiles = "devices.profiles": DeviceRead, seen by DeviceRead;
    /// Look a device up by itself, and note it.
    DevicesLookUp = "devices.look_up": DeviceRead, seen by DeviceRead;
    /// Read what is wrong with what a device holds, and how it stands there.
    DevicesDiagnosis = "devices.diagnosis": DeviceRead, seen by DeviceRead;
    /// Read what people, connectors, CAs and the device itself did about it.
    DevicesHistory = "devices.history": DeviceRead, seen by DeviceRead;
    /// Read why a device gets a profile's certificate, or not.
    DevicesWhy = "devices.why": DeviceRead, seen by DeviceRead;
    /// Have a copy on a device delivered again.
    CopiesDeliverAgain = "copies.deliver_again": CertificateReissue, seen by DeviceRead;
    /// Register a device.
    DevicesCreate = "devices.create": DeviceWrite, seen by DeviceRead;
    /// Change what is known of a device.
    DevicesUpdate = "devices.update": DeviceWrite, seen by DeviceRead;
    /// Issue a one-time enrolment code.
    DevicesCodesIssue = "devices.enrolment_codes.issue": EnrolmentCodeIssue, seen by DeviceRead;
    /// Retire a device.
    DevicesRetire = "devices.retire": DeviceRetire, seen by DeviceRead;
    /// Block a device.
    DevicesBlock = "devices.block": DeviceBlock, seen by DeviceRead;
    /// Lift a device's block.
    DevicesUnblock = "devices.unblock": DeviceBlock, seen by DeviceRead;
    /// Declare a device lost.
    DevicesLost = "devices.lost": DeviceLost, seen by DeviceRead;
    /// Note that a device was wiped.
    DevicesWiped = "devices.wiped": DeviceLost, seen by DeviceRead;
    /// Hand a device over to another person, or to nobody.
    DevicesHandOver = "devices.hand_over": DeviceWrite, seen by DeviceRead;
    /// Delete a device.
    DevicesDelete = "devices.delete": DeviceDelete, seen by DeviceRead;
    /// Read snippets for what uses the certificates on a device.
    DevicesSnippets = "devices.snippets": DeviceRead, seen by DeviceRead;
    /// List what waits to be handed out for a device, and what was.
    HandOutsList = "hand_outs.list": DeviceRead, seen by DeviceRead;
    /// Enrol a device over a channel without the agent.
    HandOutsChoose = "hand_outs.choose_channel": EnrolmentCodeIssue, seen by DeviceRead;
    /// Make a file with a certificate and its key, and a one-time link to it.
    HandOutsPrepare = "hand_outs.prepare": EnrolmentCodeIssue, seen by DeviceRead;
    /// Withdraw the links of a device that were not used.
    HandOutsWithdraw = "hand_outs.withdraw": EnrolmentCodeIssue, seen by DeviceRead;
    /// Fetch a file with its one-time link.
    HandOutsFetch = "hand_outs.fetch": OwnAccount, seen by OwnAccount;
    /// List profiles.
    ProfilesList = "profiles.list": ProfileRead, seen by ProfileRead;
    /// Read one profile.
    ProfilesGet = "profiles.get": ProfileRead, seen by ProfileRead;
    /// Read the versions of a profile.
    ProfilesVersions = "profiles.versions": ProfileRead, seen by ProfileRead;
    /// List the issuing CAs that a profile can name.
    ProfilesIssuingCas = "profiles.issuing_cas": ProfileRead, seen by ProfileRead;
    /// See what a profile would put into a certificate for somebody.
    ProfilesTry = "profiles.try": ProfileRead, seen by ProfileRead;
    /// Create a profile.
    ProfilesCreate = "profiles.create": ProfileWrite, seen by ProfileRead;
    /// Save a profile as a new version.
    ProfilesUpdate = "profiles.update": ProfileWrite, seen by ProfileRead;
    /// Delete a profile: what was issued from it is revoked.
    ProfilesDelete = "profiles.delete": ProfileWrite, seen by ProfileRead;
    /// List a profile's assignments.
    AssignmentsList = "assignments.list": ProfileRead, seen by ProfileRead;
    /// Assign a profile to a group, or exclude the group.
    AssignmentsCreate = "assignments.create": ProfileWrite, seen by ProfileRead;
    /// End an assignment.
    AssignmentsDelete = "assignments.delete": ProfileWrite, seen by ProfileRead;
    /// List requests.
    RequestsList = "requests.list": RequestRead, seen by RequestRead;
    /// Read one request.
    RequestsGet = "requests.get": RequestRead, seen by RequestRead;
    /// Read the timeline of a request.
    RequestsTimeline = "requests.timeline": RequestRead, seen by RequestRead;
    /// Count the requests at each step.
    RequestsPipeline = "requests.pipeline": RequestRead, seen by RequestRead;
    /// List why requests failed or wait.
    RequestsTroubles = "requests.troubles": RequestRead, seen by RequestRead;
    /// Try everything again that failed for the same reason.
    RequestsRetryAll = "requests.retry_all": RequestRetry, seen by RequestRead;
    /// Try a failed request again.
    RequestsRetry = "requests.retry": RequestRetry, seen by RequestRead;
    /// Cancel a request.
    RequestsCancel = "requests.cancel": RequestRetry, seen by RequestRead;
    /// List and search certificates.
    CertificatesList = "certificates.list": CertificateRead, seen by CertificateRead;
    /// Read one certificate with its copies and revocation.
    CertificatesGet = "certificates.get": CertificateRead, seen by CertificateRead;
    /// Read the timeline of a certificate.
    CertificatesTimeline = "certificates.timeline": CertificateRead, seen by CertificateRead;
    /// Read the proof of a certificate's revocation.
    CertificatesRevocation = "certificates.revocation": CertificateRead, seen by CertificateRead;
    /// Download the public part of a certificate.
    CertificatesDownload = "certificates.download": CertificateRead, seen by CertificateRead;
    /// Revoke a certificate.
    CertificatesRevoke = "certificates.revoke": CertificateRevoke, seen by CertificateRead;
    /// Have a certificate reissued.
    CertificatesReissue = "certificates.reissue": CertificateReissue, seen by CertificateRead;
    /// Export the certificates of a list as CSV.
    CertificatesExport = "certificates.export": CertificateRead, seen by CertificateRead;
    /// Revoke or reissue many certificates at once, and see how far that is.
    CertificatesBulk = "certificates.bulk": CertificateRevoke, seen by CertificateRead;
    /// List the plans that wait for an administrator.
    ApprovalsList = "approvals.list": PlanApprove, seen by PlanApprove;
    /// Read one plan that waits or was decided on.
    ApprovalsGet = "approvals.get": PlanApprove, seen by PlanApprove;
    /// Approve or refuse a plan that waits.
    ApprovalsDecide = "approvals.decide": PlanApprove, seen by PlanApprove;
    /// Read the audit trail.
    AuditList = "audit_events.list": AuditRead, seen by AuditRead;
    /// Read the trail's events as a file.
    AuditExport = "audit_events.export": AuditRead, seen by AuditRead;
    /// List issuing CAs and connectors, and how they are.
    AuthoritiesList = "authorities.list": AuthorityRead, seen by AuthorityRead;
    /// Read one issuing CA.
    AuthoritiesGet = "authorities.get": AuthorityRead, seen by AuthorityRead;
    /// Add an issuing CA that is not ours.
    AuthoritiesCreate = "authorities.create": AuthorityOperate, seen by AuthorityRead;
    /// Change the settings or the credential of a CA that was added.
    AuthoritiesUpdate = "authorities.update": AuthorityOperate, seen by AuthorityRead;
    /// Switch a CA that was added on.
    AuthoritiesEnable = "authorities.enable": AuthorityOperate, seen by AuthorityRead;
    /// Switch a CA that was added off.
    AuthoritiesDisable = "authorities.disable": AuthorityOperate, seen by AuthorityRead;
    /// Have the CRLs of the built-in CA published now.
    AuthoritiesPublish = "authorities.publish": AuthorityOperate, seen by AuthorityRead;
    /// Have a new issuing key made for the built-in CA.
    AuthoritiesRotate = "authorities.rotate": AuthorityOperate, seen by AuthorityRead;
    /// Have a test certificate issued, checked and revoked.
    PreflightsCreate = "preflights.create": AuthorityOperate, seen by AuthorityRead;
    /// Read how a preflight goes.
    PreflightsGet = "preflights.get": AuthorityRead, seen by AuthorityRead;
    /// List comparisons of the portal with its CAs and devices.
    ReconciliationsList = "reconciliations.list": AuthorityRead, seen by AuthorityRead;
    /// Read one comparison.
    ReconciliationsGet = "reconciliations.get": AuthorityRead, seen by AuthorityRead;
    /// Compare the portal with its CAs and devices now.
    ReconciliationsStart = "reconciliations.start": AuthorityOperate, seen by AuthorityRead;
    /// List what the portal disagrees about with its CAs and devices.
    DiscrepanciesList = "discrepancies.list": AuthorityRead, seen by AuthorityRead;
    /// Read one discrepancy.
    DiscrepanciesGet = "discrepancies.get": AuthorityRead, seen by AuthorityRead;
    /// Put a discrepancy away that somebody has looked at.
    DiscrepanciesDismiss = "discrepancies.dismiss": AuthorityOperate, seen by AuthorityRead;
    /// List a discrepancy again that was put away.
    DiscrepanciesRestore = "discrepancies.restore": AuthorityOperate, seen by AuthorityRead;
    /// Read what needs a hand, and the state of things.
    OverviewGet = "overview.get": CertificateRead, seen by CertificateRead;
    /// Read how the certificates of the fleet are, by profile, platform and group.
    ReportsHealth = "reports.health": CertificateRead, seen by CertificateRead;
    /// Export how the certificates of the fleet are.
    ReportsHealthExport = "reports.health.export": CertificateRead, seen by CertificateRead;
    /// Read who held what on a day.
    ReportsHeld = "reports.held": CertificateRead, seen by CertificateRead;
    /// Export who held what on a day.
    ReportsHeldExport = "reports.held.export": CertificateRead, seen by CertificateRead;
    /// Read how long certificates may be on hold.
    HoldsGet = "holds.get": SettingsManage, seen by SettingsManage;
    /// Set how long certificates may be on hold before they are revoked.
    HoldsUpdate = "holds.update": SettingsManage, seen by SettingsManage;
    /// Read how the portal is set up.
    SettingsGet = "settings.get": SettingsManage, seen by SettingsManage;
    /// Read how mail is set up.
    MailGet = "mail.get": SettingsManage, seen by SettingsManage;
    /// Set the mail server up.
    MailUpdate = "mail.update": SettingsManage, seen by SettingsManage;
    /// Send a test message.
    MailTest = "mail.test": SettingsManage, seen by SettingsManage;
    /// List the notices that were written, and how far each is.
    NoticesList = "notices.list": SettingsManage, seen by SettingsManage;
    /// Read one notice.
    NoticesGet = "notices.get": SettingsManage, seen by SettingsManage;
    /// Have a notice sent again.
    NoticesRetry = "notices.retry": SettingsManage, seen by SettingsManage;
    /// List what notices say, and which are sent.
    NoticeTemplatesList = "notice_templates.list": SettingsManage, seen by SettingsManage;
    /// Read what notices of a kind say.
    NoticeTemplatesGet = "notice_templates.get": SettingsManage, seen by SettingsManage;
    /// Change what notices of a kind say, or switch them on or off.
    NoticeTemplatesUpdate = "notice_templates.update": SettingsManage, seen by SettingsManage;
    /// See how a notice would look.
    NoticeTemplatesPreview = "notice_templates.preview": SettingsManage, seen by SettingsManage;
    /// List API tokens.
    TokensList = "tokens.list": TokenManage, seen by TokenManage;
    /// Create an API token.
    TokensCreate = "tokens.create": TokenManage, seen by TokenManage;
    /// End an API token.
    TokensRevoke = "tokens.revoke": TokenManage, seen by TokenManage;
    /// List accounts.
    AccountsList = "accounts.list": AccountManage, seen by AccountManage;
    /// Read one account.
    AccountsGet = "accounts.get": AccountManage, seen by AccountManage;
    /// Create an account.
    AccountsCreate = "accounts.create": AccountManage, seen by AccountManage;
    /// Change an account's name, roles or link, or disable it.
    AccountsUpdate = "accounts.update": AccountManage, seen by AccountManage;
    /// Set an account's password.
    AccountsSetPassword = "accounts.set_password": AccountManage, seen by AccountManage;
    /// Make a one-time link with which somebody chooses their account's password.
    AccountsInvite = "accounts.invite": AccountManage, seen by AccountManage;
    /// List an account's sessions.
    AccountsSessionsList = "accounts.sessions.list": AccountManage, seen by AccountManage;
    /// End an account's sessions.
    AccountsSessionsEnd = "accounts.sessions.end": AccountManage, seen by AccountManage;
    /// Delete an account.
    AccountsDelete = "accounts.delete": AccountManage, seen by AccountManage;
    /// Say who is asking, and what they may do.
    OwnRead = "own.get": OwnAccount, seen by OwnAccount;
    /// Sign in.
    OwnSignIn = "own.sign_in": OwnAccount, seen by OwnAccount;
    /// Sign in with a one-time code from staff.
    OwnSignInWithCode = "own.sign_in_with_code": OwnAccount, seen by OwnAccount;
    /// Sign out.
    OwnSignOut = "own.sign_out": OwnAccount, seen by OwnAccount;
    /// Change one's own password.
    OwnSetPassword = "own.set_password": OwnAccount, seen by OwnAccount;
    /// Choose one's own time zone.
    OwnSetTimeZone = "own.set_time_zone": OwnAccount, seen by OwnAccount;
    /// List one's own sessions.
    OwnSessionsList = "own.sessions.list": OwnAccount, seen by OwnAccount;
    /// End one of one's own sessions.
    OwnSessionsEnd = "own.sessions.end": OwnAccount, seen by OwnAccount;
    /// Add a device of one's own, and get the code with which it enrols.
    OwnDevicesAdd = "own.devices.add": EnrolmentCodeIssue, seen by DeviceRead;
    /// Remove a device of one's own.
    OwnDevicesRemove = "own.devices.remove": DeviceRetire, seen by DeviceRead;
    /// Report a device of one's own as lost: it is blocked at once.
    OwnDevicesReportLost = "own.devices.report_lost": DeviceLost, seen by DeviceRead;
    /// Lift the block of a device that one reported as lost oneself.
    OwnDevicesFound = "own.devices.found": DeviceLost, seen by DeviceRead;
    /// List what of one's own waits to be confirmed.
    OwnConfirmationsList = "own.confirmations.list": OwnAccount, seen by OwnAccount;
    /// Confirm with one's own password that a device or session is one's own.
    OwnConfirmationsConfirm = "own.confirmations.confirm": OwnAccount, seen by OwnAccount;
    /// Read what happened in one's name.
    OwnSecurityEventsList = "own.security_events.list": OwnAccount, seen by OwnAccount;
    /// Say that one has seen it.
    OwnSecurityEventsAcknowledge = "own.security_events.acknowledge": OwnAccount, seen by OwnAccount;
    /// End the codes with which one could sign in, and the sessions that they opened.
    OwnSignInCodesEnd = "own.sign_in_codes.end": OwnAccount, seen by OwnAccount;
    /// Become the first administrator with the one-time set-up link.
    SetupRedeem = "setup.redeem": OwnAccount, seen by OwnAccount;
    /// Choose one's password with a one-time link.
    InvitationRedeem = "invitation.redeem": OwnAccount, seen by OwnAccount;
    /// On the host: print a new one-time set-up link.
    HostSetupLink = "host.setup_link": SystemWork, seen by SystemWork;
    /// On the host: make an administrator.
    HostAdministrator = "host.administrator": SystemWork, seen by SystemWork;
    /// On the host: create an API token.
    HostToken = "host.token": SystemWork, seen by SystemWork;
}

impl Operation {
    /// Whether any role of the caller's could do it for somebody: asked before anything is looked up, so that a
    /// role that is too small learns nothing of what exists.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] when nobody known asks, [`ServiceError::Forbidden`] when no role has the
    /// permission.
    pub fn thinkable(self, caller: &Caller) -> Result<(), ServiceError> {
        let permission = self.permission();
        match caller.permitted(permission, &Scope::Own) {
            Ok(_) => Ok(()),
            Err(refused) => Err(refusal(caller, refused)),
        }
    }

    /// Passes the gate for the organisation as a whole.
    ///
    /// # Errors
    /// As [`Operation::thinkable`]; [`ServiceError::Forbidden`] also when the caller's role is limited.
    pub fn organisation(self, caller: &Caller) -> Result<Permit, ServiceError> {
        caller.permitted(self.permission(), &Scope::Organisation).map_err(|refused| refusal(caller, refused))
    }

    /// Passes the gate for the caller's own account.
    ///
    /// # Errors
    /// As [`Operation::thinkable`].
    pub fn own(self, caller: &Caller) -> Result<Permit, ServiceError> {
        caller.permitted(self.permission(), &Scope::Own).map_err(|refused| refusal(caller, refused))
    }

    /// Passes the gate for somebody's thing, `what` as the answer names it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the caller may not even see it, else [`ServiceError::Forbidden`].
    pub fn on(self, caller: &Caller, scope: &Scope, what: &'static str) -> Result<Permit, ServiceError> {
        self.thinkable(caller)?;
        caller.permitted(self.permission(), scope).map_err(|refused| {
            match caller.permitted(self.sees(), scope) {
                Ok(_) => ServiceError::Forbidden(refused),
                Err(_) => ServiceError::NotFound { what },
            }
        })
    }

    /// What of a list the caller may see.
    ///
    /// # Errors
    /// As [`Operation::thinkable`].
    pub fn visibility(self, caller: &Caller) -> Result<Visibility, ServiceError> {
        caller.visibility(self.permission()).map_err(|refused| refusal(caller, refused))
    }

    /// The roles that may do it, if only within their scope.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| role.has(self.permission()))
    }
}

fn refusal(caller: &Caller, refused: Forbidden) -> ServiceError {
    if matches!(caller.actor(), certporter_model::access::Actor::Anonymous) {
        ServiceError::Unauthenticated
    } else {
        ServiceError::Forbidden(refused)
    }
}

#[cfg(test)]
#[path = "operation_tests.rs"]
mod tests;
