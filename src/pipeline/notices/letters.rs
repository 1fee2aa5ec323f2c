//! How matters are told: many in one letter, the same ones counted, and no more of them than one reads.

use certporter_model::notice::NoticeKind;

use super::candidates::Matter;
use crate::mail::Values;

/// Lines of a letter; what is beyond is counted.
const LINES: usize = 20;

/// The values of a letter about these matters. `person` is the user name and the display name of whom it goes to.
#[must_use]
pub fn values(kind: NoticeKind, matters: &[Matter], portal: &str, person: Option<(&str, &str)>) -> Values {
    let count = u64::try_from(matters.len()).unwrap_or(u64::MAX);
    let (one, many) = nouns(kind);
    let (user_name, display_name) = person.unwrap_or_default();
    Values {
        count,
        what: format!("{count} {}", if count == 1 { one } else { many }),
        list: list(matters),
        link: format!("{}{}", portal.trim_end_matches('/'), link(kind)),
        portal: portal.to_owned(),
        user_name: user_name.to_owned(),
        display_name: display_name.to_owned(),
    }
}

fn list(matters: &[Matter]) -> String {
    let mut lines: Vec<(&str, usize)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for matter in matters {
        let place = *places.entry(matter.line.as_str()).or_insert_with(|| {
            lines.push((&matter.line, 0));
            lines.len() - 1
        });
        if let Some((_, count)) = lines.get_mut(place) {
            *count += 1;
        }
    }
    let told: usize = lines.iter().take(LINES).map(|(_, count)| count).sum();
    let mut text: Vec<String> = lines
        .iter()
        .take(LINES)
        .map(
            |(line, count)| if *count > 1 { format!("- {count} times: {line}") } else { format!("- {line}") },
        )
        .collect();
    if told < matters.len() {
        text.push(format!("- and {} more", matters.len() - told));
    }
    text.join("\n")
}

const fn nouns(kind: NoticeKind) -> (&'static str, &'static str) {
    match kind {
        NoticeKind::Expiring | NoticeKind::Replacement | NoticeKind::Revoked => {
            ("certificate", "certificates")
        }
        NoticeKind::RequestsFailing => ("request", "requests"),
        NoticeKind::CrlTrouble => ("CRL", "CRLs"),
        NoticeKind::KeyHandedOut | NoticeKind::KeyRecovered => ("key", "keys"),
        NoticeKind::SignInCode | NoticeKind::EnrolledByStaff => ("event", "events"),
    }
}

const fn link(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Expiring => "/certificates?state=expiring",
        NoticeKind::RequestsFailing => "/requests/troubles",
        NoticeKind::CrlTrouble => "/authorities",
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter(line: &str) -> Matter {
        Matter { key: line.to_owned(), user: None, line: line.to_owned() }
    }

    #[test]
    fn many_matters_make_one_letter_that_can_be_read() {
        let matters: Vec<Matter> = (0..500).map(|n| matter(&format!("certificate {n}"))).collect();
        let values = values(NoticeKind::Expiring, &matters, "https://portal.example.org/", None);
        assert_eq!(values.what, "500 certificates");
        assert_eq!(values.list.lines().count(), 21);
        assert!(values.list.ends_with("- and 480 more"));
        assert_eq!(values.link, "https://portal.example.org/certificates?state=expiring");
    }

    #[test]
    fn what_reads_alike_is_counted() {
        let matters = [matter("the CA is away"), matter("no e-mail"), matter("the CA is away")];
        let values = values(NoticeKind::RequestsFailing, &matters, "https://x", None);
        assert_eq!(values.list, "- 2 times: the CA is away\n- no e-mail");
        assert_eq!(super::values(NoticeKind::RequestsFailing, &matters[..1], "", None).what, "1 request");
    }
}
