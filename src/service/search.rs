//! One box for everything: users, devices, certificates, profiles, groups. Each part is the area's own list, with its
//! gate and its visibility; here they are put beside one another, the best first.

use certporter_model::access::Caller;
use certporter_model::serial::SerialNumber;
use certporter_model::{CertificateId, DeviceId, GroupId, ProfileId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::certificates::{self, CertificatesQuery};
use super::devices::{self, DevicesQuery};
use super::error::ServiceError;
use super::groups::{self, GroupsQuery};
use super::operation::Operation;
use super::portal::Portal;
use super::profiles::{self, ProfilesQuery};
use super::users::{self, UsersQuery};
use crate::store::fold;

/// Hits of a kind that are shown; whoever wants more goes to the list.
pub const SHOWN: usize = 8;
/// The fewest characters by which users, devices and certificates are searched.
pub const SHORTEST: usize = 3;
/// The most characters of a search.
const LONGEST: usize = 200;

/// A kind of thing that is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person.
    User,
    /// A device.
    Device,
    /// A certificate.
    Certificate,
    /// A profile.
    Profile,
    /// A group.
    Group,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// What tells it from others of the same name.
    pub about: String,
    /// Whether what was searched for is one of its names or numbers, and not a part of one.
    pub exact: bool,
}

/// What was found of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// The kind.
    pub kind: Kind,
    /// The best of them.
    pub hits: Vec<Hit>,
    /// Whether there are more.
    pub more: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Results {
    /// By kind; kinds of which nothing was found are not there.
    pub found: Vec<Found>,
    /// The only one that is called exactly so.
    pub exact: Option<Hit>,
    /// Whether it was too short to search users, devices and certificates by it.
    pub too_short: bool,
}

/// Finds what the caller may see.
///
/// # Errors
/// When nobody known is asking, or the search is too long.
pub async fn find(portal: &Portal, caller: &Caller, text: &str) -> Result<Results, ServiceError> {
    Operation::OwnRead.own(caller)?;
    let text = text.trim();
    if text.chars().count() > LONGEST {
        return Err(ServiceError::field("q", format!("a search has at most {LONGEST} characters")));
    }
    if text.is_empty() {
        return Ok(Results::default());
    }
    if let Ok(id) = Uuid::try_parse(text) {
        let exact = by_id(portal, caller, id).await?;
        return Ok(Results { exact, ..Results::default() });
    }
    let too_short = text.split_whitespace().all(|word| fold(word).chars().count() < SHORTEST);
    let search = Search { portal, caller, text, key: fold(text) };
    let mut found = Vec::new();
    if !too_short {
        found.push(search.users().await?);
        found.push(search.devices().await?);
        found.push(search.certificates().await?);
    }
    found.push(search.profiles().await?);
    found.push(search.groups().await?);
    found.retain(|found| !found.hits.is_empty());
    let mut exact = found.iter().flat_map(|found| &found.hits).filter(|hit| hit.exact).cloned();
    let first = exact.next();
    let exact = if exact.next().is_none() { first } else { None };
    // A kind with something of exactly that name goes first; otherwise they stay in their order.
    found.sort_by_key(|found| !found.hits.iter().any(|hit| hit.exact));
    Ok(Results { found, exact, too_short })
}

struct Search<'s> {
    portal: &'s Portal,
    caller: &'s Caller,
    text: &'s str,
    key: String,
}

impl Search<'_> {
    fn q(&self) -> Option<String> {
        Some(self.text.to_owned())
    }

    fn limit() -> Option<u32> {
        u32::try_from(SHOWN + 1).ok()
    }

    /// One of its names is what was typed.
    fn is_exact(&self, names: &[Option<&str>]) -> bool {
        names.iter().flatten().any(|name| fold(name) == self.key)
    }

    /// The best of a list: called exactly so, then beginning so, then the others.
    fn best(&self, kind: Kind, mut hits: Vec<Hit>, next: bool) -> Found {
        let more = next || hits.len() > SHOWN;
        hits.sort_by_key(|hit| (!hit.exact, !fold(&hit.name).starts_with(&self.key)));
        hits.truncate(SHOWN);
        Found { kind, hits, more }
    }

    async fn users(&self) -> Result<Found, ServiceError> {
        let query = UsersQuery { q: self.q(), limit: Self::limit(), ..UsersQuery::default() };
        let Some(page) = allowed(users::list(self.portal, self.caller, &query).await)? else {
            return Ok(self.best(Kind::User, Vec::new(), false));
        };
        let hit = |user: users::UserView| Hit {
            kind: Kind::User,
            id: user.id.as_uuid(),
            exact: self.is_exact(&[
                Some(&user.user_name),
                Some(&user.display_name),
                user.upn.as_deref(),
                user.email.as_deref(),
            ]),
            about: user.upn.or(user.email).unwrap_or_else(|| user.user_name.clone()),
            name: user.display_name,
        };
        Ok(self.best(Kind::User, page.data.into_iter().map(hit).collect(), page.next.is_some()))
    }

    async fn devices(&self) -> Result<Found, ServiceError> {
        let query = DevicesQuery { q: self.q(), limit: Self::limit(), ..DevicesQuery::default() };
        let Some(page) = allowed(devices::list(self.portal, self.caller, &query).await)? else {
            return Ok(self.best(Kind::Device, Vec::new(), false));
        };
        let hit = |device: devices::DeviceSummary| Hit {
            kind: Kind::Device,
            id: device.id.as_uuid(),
            exact: self.is_exact(&[Some(&device.name), device.serial_number.as_deref()]),
            about: device.owner.map_or_else(|| "shared".to_owned(), |owner| owner.display_name),
            name: device.name,
        };
        Ok(self.best(Kind::Device, page.data.into_iter().map(hit).collect(), page.next.is_some()))
    }

    async fn certificates(&self) -> Result<Found, ServiceError> {
        let query = CertificatesQuery { q: self.q(), limit: Self::limit(), ..CertificatesQuery::default() };
        let Some(page) = allowed(certificates::list(self.portal, self.caller, &query).await)? else {
            return Ok(self.best(Kind::Certificate, Vec::new(), false));
        };
        let serial = SerialNumber::parse(self.text).ok();
        // A thumbprint is found by its digits, and no two have the same.
        let digits = self.text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>();
        let thumbprint = matches!(digits.len(), 40 | 64) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let decimal = digits.len() > 2 && digits.bytes().all(|b| b.is_ascii_digit());
        let alone = page.data.len() == 1 && page.next.is_none();
        let hit = |it: certificates::CertificateSummary| Hit {
            kind: Kind::Certificate,
            id: it.id.as_uuid(),
            exact: serial.as_ref() == Some(&it.serial) || (alone && (thumbprint || decimal)),
            about: it.serial.to_string(),
            name: it.subject,
        };
        Ok(self.best(Kind::Certificate, page.data.into_iter().map(hit).collect(), page.next.is_some()))
    }

    async fn profiles(&self) -> Result<Found, ServiceError> {
        let query = ProfilesQuery { q: self.q(), limit: Self::limit(), ..ProfilesQuery::default() };
        let Some(page) = allowed(profiles::list(self.portal, self.caller, &query).await)? else {
            return Ok(self.best(Kind::Profile, Vec::new(), false));
        };
        let hit = |profile: profiles::ProfileSummary| Hit {
            kind: Kind::Profile,
            id: profile.id.as_uuid(),
            exact: self.is_exact(&[Some(&profile.name)]),
            about: String::new(),
            name: profile.name,
        };
        Ok(self.best(Kind::Profile, page.data.into_iter().map(hit).collect(), page.next.is_some()))
    }

    async fn groups(&self) -> Result<Found, ServiceError> {
        let query = GroupsQuery { q: self.q(), limit: Self::limit(), ..GroupsQuery::default() };
        let Some(page) = allowed(groups::list(self.portal, self.caller, &query).await)? else {
            return Ok(self.best(Kind::Group, Vec::new(), false));
        };
        let hit = |group: groups::GroupView| Hit {
            kind: Kind::Group,
            id: group.id.as_uuid(),
            exact: self.is_exact(&[Some(&group.name)]),
            about: String::new(),
            name: group.name,
        };
        Ok(self.best(Kind::Group, page.data.into_iter().map(hit).collect(), page.next.is_some()))
    }
}

/// Whatever has this id, if the caller may see it.
async fn by_id(portal: &Portal, caller: &Caller, id: Uuid) -> Result<Option<Hit>, ServiceError> {
    let hit = |kind, name, about| Some(Hit { kind, id, name, about, exact: true });
    if let Some(user) = allowed(users::get(portal, caller, UserId::from_uuid(id)).await)? {
        return Ok(hit(Kind::User, user.display_name, user.user_name));
    }
    if let Some(view) = allowed(devices::get(portal, caller, DeviceId::from_uuid(id)).await)? {
        return Ok(hit(Kind::Device, view.device.name, String::new()));
    }
    if let Some(view) = allowed(certificates::get(portal, caller, CertificateId::from_uuid(id)).await)? {
        return Ok(hit(Kind::Certificate, view.certificate.subject, view.certificate.serial.to_string()));
    }
    if let Some(view) = allowed(profiles::get(portal, caller, ProfileId::from_uuid(id)).await)? {
        return Ok(hit(Kind::Profile, view.profile.name, String::new()));
    }
    if let Some(group) = allowed(groups::get(portal, caller, GroupId::from_uuid(id)).await)? {
        return Ok(hit(Kind::Group, group.name, String::new()));
    }
    Ok(None)
}

/// What is not the caller's to see is not found.
fn allowed<T>(answer: Result<T, ServiceError>) -> Result<Option<T>, ServiceError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ServiceError::Forbidden(_) | ServiceError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
