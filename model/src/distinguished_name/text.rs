//! The text form of distinguished names (RFC 4514).

use super::Rdn;
use super::attribute_type::AttributeType;
use crate::ParseError;

pub(super) fn write_rdns(f: &mut std::fmt::Formatter<'_>, rdns: &[Rdn]) -> std::fmt::Result {
    for (index, rdn) in rdns.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        for (part, (kind, value)) in rdn.iter().enumerate() {
            if part > 0 {
                f.write_str("+")?;
            }
            write!(f, "{kind}=")?;
            let last = value.chars().count().saturating_sub(1);
            for (at, c) in value.chars().enumerate() {
                let edge = (at == 0 && matches!(c, ' ' | '#')) || (at == last && c == ' ');
                if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
    }
    Ok(())
}

/// Splits RFC 4514's text form into types and unescaped values. Spaces around a part are dropped unless escaped.
pub(super) fn split(text: &str) -> Result<Vec<Rdn>, ParseError> {
    let wrong = |right: &str| ParseError::new("distinguished name", right);
    if text.chars().count() > 2000 {
        return Err(wrong("has at most 2000 characters"));
    }
    let mut rdns: Vec<Rdn> = vec![Vec::new()];
    let mut chars = text.chars().peekable();
    loop {
        let mut name = String::new();
        loop {
            match chars.next() {
                Some('=') => break,
                Some(c) => name.push(c),
                None => {
                    return Err(wrong("is TYPE=value with commas between, such as CN=Maria Ortiz,O=Example"));
                }
            }
        }
        let kind = AttributeType::read(name.trim())?;
        let mut value: Vec<u8> = Vec::new();
        let mut kept = 0; // octets that trailing spaces must not cut off
        let mut end = None;
        while chars.peek() == Some(&' ') {
            chars.next();
        }
        while let Some(c) = chars.next() {
            match c {
                ',' | '+' => {
                    end = Some(c);
                    break;
                }
                '\\' => {
                    let escaped =
                        chars.next().ok_or_else(|| wrong("has a character after every backslash"))?;
                    if let (Some(high), Some(low)) =
                        (escaped.to_digit(16), chars.peek().and_then(|c| c.to_digit(16)))
                    {
                        chars.next();
                        value.push(u8::try_from(high << 4 | low).unwrap_or_default());
                    } else {
                        value.extend(escaped.to_string().bytes());
                    }
                    kept = value.len();
                }
                ';' | '"' | '<' | '>' => {
                    return Err(wrong("has a backslash before each of , + \" \\ < > ; in a value"));
                }
                ' ' => value.push(b' '),
                _ => {
                    value.extend(c.to_string().bytes());
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        let value = String::from_utf8(value).map_err(|_| wrong("has UTF-8 in its escapes"))?;
        if value.is_empty() {
            return Err(wrong("has a value after every TYPE="));
        }
        if let Some(rdn) = rdns.last_mut() {
            rdn.push((kind, value));
        }
        match end {
            Some(',') => rdns.push(Vec::new()),
            Some(_) => {}
            None => return Ok(rdns),
        }
    }
}
