//! Lines of a CSV file (RFC 4180).

/// A line of fields.
pub(super) fn line(fields: &[String]) -> String {
    let mut line = fields.iter().map(|field| escaped(field)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A field as RFC 4180, section 2, has it. Spreadsheets take a field that begins with one of `= + - @` for a formula,
/// and one with an apostrophe before it for a text. A serial number that they would take for a number, and round, is
/// given one too.
fn escaped(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let rounded = field.len() > 11 && field.parse::<f64>().is_ok();
    let text = if formula || rounded { format!("'{field}") } else { field.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) || formula {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_and_none_ends_early() {
        let fields = ["=HYPERLINK(\"http://x\")", "a,b", "12345678901234", "plain"].map(str::to_owned);
        let written = "\"'=HYPERLINK(\"\"http://x\"\")\",\"a,b\",'12345678901234,plain\r\n";
        assert_eq!(line(&fields), written);
    }
}
