//! Moments: how long ago or ahead, with the exact time on hover.

use std::time::Duration;

use certporter::service::time_zone::TimeZone;
use certporter_model::Timestamp;
use leptos::prelude::*;

/// The present, in the context of every rendering.
#[derive(Clone, Copy)]
pub struct Now(pub Timestamp);

/// The time zone in which the reader reads times; UTC without one. In the context of every rendering.
#[derive(Clone, Copy)]
pub struct Zone(pub Option<TimeZone>);

/// A moment, relative to the present.
#[component]
pub fn Moment(
    /// The moment.
    at: Timestamp,
) -> AnyView {
    let now = use_context::<Now>().map_or(at, |now| now.0);
    view! { <time datetime=at.to_string() title=exact(at)>{relative(at, now)}</time> }.into_any()
}

/// A moment that may not have come yet.
#[component]
pub fn PerhapsMoment(
    /// The moment, if there is one.
    at: Option<Timestamp>,
    /// What to say otherwise.
    otherwise: &'static str,
) -> AnyView {
    match at {
        Some(at) => view! { <Moment at/> }.into_any(),
        None => view! { <span class="quiet">{otherwise}</span> }.into_any(),
    }
    .into_any()
}

/// The exact moment, in the reader's time zone.
#[must_use]
pub fn exact(at: Timestamp) -> String {
    let zone = use_context::<Zone>().and_then(|zone| zone.0);
    let (at, name) = zone.map_or_else(|| (at, "UTC".to_owned()), |zone| zone.local(at));
    let at = at.to_utc();
    let (date, time) = (at.date(), at.time());
    format!(
        "{} {} {}, {:02}:{:02}:{:02} {name}",
        date.day(),
        date.month(),
        date.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// How long ago or ahead, in the largest unit that says enough.
#[must_use]
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at > now;
    let span = if ahead { at.since(now) } else { now.since(at) };
    let seconds = span.as_secs();
    if seconds < 5 {
        return if ahead { "in a moment".to_owned() } else { "just now".to_owned() };
    }
    let text = largest_unit(seconds);
    if ahead { format!("in {text}") } else { format!("{text} ago") }
}

fn largest_unit(seconds: u64) -> String {
    const UNITS: [(&str, u64); 6] = [
        ("year", 31_556_952),
        ("month", 2_629_746),
        ("day", 86_400),
        ("hour", 3_600),
        ("minute", 60),
        ("second", 1),
    ];
    // A unit is used from twice its length on, so that the rounding never hides half of it.
    let (name, length) = UNITS.into_iter().find(|(_, length)| seconds >= 2 * length).unwrap_or(("second", 1));
    let count = seconds / length;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// How long something took.
#[must_use]
pub fn took(span: Duration) -> String {
    match span.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis @ 1_000..120_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        millis => largest_unit(u64::try_from(millis / 1_000).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_the_unit_that_says_enough() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let ago = |seconds| relative(now.minus(Duration::from_secs(seconds)), now);
        assert_eq!(ago(0), "just now");
        assert_eq!(ago(59), "59 seconds ago");
        assert_eq!(ago(119), "119 seconds ago");
        assert_eq!(ago(7_199), "119 minutes ago");
        assert_eq!(ago(3 * 86_400), "3 days ago");
        assert_eq!(relative(now.plus(Duration::from_secs(400 * 86_400)), now), "in 13 months");
    }

    #[test]
    fn the_exact_moment_is_in_utc_for_who_chose_nothing() {
        assert_eq!(exact(Timestamp::from_millis(1_763_803_800_123)), "22 November 2025, 09:30:00 UTC");
    }

    #[test]
    fn durations_keep_what_matters() {
        assert_eq!(took(Duration::from_millis(61)), "61 ms");
        assert_eq!(took(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(took(Duration::from_secs(3_600)), "60 minutes");
    }
}
