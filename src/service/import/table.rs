//! Reads CSV (RFC 4180): quoted cells, `,` or `;` between them, CRLF or LF, UTF-8 with or without a byte order mark.

use super::super::error::ServiceError;
use super::columns::ATTRIBUTE;

/// The most octets of a file.
pub const MOST_OCTETS: usize = 5_000_000;

/// The most rows of a file, its first line not counted.
pub const MOST_ROWS: usize = 50_000;

/// A file as rows of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// The names of the columns, in small letters but for what attributes are called.
    pub(super) columns: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The line that it begins on, the first being 1.
    pub(super) line: u32,
    /// Its cells, as many as there are.
    pub(super) cells: Vec<String>,
}

impl Table {
    /// The place of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Names the field `file`, and where it can the line.
    pub(super) fn read(octets: &[u8]) -> Result<Self, ServiceError> {
        let text = decoded(octets)?;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let mut rows = Reader::new(text, separator(first)).rows()?.into_iter();
        let head = rows.next().ok_or_else(|| wrong("the file is empty: its first line names the columns"))?;
        let columns: Vec<String> = head.cells.iter().map(|name| column_name(name.trim())).collect();
        for (index, name) in columns.iter().enumerate() {
            if name.is_empty() {
                return Err(wrong(format!("line {}: column {} has no name", head.line, index + 1)));
            }
            if columns.iter().take(index).any(|other| other == name) {
                return Err(wrong(format!("line {}: the column {name} is there twice", head.line)));
            }
        }
        let rows: Vec<Row> = rows.collect();
        if rows.is_empty() {
            return Err(wrong("there is nothing below the first line, which names the columns"));
        }
        if rows.len() > MOST_ROWS {
            return Err(wrong(format!(
                "the file has {} rows: split it into files of at most {MOST_ROWS}",
                rows.len()
            )));
        }
        Ok(Self { columns, rows })
    }
}

/// A column's name in small letters, but for what an attribute is called.
fn column_name(name: &str) -> String {
    let small = name.to_lowercase();
    match (small.starts_with(ATTRIBUTE), name.get(ATTRIBUTE.len()..)) {
        (true, Some(attribute)) => format!("{ATTRIBUTE}{attribute}"),
        _ => small,
    }
}

fn wrong(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::field("file", message)
}

/// The text of a file, if it is UTF-8.
pub(super) fn decoded(octets: &[u8]) -> Result<&str, ServiceError> {
    if octets.len() > MOST_OCTETS {
        return Err(wrong("the file has more than 5 MB: split it"));
    }
    if octets.starts_with(&[0xff, 0xfe]) || octets.starts_with(&[0xfe, 0xff]) {
        return Err(wrong("the file is UTF-16: save it as \u{201c}CSV UTF-8\u{201d}"));
    }
    let octets = octets.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(octets);
    let text = std::str::from_utf8(octets).map_err(|error| {
        let before = octets.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        wrong(format!("line {line} is not UTF-8: save the file as \u{201c}CSV UTF-8\u{201d}"))
    })?;
    if text.contains('\0') {
        return Err(wrong("the file holds null characters: it is no CSV text"));
    }
    Ok(text)
}

/// What stands between cells: whichever the first line has more of.
fn separator(first: &str) -> char {
    if first.matches(';').count() > first.matches(',').count() { ';' } else { ',' }
}

struct Reader<'t> {
    chars: std::iter::Peekable<std::str::Chars<'t>>,
    separator: char,
    line: u32,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, separator: char) -> Self {
        Self { chars: text.chars().peekable(), separator, line: 1 }
    }

    fn rows(mut self) -> Result<Vec<Row>, ServiceError> {
        let mut rows = Vec::new();
        while self.chars.peek().is_some() {
            let row = self.row()?;
            let is_blank = row.cells.iter().all(|cell| cell.trim().is_empty());
            if !is_blank {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn row(&mut self) -> Result<Row, ServiceError> {
        let mut row = Row { line: self.line, cells: Vec::new() };
        loop {
            let cell = if self.chars.peek() == Some(&'"') { self.quoted()? } else { self.plain() };
            row.cells.push(cell);
            match self.chars.next() {
                Some(c) if c == self.separator => {}
                Some('\r') => {
                    self.chars.next_if_eq(&'\n');
                    self.line += 1;
                    return Ok(row);
                }
                Some('\n') => {
                    self.line += 1;
                    return Ok(row);
                }
                None => return Ok(row),
                Some(_) => {
                    return Err(wrong(format!(
                        "line {}: after a closing quotation mark comes {} or the end of the line; a quotation mark \
                         within a cell is written twice",
                        self.line, self.separator
                    )));
                }
            }
        }
    }

    fn plain(&mut self) -> String {
        let separator = self.separator;
        let mut cell = String::new();
        while let Some(c) = self.chars.next_if(|c| *c != separator && !matches!(c, '\r' | '\n')) {
            cell.push(c);
        }
        cell.trim().to_owned()
    }

    fn quoted(&mut self) -> Result<String, ServiceError> {
        let began = self.line;
        self.chars.next();
        let mut cell = String::new();
        loop {
            match self.chars.next() {
                Some('"') => {
                    if self.chars.next_if_eq(&'"').is_none() {
                        return Ok(cell);
                    }
                    cell.push('"');
                }
                Some(c) => {
                    self.line += u32::from(c == '\n');
                    cell.push(c);
                }
                None => return Err(wrong(format!("line {began}: a quotation mark is never closed"))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table {
        Table::read(text.as_bytes()).unwrap()
    }

    fn refused(octets: &[u8]) -> String {
        Table::read(octets).unwrap_err().to_string()
    }

    #[test]
    fn separators_quotes_and_line_ends_of_every_kind_are_read() {
        let expected = read("user_name,display_name\nanna,\"Åström, Anna\"\n");
        assert_eq!(expected.rows[0].cells, ["anna", "Åström, Anna"]);
        for text in [
            "\u{feff}User_Name,display_name\r\nanna,\"Åström, Anna\"\r\n",
            "user_name;display_name\nanna;Åström, Anna",
            "user_name , display_name\r\n anna ,\"Åström, Anna\"\r\n\r\n,\r\n",
        ] {
            let table = read(text);
            assert_eq!((&table.columns, table.rows.len()), (&expected.columns, 1), "{text:?}");
            assert_eq!(table.rows[0].cells, expected.rows[0].cells, "{text:?}");
        }
        let table = read("a,b\n\"1\n2\",\"say \"\"hi\"\"\"\n3,4\n");
        assert_eq!(table.rows[0].cells, ["1\n2", "say \"hi\""]);
        assert_eq!((table.rows[0].line, table.rows[1].line), (2, 4));
    }

    #[test]
    fn what_is_no_such_file_says_what_would_be_right() {
        assert!(refused(b"a,b\nx,\xe5\n").contains("line 2 is not UTF-8"));
        assert!(refused(b"\xff\xfea\0").contains("UTF-16"));
        assert!(refused(b"a,b\nx,\"y\n").contains("line 2: a quotation mark is never closed"));
        assert!(refused(b"a,b\nx,\"y\"z\n").contains("line 2: after a closing quotation mark"));
        assert!(refused(b"a,a\n1,2\n").contains("twice"));
        assert!(refused(b"").contains("empty"));
        assert!(refused(b"a,b\n").contains("nothing below"));
        assert!(refused(&vec![b'a'; MOST_OCTETS + 1]).contains("5 MB"));
        let many = format!("a\n{}", "x\n".repeat(MOST_ROWS + 1));
        assert!(refused(many.as_bytes()).contains("50001 rows"));
    }
}
