//! The list of certificates: what is searched for, which are shown, in which order.

use std::str::FromStr;

use certporter_model::access::Caller;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::platform::Platform;
use certporter_model::revocation::Reason;
use certporter_model::{CaId, CertificateId, DeviceId, GroupId, ParseError, ProfileId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CertificateSummary, names, summary};
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::page::{Page, PageQuery};
use crate::service::portal::Portal;
use crate::store::certificate_search::{self, SortedBy};
use crate::store::certificates::{self as stored, CertificateFilter};

/// Which certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct CertificatesQuery {
    /// A serial number (hexadecimal with or without colons, or decimal) or thumbprint, whole or its first eight digits
    /// and more; or words of the subject, an alternative name, the user or the device, in part, without regard to
    /// accents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only this status, whether expired or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CertificateStatus>,
    /// Only in this state now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<CertificateState>,
    /// Only this standing among those of the same holder and profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Only held or revoked for this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Only of this profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    /// Only of this issuing CA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<CaId>,
    /// Only of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Only of or on this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Only those issued then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_from: Option<Timestamp>,
    /// Only those issued before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_before: Option<Timestamp>,
    /// Only those whose revocation was asked for then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_from: Option<Timestamp>,
    /// Only those whose revocation was asked for before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_before: Option<Timestamp>,
    /// Only those that expire then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_from: Option<Timestamp>,
    /// Only those that expire before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_before: Option<Timestamp>,
    /// Only those whose copies are so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<CertificateDelivery>,
    /// Only for devices of this platform; those that are a user's on all devices, if one is on such a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Only those whose user or device is in this group, or in one within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The order; the newest first when absent, or for those that expire the next to do so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<CertificateSort>,
    /// Where to start, as the page before said in `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident ($what:literal) { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word in an address.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                let found = Self::ALL.iter().copied().find(|it| it.as_str() == text);
                found.ok_or_else(|| ParseError::new($what, concat!("is one of " $(, $word, " ")+)))
            }
        }
    };
}

words! {
    /// How a certificate stands now, as people ask for it.
    CertificateState("state of a certificate") {
        /// Good.
        Valid = "valid",
        /// Good, and over before 30 days have passed.
        Expiring = "expiring",
        /// Good, current, and due to be renewed for more than a day.
        Overdue = "overdue",
        /// On hold.
        Held = "held",
        /// Revoked.
        Revoked = "revoked",
        /// Over, without having been revoked.
        Expired = "expired",
    }
}

words! {
    /// How far the copies of a certificate are, as people ask for it.
    CertificateDelivery("delivery of a certificate") {
        /// On its devices, as far as these can tell.
        Installed = "installed",
        /// On its way to a device.
        Pending = "pending",
        /// A device could not install it.
        Failing = "failing",
        /// On no device, and on its way to none.
        Nowhere = "nowhere",
    }
}

words! {
    /// The order of a list of certificates.
    CertificateSort("order") {
        /// The last issued first.
        Newest = "-issued",
        /// The first issued first.
        Oldest = "issued",
        /// The next to expire first.
        ExpiresFirst = "expiry",
        /// The last to expire first.
        ExpiresLast = "-expiry",
        /// By subject.
        Subject = "subject",
        /// By subject, backwards.
        SubjectBackwards = "-subject",
    }
}

impl From<CertificateState> for stored::CertificateState {
    fn from(state: CertificateState) -> Self {
        match state {
            CertificateState::Valid => Self::Valid,
            CertificateState::Expiring => Self::Expiring,
            CertificateState::Overdue => Self::Overdue,
            CertificateState::Held => Self::Held,
            CertificateState::Revoked => Self::Revoked,
            CertificateState::Expired => Self::Expired,
        }
    }
}

impl From<CertificateDelivery> for stored::Delivery {
    fn from(delivery: CertificateDelivery) -> Self {
        match delivery {
            CertificateDelivery::Installed => Self::Installed,
            CertificateDelivery::Pending => Self::Pending,
            CertificateDelivery::Failing => Self::Failing,
            CertificateDelivery::Nowhere => Self::Nowhere,
        }
    }
}

impl CertificateSort {
    pub(super) const fn by(self) -> SortedBy {
        match self {
            Self::Newest | Self::Oldest => SortedBy::Issue,
            Self::ExpiresFirst | Self::ExpiresLast => SortedBy::Expiry,
            Self::Subject | Self::SubjectBackwards => SortedBy::Subject,
        }
    }

    pub(super) const fn is_descending(self) -> bool {
        matches!(self, Self::Newest | Self::ExpiresLast | Self::SubjectBackwards)
    }
}

impl CertificatesQuery {
    /// The order of this list: as asked for, or as suits what is shown.
    #[must_use]
    pub fn order(&self) -> CertificateSort {
        self.sort.unwrap_or(match self.state {
            Some(CertificateState::Expiring | CertificateState::Overdue) => CertificateSort::ExpiresFirst,
            Some(CertificateState::Expired) => CertificateSort::ExpiresLast,
            _ => CertificateSort::Newest,
        })
    }

    pub(super) fn filter(&self, now: Timestamp) -> CertificateFilter {
        CertificateFilter {
            search: self.q.clone().filter(|q| !q.trim().is_empty()),
            status: self.status,
            standing: self.standing,
            profile: self.profile,
            user: self.user,
            device: self.device,
            state: self.state.map(|state| (state.into(), now)),
            reason: self.reason,
            ca: self.ca,
            issued_from: self.issued_from,
            issued_before: self.issued_before,
            revoked_from: self.revoked_from,
            revoked_before: self.revoked_before,
            expires_from: self.expires_from,
            expires_before: self.expires_before,
            delivery: self.delivery.map(Into::into),
            platform: self.platform,
            group: self.group,
        }
    }
}

/// Certificates that the caller may see.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &CertificatesQuery,
) -> Result<Page<CertificateSummary>, ServiceError> {
    let visibility = Operation::CertificatesList.visibility(caller)?;
    let order = query.order();
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.sorted(order.as_str())?;
    let filter = query.filter(portal.now());
    let mut conn = portal.db().read().await?;
    let wanted = bounds.store(order.is_descending(), CertificateId::from_uuid);
    let rows = certificate_search::find(&mut conn, &visibility, &filter, order.by(), &wanted).await?;
    let page = bounds.page(rows, |row| (order.by().key_of(row), row.id.as_uuid()));
    let names = names(&mut conn, &page.data).await?;
    Ok(page.map(|row| summary(&row, &names)))
}
