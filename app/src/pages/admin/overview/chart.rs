//! Issued and revoked per day: bars drawn by the server, and the same as a table.

use certporter::service::overview::DayCount;
use certporter_model::Timestamp;
use leptos::prelude::*;

use super::number;
use crate::pages::address;
use crate::ui::facts::Section;
use crate::ui::table::Table;

/// The drawing's size, in its own units.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 160;
/// The width of a day's name.
const NAME: u64 = 44;
/// Below the bars: the days.
const FOOT: u64 = 20;
/// The height of the smallest bar that is there at all.
const LEAST: u64 = 2;

/// The section.
pub(super) fn section(days: Vec<DayCount>) -> AnyView {
    let (issued, revoked) =
        days.iter().fold((0, 0), |(issued, revoked), day| (issued + day.issued, revoked + day.revoked));
    let label = format!(
        "{} certificates issued and {} revoked in {} days; the table below has the numbers",
        number(issued),
        number(revoked),
        days.len()
    );
    let span =
        days.first().zip(days.last()).map(|(first, last)| format!("{}..{}", date(first.day), date(last.day)));
    let within = |what| address("/certificates", &[(what, span.as_deref().unwrap_or_default())]);
    let (of_issued, of_revoked) = (within("issued"), within("revoked"));
    view! {
        <Section title="Issued and revoked per day">
            <figure class="chart">
                <figcaption>
                    <a class="key issued" href=of_issued>
                        {format!("{} issued", number(issued))}
                    </a>
                    <a class="key revoked" href=of_revoked>
                        {format!("{} revoked", number(revoked))}
                    </a>
                    <span class="quiet">{format!("in the last {} days (UTC)", days.len())}</span>
                </figcaption>
                {drawing(&days, label)}
                <p class="ends quiet" aria-hidden="true">
                    <span>{days.first().map(|day| short(day.day))}</span>
                    <span>{days.last().map(|day| short(day.day))}</span>
                </p>
            </figure>
            <details class="behind">
                <summary>"As a table"</summary>
                <Table label="Issued and revoked per day" columns=&["Day", "Issued", "Revoked"]>
                    {days.into_iter().rev().map(row).collect_view()}
                </Table>
            </details>
        </Section>
    }
    .into_any()
}

/// The height of a bar.
fn height(count: u64, most: u64) -> u64 {
    match count {
        0 => 0,
        _ => (count * (HEIGHT - FOOT) / most.max(1)).max(LEAST),
    }
}

fn drawing(days: &[DayCount], label: String) -> AnyView {
    let most = days.iter().map(|day| day.issued.max(day.revoked)).max().unwrap_or(0);
    let step = WIDTH / u64::try_from(days.len()).unwrap_or(1).max(1);
    let base = HEIGHT - FOOT;
    let bars = days
        .iter()
        .zip(0_u64..)
        .map(|(day, place)| {
            let (left, half) = (place * step, step * 2 / 5);
            let bar = |count, x, class| {
                let tall = height(count, most);
                view! { <rect class=class x=x y=base - tall width=half height=tall rx="1"></rect> }
            };
            let told =
                format!("{}: {} issued, {} revoked", date(day.day), number(day.issued), number(day.revoked));
            let shown = place % 7 == 1;
            view! {
                <g>
                    <title>{told}</title>
                    {bar(day.issued, left + step / 10, "issued")}
                    {bar(day.revoked, left + step / 10 + half, "revoked")}
                    {shown
                        .then(|| {
                            view! {
                                // The last one ends with the drawing.
                                <text x=(left + step / 10).min(WIDTH - NAME) y=HEIGHT - 5>
                                    {short(day.day)}
                                </text>
                            }
                        })}
                </g>
            }
        })
        .collect_view();
    view! {
        <svg
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            preserveAspectRatio="none"
            role="img"
            aria-label=label
        >
            <line x1="0" x2=WIDTH y1=base y2=base></line>
            {bars}
        </svg>
    }
    .into_any()
}

fn row(day: DayCount) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <time datetime=date(day.day)>{date(day.day)}</time>
            </td>
            <td data-label="Issued">{linked(day.issued, "issued", day.day)}</td>
            <td data-label="Revoked">{linked(day.revoked, "revoked", day.day)}</td>
        </tr>
    }
    .into_any()
}

/// A number that leads to the certificates it counts.
fn linked(count: u64, what: &'static str, day: Timestamp) -> AnyView {
    if count == 0 {
        return view! { <span class="quiet">"0"</span> }.into_any();
    }
    let address = address("/certificates", &[(what, &date(day))]);
    view! { <a href=address>{number(count)}</a> }.into_any()
}

/// A day as in ISO 8601.
fn date(day: Timestamp) -> String {
    let date = day.to_utc().date();
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// A day below a bar.
fn short(day: Timestamp) -> String {
    let date = day.to_utc().date();
    let month = date.month().to_string();
    format!("{} {}", date.day(), month.get(..3).unwrap_or(&month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_one_among_very_many_is_seen() {
        assert_eq!(height(0, 1_000_000), 0);
        assert_eq!(height(1, 1_000_000), LEAST);
        assert_eq!(height(1_000_000, 1_000_000), HEIGHT - FOOT);
        assert_eq!(height(0, 0), 0);
    }

    #[test]
    fn days_are_written_as_in_addresses() {
        assert_eq!(date(Timestamp::from_seconds(1_767_225_600)), "2026-01-01");
        assert_eq!(short(Timestamp::from_seconds(1_767_225_600)), "1 Jan");
    }
}
