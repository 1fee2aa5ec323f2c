//! The text form of DER (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::PkiError;

/// Writes DER as PEM with a label such as `CERTIFICATE`.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&b| char::from(b)));
        pem.push('\n');
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

/// Certificates one after the other, as servers and tools want a chain.
#[must_use]
pub fn certificates<'c>(ders: impl IntoIterator<Item = &'c [u8]>) -> String {
    ders.into_iter().map(|der| encode("CERTIFICATE", der)).collect()
}

/// Every block with one of the labels, in order; other blocks and text between are passed over.
///
/// # Errors
/// When a block is not closed or not base64.
pub fn decode(labels: &[&str], text: &str) -> Result<Vec<Vec<u8>>, PkiError> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|l| l.strip_suffix("-----")) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        loop {
            match lines.next() {
                Some(line) if line == end => break,
                Some(line) => body.push_str(line),
                None => {
                    return Err(PkiError::malformed("PEM text", format!("{label} is begun and not ended")));
                }
            }
        }
        if labels.contains(&label) {
            let der = STANDARD.decode(body.as_bytes());
            found.push(der.map_err(|_| PkiError::malformed("PEM text", "its body is not base64"))?);
        }
    }
    Ok(found)
}

/// The octets of a single DER thing that may have come as PEM.
///
/// # Errors
/// When it looks like PEM and has no block with one of the labels.
pub fn der_of(labels: &[&str], octets: &[u8]) -> Result<Vec<u8>, PkiError> {
    match std::str::from_utf8(octets) {
        Ok(text) if text.contains("-----BEGIN ") => {
            decode(labels, text)?.into_iter().next().ok_or_else(|| {
                PkiError::malformed("PEM text", format!("it has no block labelled {}", labels.join(" or ")))
            })
        }
        _ => Ok(octets.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_reads_what_it_writes(der in proptest::collection::vec(any::<u8>(), 1..300)) {
            let text = format!("a note\n{}", encode("CERTIFICATE", &der));
            prop_assert_eq!(decode(&["CERTIFICATE"], &text).unwrap(), vec![der]);
        }
    }

    #[test]
    fn an_open_block_and_a_missing_one_are_errors() {
        assert!(decode(&["CERTIFICATE"], "-----BEGIN CERTIFICATE-----\nAAAA\n").is_err());
        assert!(der_of(&["CERTIFICATE"], encode("PRIVATE KEY", b"x").as_bytes()).is_err());
    }
}
