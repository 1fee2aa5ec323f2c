//! Which pages there are: every one that links, filters and orders lead to, as an administrator reaches them.
//!
//! One address stands for all that differ by an id, a day, a free text or a place in a list only.

use std::collections::{BTreeSet, VecDeque};

use super::super::CommandError;
use super::pages::Browser;

/// Searches as they are typed into lists: parts of names that a fleet has, with an accent and without, very short ones,
/// and words that nearly everything has, alone and with a filter that leaves little.
const TYPED: [&str; 20] = [
    "/search?q=mar",
    "/search?q=s%C3%B8ren",
    "/search?q=li",
    "/search?q=e",
    "/devices?q=lap",
    "/devices?q=windows",
    "/devices?q=l",
    "/devices?q=linux-09&state=retired",
    "/users?q=nguyen",
    "/users?q=m%C3%BC",
    "/users?q=a",
    "/users?q=example",
    "/certificates?q=mar",
    "/certificates?q=e",
    "/certificates?q=m%C3%BC&sort=expiry",
    "/certificates?q=example",
    "/certificates?q=example&sort=-subject",
    "/certificates?q=example&state=revoked",
    "/certificates?q=example&state=expiring&sort=subject",
    "/certificates?q=muller+smith&sort=expiry",
];

/// More would be a defect of the walk.
const MOST: usize = 600;

/// A page, and what to call it.
pub(super) struct Found {
    /// What it is called.
    pub(super) name: String,
    /// Where it is.
    pub(super) address: String,
}

impl Found {
    /// Its kind without filter and order.
    pub(super) fn path(&self) -> &str {
        self.name.split('?').next().unwrap_or_default()
    }
}

/// Every page that can be reached.
pub(super) async fn walk(browser: &Browser) -> Result<Vec<Found>, CommandError> {
    let mut waiting = VecDeque::from(["/".to_owned()]);
    waiting.extend(TYPED.map(str::to_owned));
    let mut known: BTreeSet<String> = waiting.iter().map(|address| name(address)).collect();
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    while let Some(address) = waiting.pop_front() {
        let text = match browser.text(&address).await {
            Ok(text) => text,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        for to in links(&text).chain(filters(&text)) {
            // What a filter and an order lead to stands for what more of them lead to.
            let goes_on = choices(&address) >= 2 && path(&to) == path(&address);
            if !goes_on && is_page(&to) && known.insert(name(&to)) {
                waiting.push_back(to);
            }
        }
        found.push(Found { name: name(&address), address });
        if found.len() > MOST {
            return Err(format!("more than {MOST} kinds of pages, such as {}", name(&waiting[0])).into());
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong.join("; ").into()) }
}

fn path(address: &str) -> &str {
    address.split('?').next().unwrap_or_default()
}

/// How many filters and orders an address has, its place in a list apart.
fn choices(address: &str) -> usize {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let chosen = query.split('&').filter_map(|pair| pair.split_once('='));
    chosen.filter(|(field, value)| !value.is_empty() && !matches!(*field, "after" | "cursor")).count()
}

/// Where a page links to, within the portal.
fn links(page: &str) -> impl Iterator<Item = String> + '_ {
    let attributes = page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    attributes.filter(|to| to.starts_with('/') && !to.starts_with("//")).map(|to| {
        let to = to.replace("&amp;", "&");
        to.split('#').next().unwrap_or_default().to_owned()
    })
}

/// Where the choices of a page's filters lead, one at a time.
fn filters(page: &str) -> impl Iterator<Item = String> + '_ {
    page.split("<form").skip(1).flat_map(|rest| {
        let form = rest.split("</form>").next().unwrap_or_default();
        let head = form.split('>').next().unwrap_or_default();
        let action = (head.contains("method=\"get\"")).then(|| after(head, "action=\"")).flatten();
        let chosen = action.into_iter().flat_map(move |action| {
            form.split("<select").skip(1).flat_map(move |rest| {
                let select = rest.split("</select>").next().unwrap_or_default();
                let field = after(select, "name=\"").unwrap_or_default();
                let values = select.split("<option").skip(1).filter_map(|rest| after(rest, "value=\""));
                values
                    .filter(|value| !value.is_empty())
                    .map(move |value| format!("{action}?{field}={}", value.replace(' ', "%20")))
            })
        });
        chosen.collect::<Vec<_>>()
    })
}

/// The value of the first such attribute.
fn after<'t>(text: &'t str, attribute: &str) -> Option<&'t str> {
    text.split(attribute).nth(1)?.split('"').next()
}

/// Not files, streams of events, or what is only said to be downloaded; nor what works out consequences, which takes as
/// long as they are many.
fn is_page(address: &str) -> bool {
    let path = path(address);
    let file =
        [".csv", ".json", ".crl", ".cer", ".pem", ".der", ".xml"].iter().any(|end| path.ends_with(end));
    let part =
        path.split('/').any(|part| ["download", "events", "export", "pkg", "files", "api"].contains(&part));
    !file && !part && !path.ends_with("/delete")
}

/// What stands for all addresses that differ by an id, a day, a free text or a place only.
fn name(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let path: Vec<&str> = path.split('/').map(in_path).collect();
    let mut pairs: Vec<String> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| match field {
            "after" | "cursor" => "after".to_owned(),
            "q" => format!("q={value}"),
            _ => format!("{field}={}", in_query(value)),
        })
        .collect();
    pairs.sort();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    format!("{}{query}", path.join("/"))
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|one| one.is_ascii_hexdigit() || one == '-')
}

fn in_path(part: &str) -> &str {
    match part {
        part if is_id(part) => "ID",
        part if !part.is_empty() && part.chars().all(|one| one.is_ascii_digit()) => "N",
        part => part,
    }
}

fn in_query(value: &str) -> &str {
    let is_word = value.chars().all(|one| one.is_ascii_lowercase() || "-_.".contains(one));
    if is_id(value) {
        "ID"
    } else if is_word {
        value
    } else {
        "*"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_stands_for_its_like() {
        let id = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f";
        assert_eq!(
            name(&format!("/certificates?sort=-expiry&state=valid&profile={id}&q=&after=abc")),
            "/certificates?after&profile=ID&sort=-expiry&state=valid"
        );
        assert_eq!(name(&format!("/profiles/{id}/versions/3")), "/profiles/ID/versions/N");
        assert_eq!(name("/audit?from=2026-01-31&action=users.create"), "/audit?action=users.create&from=*");
    }

    #[test]
    fn links_and_choices_are_found() {
        let page = "<a class=\"x\" href=\"/users?state=a&amp;q=1#top\">u</a><a href=\"https://elsewhere/\">e</a>\
            <form class=\"filters\" method=\"get\" action=\"/devices\" role=\"search\"><select class=\"select\" name=\"state\">\
            <option value=\"\">All</option><option value=\"retired\" selected>R</option></select></form>\
            <form method=\"post\" action=\"/x\"><select name=\"y\"><option value=\"z\">Z</option></select></form>";
        assert_eq!(links(page).collect::<Vec<_>>(), ["/users?state=a&q=1"]);
        assert_eq!(filters(page).collect::<Vec<_>>(), ["/devices?state=retired"]);
        assert_eq!((choices("/devices?q=&state=a&sort=-b&after=c"), choices("/devices")), (2, 0));
        assert!(!is_page("/certificates.csv?q=a") && !is_page("/devices/1/events") && is_page("/audit"));
    }
}
