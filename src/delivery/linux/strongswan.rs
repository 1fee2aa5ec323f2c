//! strongSwan's `swanctl.conf`.

use certporter_model::feature_settings::VpnSettings;

use super::{Held, Snippet};
use crate::delivery::on_disk::{CERTIFICATE, KEY, folder_name};

/// A connection, with the commands that let strongSwan have the key.
pub(super) fn snippet(held: &Held<'_>, vpn: &VpnSettings) -> Snippet {
    let name = folder_name(held.profile, held.feature, None);
    let (key, cas, certificate) = (held.file(KEY), held.server_cas(), held.file(CERTIFICATE));
    let (server, remote) = (vpn.server.as_str(), vpn.remote_id.as_str());
    let local = held.identity();
    // swanctl takes private keys from its own folder alone, and one CA from a file.
    let text = format!(
        "# Once, as root, so that strongSwan finds the key:\n\
         #   ln -s \"{key}\" \"/etc/swanctl/private/{name}.pem\"\n\
         # After a renewal: swanctl --load-creds --clear\n\
         connections {{\n    \
             certporter {{\n        \
                 version = 2\n        \
                 remote_addrs = {server}\n        \
                 vips = 0.0.0.0, ::\n        \
                 local {{\n            auth = pubkey\n            certs = \"{certificate}\"\n            \
                 id = \"{local}\"\n        }}\n        \
                 remote {{\n            auth = pubkey\n            cacerts = \"{cas}\"\n            \
                 id = \"{remote}\"\n        }}\n        \
                 children {{\n            certporter {{\n                remote_ts = 0.0.0.0/0, ::/0\n            \
                 }}\n        }}\n    }}\n}}\n",
        local = quoted(&local),
    );
    Snippet { program: "strongSwan".to_owned(), place: format!("/etc/swanctl/conf.d/{name}.conf"), text }
}

/// A text within quotation marks.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
