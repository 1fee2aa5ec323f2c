//! keyUsage between the model's words and X.509's bits.

use certporter_model::key::KeyUsage;
use der::flagset::FlagSet;
use x509_cert::ext::pkix::KeyUsages;

pub(crate) fn to_bits(usage: KeyUsage) -> FlagSet<KeyUsages> {
    let mut bits = FlagSet::default();
    let pairs = [
        (usage.digital_signature, KeyUsages::DigitalSignature),
        (usage.content_commitment, KeyUsages::NonRepudiation),
        (usage.key_encipherment, KeyUsages::KeyEncipherment),
        (usage.data_encipherment, KeyUsages::DataEncipherment),
        (usage.key_agreement, KeyUsages::KeyAgreement),
    ];
    for (set, bit) in pairs {
        if set {
            bits |= bit;
        }
    }
    bits
}

pub(crate) fn from_bits(bits: FlagSet<KeyUsages>) -> KeyUsage {
    KeyUsage {
        digital_signature: bits.contains(KeyUsages::DigitalSignature),
        content_commitment: bits.contains(KeyUsages::NonRepudiation),
        key_encipherment: bits.contains(KeyUsages::KeyEncipherment),
        data_encipherment: bits.contains(KeyUsages::DataEncipherment),
        key_agreement: bits.contains(KeyUsages::KeyAgreement),
    }
}

/// In words, for messages: "digitalSignature, keyAgreement".
pub(crate) fn in_words(usage: KeyUsage) -> String {
    let pairs = [
        (usage.digital_signature, "digitalSignature"),
        (usage.content_commitment, "contentCommitment"),
        (usage.key_encipherment, "keyEncipherment"),
        (usage.data_encipherment, "dataEncipherment"),
        (usage.key_agreement, "keyAgreement"),
    ];
    let words: Vec<&str> = pairs.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
