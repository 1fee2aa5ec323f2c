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
    fn a_field_is_quoted_where_it_must_be() {
        for (field, written) in [
            ("anna", "anna"),
            ("CN=Anna,O=X", "\"CN=Anna,O=X\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("", ""),
        ] {
            assert_eq!(escaped(field), written);
        }
    }

    #[test]
    fn no_field_is_a_formula() {
        for field in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\",\"y\")"] {
            let written = escaped(field);
            assert!(written.starts_with("\"'"), "{written}");
        }
        for serial in ["12345678901234567890", "4012345678e1234567890123"] {
            assert_eq!(escaped(serial), format!("'{serial}"));
        }
    }

    #[test]
    fn a_line_ends_as_the_standard_says() {
        assert_eq!(line(&["a", "b,c"].map(str::to_owned)), "a,\"b,c\"\r\n");
    }
}
