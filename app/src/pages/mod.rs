//! Pages: a file is a route. It asks the service, and shows what came back.
pub mod admin;
pub mod asked;
pub mod consequences;
pub mod form;
pub mod hand_outs;
pub mod helpdesk;
pub mod invitation;
pub mod live;
pub mod problem;
pub mod routes;
pub mod self_service;
pub mod set_up;
pub mod sign_in;
pub mod theme;
pub mod upload;

#[cfg(test)]
mod samples;

/// An address with a query, empty values left out.
fn address(path: &str, query: &[(&str, &str)]) -> String {
    let query = query
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect::<Vec<_>>();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// A text as it stands in a query (RFC 3986, section 2.1).
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(octet).to_string()
            }
            _ => format!("%{octet:02X}"),
        })
        .collect()
}

/// A path of this portal out of a form, or the start: never an address elsewhere.
fn own_path(path: &str) -> &str {
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    if own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_the_filter_and_nothing_empty() {
        assert_eq!(
            address("/devices", &[("q", "Åsa & co"), ("state", "")]),
            "/devices?q=%C3%85sa%20%26%20co"
        );
        assert_eq!(address("/devices", &[("q", "")]), "/devices");
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for path in ["https://example.org", "//example.org", "/\\example.org", "", "/a\r\nb"] {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
        assert_eq!(own_path("/devices?q=a"), "/devices?q=a");
    }
}
