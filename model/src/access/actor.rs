//! Who is behind an action.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ApiTokenId, ConnectorId, DeviceId};

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

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System { name } => write!(f, "system ({name})"),
            Self::Anonymous => f.write_str("nobody signed in"),
            Self::Account { name, .. } => f.write_str(name),
            Self::Token { name, .. } => write!(f, "token {name}"),
            Self::Device { id } => write!(f, "device {id}"),
            Self::Connector { name, .. } => write!(f, "connector {name}"),
        }
    }
}
