//! The helpdesk's one box: a name, an address, a number of a device or of a certificate. Whatever matches leads to a
//! person; the best match comes first.
//!
//! Whole names and the beginnings of names are looked up in the order of names, so that the best is found among very
//! many; parts of words by the lists' own searches. Certificates are asked when what was typed looks like a number of
//! one, or when nothing else is found: their search also knows the names of their holders.

use std::collections::{HashMap, HashSet};

use certporter_model::access::{Caller, Visibility};
use certporter_model::device::UserState;
use certporter_model::hardware::{Fqdn, HardwareSerial, Imei, MacAddress};
use certporter_model::{DeviceId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::service::certificates::{self, CertificatesQuery};
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::reference::{DeviceReference, UserReference};
use crate::store::devices::Device;
use crate::store::users::User;
use crate::store::{Conn, StoreError, fold, people};

/// People that are shown.
pub const SHOWN: usize = 20;
/// So many of a kind are read to choose the best from.
const CONSIDERED: u32 = 60;
/// The fewest characters by which devices and certificates are searched.
const SHORTEST: usize = 3;
/// The most characters of a search.
const LONGEST: usize = 200;

/// What is searched for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// A name, UPN or e-mail address, a device's name, serial number or IMEI, a certificate's serial number or
    /// thumbprint: whole or in part, with accents or without. At most 200 characters.
    pub q: String,
}

/// Who was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeopleFound {
    /// People, the best match first.
    pub people: Vec<PersonFound>,
    /// Devices that match and are nobody's, or of nobody whom the caller may see.
    pub devices: Vec<DeviceReference>,
    /// Whether there are more.
    pub more: bool,
    /// Whether it was too short to search devices and certificates by it.
    pub too_short: bool,
}

/// A person who was found, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonFound {
    /// The person.
    pub user: UserReference,
    /// Their UPN, or else their e-mail address.
    pub address: Option<String>,
    /// Whether they hold certificates.
    pub state: UserState,
    /// What matched: of them, of a device of theirs, of a certificate of theirs.
    pub matched: MatchedBy,
    /// Whether it is just what was typed, or the only number that begins so; not a part of it.
    pub exact: bool,
}

/// What matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchedBy {
    /// Which kind of name or number.
    pub kind: MatchKind,
    /// The name or number.
    pub text: String,
}

/// A kind of name or number that people are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// What they are called.
    Name,
    /// The name they sign in to the organisation with.
    UserName,
    /// Their user principal name.
    Upn,
    /// Their e-mail address.
    Email,
    /// A device's name.
    Device,
    /// A device's serial number.
    DeviceSerial,
    /// A device's IMEI.
    Imei,
    /// The address of a device's Wi-Fi interface, or its domain name.
    DeviceAddress,
    /// A certificate's serial number or thumbprint.
    Certificate,
    /// A name in a certificate.
    CertificateName,
}

/// Finds people whom the caller may see.
///
/// # Errors
/// When the caller may look nobody up, or the search is too long.
pub async fn find(
    portal: &Portal,
    caller: &Caller,
    query: &PeopleQuery,
) -> Result<PeopleFound, ServiceError> {
    let visibility = Operation::UsersLookUp.visibility(caller)?;
    // Whoever is found is looked at.
    Operation::UsersDiagnosis.thinkable(caller)?;
    let typed = query.q.trim();
    if typed.chars().count() > LONGEST {
        return Err(ServiceError::field("q", format!("a search has at most {LONGEST} characters")));
    }
    if fold(typed).is_empty() {
        return Ok(PeopleFound::default());
    }
    let mut conn = portal.db().read().await?;
    let may_devices = Operation::DevicesList.visibility(caller).ok();
    let mut search = Search::of(typed, &visibility, may_devices.as_ref());
    // Serial numbers of certificates have as many digits: an id is written with its hyphens.
    if let Some(id) = Uuid::try_parse(typed).ok().filter(|_| typed.contains('-')) {
        search.by_id(&mut conn, id).await?;
        return search.concluded(&mut conn).await;
    }
    search.users(&mut conn).await?;
    search.devices(&mut conn).await?;
    drop(conn);
    if search.wants_certificates() {
        search.certificates(portal, caller).await?;
    }
    let mut conn = portal.db().read().await?;
    search.concluded(&mut conn).await
}

/// How well something matches, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A name or number that is just what was typed, and of one alone.
    Exact,
    /// The name that they are called by.
    Name,
    /// A name that begins so.
    Beginning,
    /// A word of a name begins so.
    Word,
    /// A part of a name or number.
    Part,
}

/// A match, before it is known whether the caller may see the person.
struct Candidate {
    user: Option<UserId>,
    device: Option<DeviceReference>,
    rank: Rank,
    matched: MatchedBy,
}

struct Search<'s> {
    key: String,
    typed: &'s str,
    /// A number as it is kept, if what was typed may be one that was printed with spaces or dashes.
    number: Option<String>,
    visibility: &'s Visibility,
    may_devices: Option<&'s Visibility>,
    known: HashMap<UserId, User>,
    candidates: Vec<Candidate>,
    more: bool,
}

impl<'s> Search<'s> {
    fn of(typed: &'s str, visibility: &'s Visibility, may_devices: Option<&'s Visibility>) -> Self {
        let digits: String = typed.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | ':')).collect();
        let is_number = digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit()) && digits != typed;
        Self {
            key: fold(typed),
            typed,
            number: is_number.then_some(digits),
            visibility,
            may_devices,
            known: HashMap::new(),
            candidates: Vec::new(),
            more: false,
        }
    }

    fn is_short(&self) -> bool {
        self.key.split(' ').all(|word| word.chars().count() < SHORTEST)
    }

    /// Eight or more hexadecimal digits, however they are printed: a serial number or a thumbprint.
    fn is_hexadecimal(&self) -> bool {
        let plain = self.typed.trim_start_matches("0x");
        let digits = plain.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<Vec<_>>();
        digits.len() >= 8 && digits.iter().all(char::is_ascii_hexdigit)
    }

    fn wants_certificates(&self) -> bool {
        !self.is_short() && (self.candidates.is_empty() || self.is_hexadecimal())
    }

    /// How well a text matches; none if it doesn't.
    fn rank(&self, text: &str, whole: Rank) -> Option<Rank> {
        let text = fold(text);
        if text == self.key || self.number.as_ref() == Some(&text) {
            return Some(whole);
        }
        if text.starts_with(&self.key) {
            return Some(Rank::Beginning);
        }
        let begins_word =
            |word: &str| text.match_indices(word).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric));
        let mut words = self.key.split(' ');
        if words.clone().all(begins_word) {
            return Some(Rank::Word);
        }
        words.all(|word| text.contains(word)).then_some(Rank::Part)
    }

    /// The best of several names, the first among equals.
    fn best(&self, names: &[(MatchKind, Option<&str>, Rank)]) -> Option<(Rank, MatchedBy)> {
        let each = names.iter().filter_map(|(kind, text, whole)| {
            let text = (*text)?;
            Some((self.rank(text, *whole)?, MatchedBy { kind: *kind, text: text.to_owned() }))
        });
        each.min_by_key(|(rank, _)| *rank)
    }

    fn note_user(&mut self, user: User) {
        let found = self.best(&[
            (MatchKind::Name, Some(user.display_name.as_str()), Rank::Name),
            (MatchKind::UserName, Some(user.user_name.as_str()), Rank::Exact),
            (MatchKind::Upn, user.upn.as_ref().map(certporter_model::identity::Upn::as_str), Rank::Exact),
            (
                MatchKind::Email,
                user.email.as_ref().map(certporter_model::identity::Email::as_str),
                Rank::Exact,
            ),
        ]);
        // Its words are in several of them.
        let (rank, matched) = found.unwrap_or_else(|| {
            (Rank::Part, MatchedBy { kind: MatchKind::Name, text: user.display_name.to_string() })
        });
        self.candidates.push(Candidate { user: Some(user.id), device: None, rank, matched });
        self.known.insert(user.id, user);
    }

    fn note_device(&mut self, device: Device) {
        let found = self.best(&[
            (MatchKind::Device, Some(device.name.as_str()), Rank::Exact),
            (MatchKind::DeviceSerial, device.serial_number.as_ref().map(HardwareSerial::as_str), Rank::Exact),
            (MatchKind::Imei, device.imei.as_ref().map(Imei::as_str), Rank::Exact),
            (MatchKind::DeviceAddress, device.wifi_mac.as_ref().map(MacAddress::as_str), Rank::Exact),
            (MatchKind::DeviceAddress, device.fqdn.as_ref().map(Fqdn::as_str), Rank::Exact),
        ]);
        // Found by its owner's name: then the owner is found too.
        let Some((rank, matched)) = found else { return };
        let reference = DeviceReference { id: device.id, name: device.name.into() };
        self.candidates.push(Candidate { user: device.owner_id, device: Some(reference), rank, matched });
    }

    async fn by_id(&mut self, conn: &mut Conn, id: Uuid) -> Result<(), ServiceError> {
        let text = id.to_string();
        for user in people::seen_of(conn, self.visibility, &[UserId::from_uuid(id)]).await? {
            let matched = MatchedBy { kind: MatchKind::UserName, text: user.user_name.to_string() };
            self.candidates.push(Candidate { user: Some(user.id), device: None, rank: Rank::Exact, matched });
            self.known.insert(user.id, user);
        }
        if let Some(visibility) = self.may_devices {
            for device in people::seen_devices(conn, visibility, &[DeviceId::from_uuid(id)]).await? {
                let matched = MatchedBy { kind: MatchKind::Device, text: text.clone() };
                let reference = DeviceReference { id: device.id, name: device.name.into() };
                let (user, device) = (device.owner_id, Some(reference));
                self.candidates.push(Candidate { user, device, rank: Rank::Exact, matched });
            }
        }
        Ok(())
    }

    async fn users(&mut self, conn: &mut Conn) -> Result<(), ServiceError> {
        let mut found = people::called(conn, self.visibility, self.typed).await?;
        found.extend(people::beginning(conn, self.visibility, self.typed, CONSIDERED).await?);
        let enough = found.len() >= full();
        self.more |= enough;
        if !enough {
            let parts = people::having(conn, self.visibility, self.typed, CONSIDERED).await?;
            self.more |= parts.len() >= full();
            found.extend(parts);
        }
        for user in found {
            if !self.known.contains_key(&user.id) {
                self.note_user(user);
            }
        }
        Ok(())
    }

    async fn devices(&mut self, conn: &mut Conn) -> Result<(), ServiceError> {
        let Some(visibility) = self.may_devices.filter(|_| !self.is_short()) else { return Ok(()) };
        let mut found = people::devices_beginning(conn, visibility, self.typed, CONSIDERED).await?;
        let owners: HashSet<UserId> = found.iter().filter_map(|device| device.owner_id).collect();
        // More than are shown, and what has it somewhere else comes after them.
        let enough = found.len() >= full() && owners.len() > SHOWN;
        self.more |= enough;
        let asked = [Some(self.typed).filter(|_| !enough), self.number.as_deref()];
        for typed in asked.into_iter().flatten() {
            let parts = people::devices_having(conn, visibility, typed, CONSIDERED).await?;
            self.more |= parts.len() >= full();
            found.extend(parts);
        }
        let mut seen = Vec::new();
        for device in found {
            if !seen.contains(&device.id) {
                seen.push(device.id);
                self.note_device(device);
            }
        }
        Ok(())
    }

    async fn certificates(&mut self, portal: &Portal, caller: &Caller) -> Result<(), ServiceError> {
        let query = CertificatesQuery {
            q: Some(self.typed.to_owned()),
            limit: Some(CONSIDERED),
            ..CertificatesQuery::default()
        };
        let page = match certificates::list(portal, caller, &query).await {
            Ok(page) => page,
            Err(ServiceError::Forbidden(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.more |= page.next.is_some();
        let number = self.is_hexadecimal();
        // Their search knows devices' numbers too: what is found by those was found before.
        let alone = page.data.len() == 1 && self.candidates.is_empty();
        for it in page.data {
            let (kind, text) = if number {
                (MatchKind::Certificate, it.serial.to_string())
            } else {
                (MatchKind::CertificateName, it.subject)
            };
            let rank = if number && alone { Rank::Exact } else { Rank::Part };
            let user = it.user.map(|user| user.id);
            self.candidates.push(Candidate {
                user,
                device: it.device,
                rank,
                matched: MatchedBy { kind, text },
            });
        }
        Ok(())
    }

    /// Each person once, by what matches best; the best first.
    async fn concluded(mut self, conn: &mut Conn) -> Result<PeopleFound, ServiceError> {
        self.load(conn).await?;
        let too_short = self.is_short();
        let mut more = self.more;
        self.candidates.sort_by_key(|candidate| candidate.rank);
        let (mut people, mut devices): (Vec<(Rank, PersonFound)>, Vec<DeviceReference>) = Default::default();
        for candidate in self.candidates {
            let person = candidate.user.and_then(|id| self.known.get(&id));
            match (person, candidate.device) {
                (Some(user), _) if people.iter().any(|(_, known)| known.user.id == user.id) => {}
                (Some(user), _) => {
                    people.push((candidate.rank, shown(user, candidate.rank, candidate.matched)));
                }
                (None, Some(device)) if !devices.contains(&device) => devices.push(device),
                (None, _) => {}
            }
        }
        people.sort_by(|(rank, a), (other, b)| {
            let key = |it: &PersonFound| (fold(&it.user.display_name), it.user.id);
            rank.cmp(other).then_with(|| key(a).cmp(&key(b)))
        });
        more |= people.len() > SHOWN || devices.len() > SHOWN;
        people.truncate(SHOWN);
        devices.truncate(SHOWN);
        Ok(PeopleFound { people: people.into_iter().map(|(_, it)| it).collect(), devices, more, too_short })
    }

    /// Reads the people whose devices and certificates matched, as far as the caller may see them.
    async fn load(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let mut ids: Vec<UserId> = self.candidates.iter().filter_map(|candidate| candidate.user).collect();
        ids.retain(|id| !self.known.contains_key(id));
        ids.sort();
        ids.dedup();
        if !ids.is_empty() {
            let found = people::seen_of(conn, self.visibility, &ids).await?;
            self.known.extend(found.into_iter().map(|user| (user.id, user)));
        }
        Ok(())
    }
}

fn full() -> usize {
    usize::try_from(CONSIDERED).unwrap_or(usize::MAX)
}

fn shown(user: &User, rank: Rank, matched: MatchedBy) -> PersonFound {
    let address = user.upn.as_ref().map(ToString::to_string);
    PersonFound {
        user: UserReference {
            id: user.id,
            user_name: user.user_name.to_string(),
            display_name: user.display_name.to_string(),
        },
        address: address.or_else(|| user.email.as_ref().map(ToString::to_string)),
        state: user.state,
        matched,
        exact: rank <= Rank::Name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(typed: &str, text: &str) -> Option<Rank> {
        Search::of(typed, &Visibility::All, None).rank(text, Rank::Exact)
    }

    #[test]
    fn the_whole_comes_before_the_beginning_and_that_before_a_part() {
        assert_eq!(rank("åSA", "Asa"), Some(Rank::Exact));
        assert_eq!(rank("asa", "Åsa Ström"), Some(Rank::Beginning));
        assert_eq!(rank("strom", "Åsa Ström"), Some(Rank::Word));
        assert_eq!(rank("strom as", "Åsa Ström"), Some(Rank::Word));
        assert_eq!(rank("trom", "Åsa Ström"), Some(Rank::Part));
        assert_eq!(rank("trom x", "Åsa Ström"), None);
        assert_eq!(rank("35-209900-176148-1", "352099001761481"), Some(Rank::Exact));
    }

    #[test]
    fn a_number_of_a_certificate_is_known_by_its_digits() {
        let is = |typed| Search::of(typed, &Visibility::All, None).is_hexadecimal();
        assert!(is("4f:1d:09:b7:c2") && is("0x4F1D09B7") && is("4f1d 09b7"));
        assert!(!is("4f1d09") && !is("anna.berg"));
    }
}
