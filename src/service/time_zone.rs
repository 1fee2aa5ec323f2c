//! Time zones, in which people read times; everything is kept in UTC.

use std::time::Duration;

use certporter_model::Timestamp;

/// A time zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone {
    name: &'static str,
}

/// There is no such time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone of this name: choose one such as Europe/Berlin, or leave it empty for UTC")]
pub struct UnknownTimeZone;

impl TimeZone {
    /// The time zone of a name such as `Europe/Berlin`, whatever its case.
    ///
    /// # Errors
    /// When there is none.
    pub fn parse(name: &str) -> Result<Self, UnknownTimeZone> {
        let name =
            *tzdb::TZ_NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or(UnknownTimeZone)?;
        Ok(Self { name })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A moment as clocks there show it, as if it were UTC, and what the time is called there: `CEST`, `+03`.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> (Timestamp, String) {
        let zone = tzdb::tz_by_name(self.name);
        let known = zone.as_ref().and_then(|zone| zone.find_local_time_type(at.as_seconds()).ok());
        let Some(local) = known else { return (at, "UTC".to_owned()) };
        let offset = local.ut_offset();
        let span = Duration::from_secs(u64::from(offset.unsigned_abs()));
        let shown = if offset < 0 { at.minus(span) } else { at.plus(span) };
        (shown, local.time_zone_designation().to_owned())
    }

    /// The names that are offered: a continent or ocean and a place.
    pub fn offered() -> impl Iterator<Item = &'static str> {
        const AREAS: [&str; 10] = [
            "Africa/",
            "America/",
            "Antarctica/",
            "Arctic/",
            "Asia/",
            "Atlantic/",
            "Australia/",
            "Europe/",
            "Indian/",
            "Pacific/",
        ];
        let known = tzdb::TZ_NAMES.iter().copied();
        known.filter(|name| AREAS.iter().any(|area| name.starts_with(area)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_forward_in_summer() {
        let zone = TimeZone::parse("europe/berlin").unwrap();
        assert_eq!(zone.name(), "Europe/Berlin");
        // 2026-01-01T00:00:00Z and 2026-07-01T00:00:00Z
        let (winter, summer) =
            (Timestamp::from_seconds(1_767_225_600), Timestamp::from_seconds(1_782_864_000));
        assert_eq!(zone.local(winter), (winter.plus(Duration::from_secs(3_600)), "CET".to_owned()));
        assert_eq!(zone.local(summer), (summer.plus(Duration::from_secs(7_200)), "CEST".to_owned()));
        let west = TimeZone::parse("America/New_York").unwrap();
        assert_eq!(west.local(winter), (winter.minus(Duration::from_secs(5 * 3_600)), "EST".to_owned()));
    }

    #[test]
    fn a_place_that_is_none_is_none() {
        assert!(TimeZone::parse("Europe/Atlantis").is_err());
        assert!(TimeZone::offered().any(|name| name == "Asia/Kolkata"));
    }
}
