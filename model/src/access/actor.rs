//! Who is behind an action.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ApiTokenId, ConnectorId, DeviceId, UserId};

/// Who is behind an action, as the audit trail names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A part of the portal itself.
    System {
        /// Which part: "pipeline", "sweep".
        name: String,
    },
    /// Nobody yet: somebody who signs in, a device that enrols.
    Anonymous,
    /// Somebody who is signed in.
    Account {
        /// The account.
        id: AccountId,
        /// Its name at that time.
        name: String,
    },
    /// A person who signed in with a one-time code from staff, whether or not they have an account.
    Person {
        /// Who it is.
        id: UserId,
        /// What they were called at that time.
        name: String,
    },
    /// A program with a token.
    Token {
        /// The token.
        id: ApiTokenId,
        /// Its name at that time.
        name: String,
        /// Whose token it is.
        account: Option<AccountId>,
    },
    /// A device with its management certificate.
    Device {
        /// The device.
        id: DeviceId,
    },
    /// A connector.
    Connector {
        /// The connector.
        id: ConnectorId,
        /// Its name at that time.
        name: String,
    },
}

impl Actor {
    /// The account that answers for it: its own, or that of whoever made the token.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account { id, .. } => Some(*id),
            Self::Token { account, .. } => *account,
            _ => None,
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System { name } => write!(f, "system ({name})"),
            Self::Anonymous => f.write_str("nobody signed in"),
            Self::Account { name, .. } => f.write_str(name),
            Self::Person { name, .. } => write!(f, "{name} (with a code)"),
            Self::Token { name, .. } => write!(f, "token {name}"),
            Self::Device { id } => write!(f, "device {id}"),
            Self::Connector { name, .. } => write!(f, "connector {name}"),
        }
    }
}
