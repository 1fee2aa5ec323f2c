//! Numbers that certificates are found by: serial numbers and thumbprints, whole or their beginning.

use certporter_model::ids::CertificateId;
use certporter_model::serial::SerialNumber;

use super::{Conn, Result, Sql, sql};

/// How many certificates may have a number that begins so.
const NUMBERED: u32 = 200;

/// Those whose serial number or thumbprint is what was typed or begins so, if it looks like one: at least eight
/// hexadecimal digits, with or without colons and spaces, or a whole serial number in decimal digits.
pub(super) async fn numbered(conn: &mut Conn, typed: &str) -> Result<Vec<CertificateId>> {
    let mut found = Vec::new();
    if let Some(serial) = decimal(typed) {
        found = sql!("SELECT id FROM certificates WHERE serial = $1 ORDER BY id LIMIT 200", serial)
            .scalars(conn)
            .await?;
    }
    if let (true, Some((from, to))) = (found.is_empty(), prefix(typed)) {
        let mut query = Sql::new("SELECT id FROM certificates WHERE ");
        for (index, column) in ["serial", "thumbprint", "sha1_thumbprint"].into_iter().enumerate() {
            query.push(if index == 0 { "(" } else { " OR (" });
            query.push(column).push(" >= ").bind(from.as_slice());
            if let Some(to) = &to {
                query.push(" AND ").push(column).push(" < ").bind(to.as_slice());
            }
            query.push(")");
        }
        query.push(" LIMIT ").bind(&NUMBERED);
        found = query.scalars(conn).await?;
    }
    Ok(found)
}

/// A serial number in decimal digits.
fn decimal(typed: &str) -> Option<SerialNumber> {
    let typed = typed.trim();
    if !(10..=49).contains(&typed.len()) {
        return None;
    }
    // Long multiplication in base 256, the lowest octet first.
    let mut octets: Vec<u8> = Vec::new();
    for digit in typed.chars() {
        let mut carry = digit.to_digit(10)?;
        for octet in &mut octets {
            let value = u32::from(*octet) * 10 + carry;
            *octet = u8::try_from(value & 0xff).ok()?;
            carry = value >> 8;
        }
        if carry > 0 {
            octets.push(u8::try_from(carry).ok()?);
        }
    }
    octets.reverse();
    SerialNumber::from_octets(&octets).ok()
}

/// The octets that begin with hexadecimal digits: from, and up to but without.
fn prefix(typed: &str) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let plain: String = typed.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let plain = plain.strip_prefix("0x").unwrap_or(&plain);
    let digits: Vec<u8> =
        plain.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    if !(8..=64).contains(&digits.len()) {
        return None;
    }
    let from: Vec<u8> =
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect();
    // Half an octet is counted up by sixteen.
    let mut step: u8 = if digits.len() % 2 == 1 { 16 } else { 1 };
    let mut to = from.clone();
    while let Some(last) = to.pop() {
        if let Some(next) = last.checked_add(step) {
            to.push(next);
            return Some((from, Some(to)));
        }
        step = 1;
    }
    Some((from, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_serial_number_is_the_same_number() {
        let serial = SerialNumber::parse("4f1d09b7c2a64e0f").unwrap();
        assert_eq!(decimal(" 5700723388170259983 "), Some(serial));
        assert_eq!(decimal("12345"), None);
        assert_eq!(decimal("12345678901a"), None);
    }

    #[test]
    fn digits_begin_a_range() {
        assert_eq!(
            prefix("0A:1B:2C:3D"),
            Some((vec![0x0a, 0x1b, 0x2c, 0x3d], Some(vec![0x0a, 0x1b, 0x2c, 0x3e])))
        );
        assert_eq!(
            prefix("0a1b2c3d4"),
            Some((vec![0x0a, 0x1b, 0x2c, 0x3d, 0x40], Some(vec![0x0a, 0x1b, 0x2c, 0x3d, 0x50])))
        );
        assert_eq!(prefix("abffffffff"), Some((vec![0xab, 0xff, 0xff, 0xff, 0xff], Some(vec![0xac]))));
        assert_eq!(prefix("abfffffff"), Some((vec![0xab, 0xff, 0xff, 0xff, 0xf0], Some(vec![0xac]))));
        assert_eq!(prefix("ffffffff"), Some((vec![0xff; 4], None)));
        assert_eq!(prefix("anna"), None);
        assert_eq!(prefix("abc"), None);
    }
}
