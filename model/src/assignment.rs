//! Which groups a profile reaches.

use crate::macros::words;

words! {
    /// How an assignment counts.
    pub enum AssignmentMode("assignment mode") {
        /// Members get the profile's certificates.
        Include = "include",
        /// Members don't, whatever else includes them, be it the user or the device.
        Exclude = "exclude",
    }
}

words! {
    /// What can be a member of a group.
    pub enum MemberKind("member kind") {
        /// A user: reaches all of the user's devices.
        User = "user",
        /// A device.
        Device = "device",
        /// A group: its members are members.
        Group = "group",
    }
}

words! {
    /// Whose a certificate is: by a profile's key scope.
    pub enum HolderKind("holder kind") {
        /// One certificate for all of a user's devices.
        User = "user",
        /// One certificate for one device.
        Device = "device",
    }
}

words! {
    /// Where a user, group or membership came from.
    pub enum Source("source") {
        /// Made in the portal or by REST.
        Local = "local",
        /// Imported from a file.
        Import = "import",
        /// Kept in step with a directory.
        Directory = "directory",
    }
}
