//! A profile's words as administrators read them, each choice with a line of help.

use certporter_model::escrow::EscrowPolicy;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::profile::{KeyScope, PfxFormat, StrongMapping, SubjectType};
use certporter_model::subject_alternative_name::SanKind;

use crate::ui::field::Choice;

/// The algorithm and size of a key.
pub const fn key_algorithm(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa2048 => "RSA, 2048 bits",
        KeyAlgorithm::Rsa3072 => "RSA, 3072 bits",
        KeyAlgorithm::Rsa4096 => "RSA, 4096 bits",
        KeyAlgorithm::EcP256 => "Elliptic curve P-256",
        KeyAlgorithm::EcP384 => "Elliptic curve P-384",
    }
}

/// Whom a certificate names.
pub const fn subject_type(of: SubjectType) -> &'static str {
    match of {
        SubjectType::User => "The user",
        SubjectType::Device => "The device",
    }
}

/// How far a key reaches.
pub const fn key_scope(scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::Device => "A key for each device",
        KeyScope::User => "One key on all of a user's devices",
    }
}

/// How long a key is kept.
pub const fn escrow(policy: EscrowPolicy) -> &'static str {
    match policy {
        EscrowPolicy::None => "None",
        EscrowPolicy::UntilDelivered => "Until delivered",
        EscrowPolicy::Retained => "Retained",
    }
}

/// The cryptography of a PFX.
pub const fn pfx_format(format: PfxFormat) -> &'static str {
    match format {
        PfxFormat::Modern => "Modern (AES-256, SHA-256)",
        PfxFormat::Compat => "Compatible (Triple DES, SHA-1)",
    }
}

/// Where a user's SID goes.
pub const fn strong_mapping(mapping: StrongMapping) -> &'static str {
    match mapping {
        StrongMapping::None => "No",
        StrongMapping::Extension => "As the extension of Microsoft's KB5014754",
        StrongMapping::Uri => "As a URI among the alternative names",
    }
}

/// A kind of alternative name.
pub const fn san_kind(kind: SanKind) -> &'static str {
    match kind {
        SanKind::Email => "E-mail address",
        SanKind::Upn => "User principal name",
        SanKind::Dns => "DNS name",
        SanKind::Uri => "URI",
    }
}

/// The bits of keyUsage: value in the form, words, help.
pub const KEY_USAGE: [(&str, &str, &str); 5] = [
    ("digital_signature", "Digital signature", "Signs in to VPN and Wi-Fi, signs mail."),
    ("content_commitment", "Content commitment", "Signs what its owner is held to (non-repudiation)."),
    ("key_encipherment", "Key encipherment", "Decrypts mail with an RSA key."),
    ("data_encipherment", "Data encipherment", "Enciphers data directly. Rarely right."),
    ("key_agreement", "Key agreement", "Decrypts mail with an elliptic-curve key."),
];

/// The extended key usages that are chosen by name: object identifier, words, help.
pub const USAGES: [(&str, &str, &str); 7] = [
    ("1.3.6.1.5.5.7.3.2", "Client authentication", "Signs in to servers: VPN, Wi-Fi, web."),
    ("1.3.6.1.5.5.7.3.4", "E-mail protection", "S/MIME: signs and encrypts mail."),
    ("1.3.6.1.4.1.311.20.2.2", "Smart card logon", "Signs in to Windows domains."),
    ("1.3.6.1.5.5.7.3.14", "EAP over LAN", "802.1X in networks that ask for it."),
    ("1.3.6.1.5.5.7.3.17", "IPsec IKE", "VPN with IKE that asks for it."),
    ("1.3.6.1.4.1.311.10.3.4", "Encrypting File System", "Encrypts files on Windows."),
    ("1.3.6.1.4.1.311.10.3.12", "Document signing", "Signs documents."),
];

/// The usage of an object identifier, in words if it has any.
pub fn usage(oid: &str) -> String {
    match USAGES.iter().find(|(known, ..)| *known == oid) {
        Some((_, words, _)) => (*words).to_owned(),
        None => oid.to_owned(),
    }
}

/// Each bit of keyUsage with whether it is set.
pub const fn bits(usage: KeyUsage) -> [(&'static str, bool); 5] {
    [
        ("digital_signature", usage.digital_signature),
        ("content_commitment", usage.content_commitment),
        ("key_encipherment", usage.key_encipherment),
        ("data_encipherment", usage.data_encipherment),
        ("key_agreement", usage.key_agreement),
    ]
}

/// The bits that are set, in words.
pub fn key_usage(usage: KeyUsage) -> Vec<String> {
    let words = |name: &str| KEY_USAGE.iter().find(|(known, ..)| *known == name).map(|(_, words, _)| *words);
    bits(usage)
        .into_iter()
        .filter(|(_, set)| *set)
        .filter_map(|(name, _)| words(name).map(str::to_owned))
        .collect()
}

/// Choices with help, out of a table.
pub fn choices(table: &[(&str, &str, &str)]) -> Vec<Choice> {
    table.iter().map(|(value, words, help)| Choice::new(*value, *words, *help)).collect()
}

/// When certificates follow a change, in words.
pub fn follow(word: &str) -> &'static str {
    if word == "at_renewal" { "At renewal" } else { "Now" }
}

/// Yes or no.
pub const fn yes(it: bool) -> &'static str {
    if it { "Yes" } else { "No" }
}
