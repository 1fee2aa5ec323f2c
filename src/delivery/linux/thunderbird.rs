//! Thunderbird, which keeps certificates in a database of NSS.

use certporter_model::feature_settings::EmailSettings;

use super::{Held, Snippet};
use crate::delivery::on_disk::{CHAIN, PASSWORD, PFX};

/// The commands that import identity and CAs, and what to choose then.
pub(super) fn snippet(held: &Held<'_>, email: Option<&EmailSettings>) -> Snippet {
    let (pfx, password, chain) = (held.file(PFX), held.file(PASSWORD), held.file(CHAIN));
    let mut text = format!(
        "# As root, with Thunderbird closed. PROFILE is the person\u{2019}s folder below ~/.thunderbird.\n\
         PROFILE=/home/PERSON/.thunderbird/XXXXXXXX.default-release\n\
         pk12util -d \"sql:$PROFILE\" -i \"{pfx}\" -w \"{password}\"\n\
         csplit -s -z -f /tmp/certporter-ca- \"{chain}\" '/-----BEGIN/' '{{*}}'\n\
         for ca in /tmp/certporter-ca-*; do\n  \
         certutil -d \"sql:$PROFILE\" -A -n \"$(basename \"$ca\")\" -t \",C,\" -a -i \"$ca\" && rm \"$ca\"\ndone\n\
         # Then: Account Settings > End-To-End Encryption > S/MIME > Select.\n"
    );
    if let Some(email) = email {
        text.push_str(&format!(
            "# Incoming: IMAP {} with SSL/TLS. Outgoing: SMTP {}.\n",
            email.incoming_server, email.outgoing_server
        ));
    }
    if let Some(address) = held.mail_address {
        text.push_str(&format!("# Address: {address}\n"));
    }
    Snippet { program: "Thunderbird".to_owned(), place: "A root shell on the device".to_owned(), text }
}
