//! What a person is told about their own sign-ins and devices.

use crate::macros::words;

words! {
    /// What happened in a person's name that they must hear of, whoever did it.
    pub enum SecurityEventKind("security event") {
        /// Staff issued a one-time code to sign in with.
        SignInCodeIssued = "sign_in_code_issued",
        /// Somebody signed in with such a code.
        SignedInWithCode = "signed_in_with_code",
        /// Staff set the password of an account of theirs, made an invitation for it, or linked it to them.
        AccountChangedByStaff = "account_changed_by_staff",
        /// Staff, or a session opened with a code from staff, issued an enrolment code for a device of theirs.
        EnrolmentCodeIssued = "enrolment_code_issued",
        /// A device enrolled with such a code.
        DeviceEnrolled = "device_enrolled",
        /// A device that was enrolled already became theirs.
        DeviceHandedOver = "device_handed_over",
        /// A device was reported as lost.
        DeviceReportedLost = "device_reported_lost",
        /// A device or session may have retained keys from now on: confirmed with their own password.
        ConfirmedByPassword = "confirmed_by_password",
        /// A device or session may have retained keys from now on: confirmed on another device of theirs.
        ConfirmedByDevice = "confirmed_by_device",
        /// A device or session may have retained keys from now on: a second member of staff approved it.
        ApprovedBySecondPerson = "approved_by_second_person",
        /// A private key of theirs left escrow for somebody who is not known to be them: in a file, or by a recovery.
        KeyLeftEscrow = "key_left_escrow",
    }
}
