//! How people say it.

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::feature::Feature;

/// What happened within this time happened just now.
const JUST_NOW: Duration = Duration::from_secs(10);

/// A span in the largest unit that says enough: "9 days".
pub(super) fn span(span: Duration) -> String {
    const UNITS: [(&str, u64); 4] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let seconds = span.as_secs();
    // A unit is used from twice its length on, so that the rounding never hides half of it.
    let (name, length) = UNITS.into_iter().find(|(_, length)| seconds >= 2 * length).unwrap_or(("second", 1));
    let count = seconds / length;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// "9 days ago", "in 2 hours".
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    if at > now {
        return format!("in {}", span(at.since(now)));
    }
    let past = now.since(at);
    if past < JUST_NOW { "just now".to_owned() } else { format!("{} ago", span(past)) }
}

/// What a certificate is for.
pub(super) const fn feature(feature: Feature) -> &'static str {
    match feature {
        Feature::Vpn => "VPN",
        Feature::Wifi => "Wi-Fi",
        Feature::Email => "e-mail",
        Feature::General => "general use",
    }
}

/// Several things in a sentence: "a, b and c".
pub(super) fn list(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A message as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
