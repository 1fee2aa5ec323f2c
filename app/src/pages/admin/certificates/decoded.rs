//! What stands in a certificate, in the words that people know it by.

/// A purpose (extended key usage) by name, with its object identifier.
#[must_use]
pub fn purpose(oid: &str) -> String {
    let name = match oid {
        "1.3.6.1.5.5.7.3.1" => "TLS server authentication",
        "1.3.6.1.5.5.7.3.2" => "TLS client authentication",
        "1.3.6.1.5.5.7.3.3" => "Code signing",
        "1.3.6.1.5.5.7.3.4" => "E-mail protection",
        "1.3.6.1.5.5.7.3.5" => "IPsec end system",
        "1.3.6.1.5.5.7.3.6" => "IPsec tunnel",
        "1.3.6.1.5.5.7.3.7" => "IPsec user",
        "1.3.6.1.5.5.7.3.8" => "Time stamping",
        "1.3.6.1.5.5.7.3.9" => "OCSP signing",
        "1.3.6.1.5.5.7.3.13" => "EAP over PPP",
        "1.3.6.1.5.5.7.3.14" => "EAP over LAN (Wi-Fi, 802.1X)",
        "1.3.6.1.5.5.7.3.17" => "IKE for IPsec (VPN)",
        "1.3.6.1.5.2.3.4" => "Kerberos client authentication (PKINIT)",
        "1.3.6.1.4.1.311.20.2.2" => "Smart card logon",
        "1.3.6.1.4.1.311.10.3.4" => "Encrypting file system",
        "1.3.6.1.4.1.311.10.3.12" => "Document signing",
        "2.5.29.37.0" => "Any purpose",
        other => return other.to_owned(),
    };
    format!("{name} ({oid})")
}

/// The kind of an alternative name.
#[must_use]
pub fn kind_of_name(kind: &str) -> String {
    match kind {
        "upn" => "User principal name".to_owned(),
        "email" | "rfc822" => "E-mail".to_owned(),
        "dns" => "DNS".to_owned(),
        "uri" => "URI".to_owned(),
        "ip" => "IP address".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A key's algorithm and size.
#[must_use]
pub fn key(word: &str) -> String {
    match word {
        "rsa-2048" => "RSA, 2048 bits".to_owned(),
        "rsa-3072" => "RSA, 3072 bits".to_owned(),
        "rsa-4096" => "RSA, 4096 bits".to_owned(),
        "ec-p256" => "Elliptic curve NIST P-256, 256 bits".to_owned(),
        "ec-p384" => "Elliptic curve NIST P-384, 384 bits".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_keeps_its_number() {
        assert_eq!(purpose("1.3.6.1.5.5.7.3.2"), "TLS client authentication (1.3.6.1.5.5.7.3.2)");
        assert_eq!(purpose("1.2.3.4"), "1.2.3.4");
        assert_eq!(kind_of_name("upn"), "User principal name");
        assert_eq!(key("ec-p256"), "Elliptic curve NIST P-256, 256 bits");
    }
}
