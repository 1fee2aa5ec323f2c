//! What the address of the list holds: search, filter, order and place.

use std::time::Duration;

use certporter::service::ServiceError;
use certporter::service::certificates::CertificatesQuery;
use certporter_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::pages::asked::{present, word};

const DAY: Duration = Duration::from_secs(86_400);

/// What the address asks for. Everything as it was typed; empty for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// A number, or words.
    pub q: String,
    /// Only in this state.
    pub state: String,
    /// Only with this status, expired ones included.
    pub status: String,
    /// Only of this profile.
    pub profile: String,
    /// Only of this CA.
    pub ca: String,
    /// Only held or revoked for this reason.
    pub reason: String,
    /// Only those that expire on this day or later.
    pub from: String,
    /// Only those that expire on this day or before.
    pub until: String,
    /// Only those issued on this day, or from one day to another: `2026-01-01..2026-01-31`.
    pub issued: String,
    /// Only those whose revocation was asked for on this day, or from one day to another.
    pub revoked: String,
    /// Only of this user.
    pub user: String,
    /// Only of or on this device.
    pub device: String,
    /// Only with this place among those of the same holder and profile.
    pub standing: String,
    /// Only those whose copies are so.
    pub delivery: String,
    /// Only for devices of this platform.
    pub platform: String,
    /// Only those of members of this group.
    pub group: String,
    /// The order.
    pub sort: String,
    /// Where the page begins.
    pub after: String,
}

impl Filter {
    /// A filter without order and place, each part by its name in the address.
    pub fn of(part: impl Fn(&'static str) -> String) -> Self {
        Self {
            q: part("q"),
            state: part("state"),
            status: part("status"),
            profile: part("profile"),
            ca: part("ca"),
            reason: part("reason"),
            from: part("from"),
            until: part("until"),
            issued: part("issued"),
            revoked: part("revoked"),
            user: part("user"),
            device: part("device"),
            standing: part("standing"),
            delivery: part("delivery"),
            platform: part("platform"),
            group: part("group"),
            sort: String::new(),
            after: String::new(),
        }
    }

    /// The filter without order and place, by the names in the address.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &str); 16] {
        [
            ("q", &self.q),
            ("state", &self.state),
            ("status", &self.status),
            ("profile", &self.profile),
            ("ca", &self.ca),
            ("reason", &self.reason),
            ("from", &self.from),
            ("until", &self.until),
            ("issued", &self.issued),
            ("revoked", &self.revoked),
            ("user", &self.user),
            ("device", &self.device),
            ("standing", &self.standing),
            ("delivery", &self.delivery),
            ("platform", &self.platform),
            ("group", &self.group),
        ]
    }

    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, value)| value.is_empty())
    }

    /// The address of the page that begins at a cursor, with the same filter and order.
    #[must_use]
    pub fn page(&self, after: &str) -> String {
        self.address("/certificates", &self.sort, after)
    }

    /// The address of the list in another order, from its start.
    #[must_use]
    pub fn sorted(&self, sort: &str) -> String {
        self.address("/certificates", sort, "")
    }

    /// The address of the export of all of it.
    #[must_use]
    pub fn export(&self) -> String {
        self.address("/certificates.csv", &self.sort, "")
    }

    fn address(&self, path: &str, sort: &str, after: &str) -> String {
        let mut query = self.fields().to_vec();
        query.extend([("sort", sort), ("after", after)]);
        crate::pages::address(path, &query)
    }

    /// What the service is asked.
    ///
    /// # Errors
    /// When a part is not what it could be.
    pub fn query(&self) -> Result<CertificatesQuery, ServiceError> {
        let end_of = |day: &str| Ok::<_, ServiceError>(start_of(day)?.map(|at| at.plus(DAY)));
        let (issued, revoked) = (range(&self.issued), range(&self.revoked));
        Ok(CertificatesQuery {
            q: present(&self.q),
            state: word(&self.state)?,
            status: word(&self.status)?,
            profile: word(&self.profile)?,
            ca: word(&self.ca)?,
            reason: word(&self.reason)?,
            user: word(&self.user)?,
            device: word(&self.device)?,
            standing: word(&self.standing)?,
            delivery: word(&self.delivery)?,
            platform: word(&self.platform)?,
            group: word(&self.group)?,
            expires_from: start_of(&self.from)?,
            expires_before: end_of(&self.until)?,
            issued_from: start_of(issued.0)?,
            issued_before: end_of(issued.1)?,
            revoked_from: start_of(revoked.0)?,
            revoked_before: end_of(revoked.1)?,
            sort: word(&self.sort)?,
            cursor: present(&self.after),
            ..CertificatesQuery::default()
        })
    }
}

/// The first and the last of a range of days; of a single day, it twice.
fn range(days: &str) -> (&str, &str) {
    days.split_once("..").unwrap_or((days, days))
}

/// The start of a day in UTC, written as `2026-01-31`.
fn start_of(day: &str) -> Result<Option<Timestamp>, ServiceError> {
    let Some(day) = present(day) else { return Ok(None) };
    let at = format!("{}T00:00:00Z", day.trim()).parse();
    at.map(Some).map_err(|_| ServiceError::field("", "a day is written as 2026-01-31"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_range_is_within_it() {
        let filter = Filter { from: "2026-01-31".into(), until: "2026-01-31".into(), ..Filter::default() };
        let query = filter.query().unwrap();
        let (from, before) = (query.expires_from.unwrap(), query.expires_before.unwrap());
        assert_eq!(before.since(from), Duration::from_secs(86_400));
        assert_eq!(from.to_string(), "2026-01-31T00:00:00Z");
        let month = Filter { issued: "2026-01-01..2026-01-31".into(), ..Filter::default() };
        let query = month.query().unwrap();
        let (from, before) = (query.issued_from.unwrap(), query.issued_before.unwrap());
        assert_eq!(before.since(from), Duration::from_secs(31 * 86_400));
        let wrong = Filter { from: "31.1.2026".into(), ..Filter::default() };
        assert!(matches!(wrong.query(), Err(ServiceError::Invalid(_))));
    }

    #[test]
    fn no_part_is_forgotten_on_the_way() {
        for (name, value) in Filter::of(str::to_owned).fields() {
            assert_eq!(name, value);
        }
    }

    #[test]
    fn another_order_keeps_the_filter_and_begins_at_the_start() {
        let filter =
            Filter { q: "Åsa".into(), sort: "expiry".into(), after: "abc".into(), ..Filter::default() };
        assert_eq!(filter.sorted("-expiry"), "/certificates?q=%C3%85sa&sort=-expiry");
        assert_eq!(filter.page("def"), "/certificates?q=%C3%85sa&sort=expiry&after=def");
        assert_eq!(filter.export(), "/certificates.csv?q=%C3%85sa&sort=expiry");
    }
}
