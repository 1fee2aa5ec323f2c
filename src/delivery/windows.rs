//! SyncML for Windows: what another device management sends to a device so that its `ClientCertificateInstall` CSP
//! imports a PFX (`PFXCertInstall`).
//!
//! The nodes go into one `Atomic`, and `PFXCertBlob` comes last, since it triggers the import. `Add` fails where there
//! is a blob already and `Replace` where there is none: each certificate has a node of its own, named by its
//! thumbprint, so that `Add` is right. The password is not in the document: it is shown on another screen, and the
//! device management puts it in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::xml::Writer;
use crate::pki::Certificate;

/// The media type of SyncML in XML.
pub const MEDIA_TYPE: &str = "application/vnd.syncml+xml";
/// What stands where the password goes.
pub const PASSWORD_GAP: &str = "PASSWORD-FROM-THE-OTHER-SCREEN";

/// Under whom Windows keeps the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The person who is signed in.
    User,
    /// The device.
    Device,
}

/// KeyLocation: the software key storage provider; a TPM can't take a key of every kind.
const SOFTWARE: &str = "3";
/// PFXCertPasswordEncryptionType: the password stands there as it is.
const PLAIN: &str = "0";

/// The commands that import a PFX, as one document.
#[must_use]
pub fn build(certificate: &Certificate, pfx: &[u8], store: Store) -> Zeroizing<Vec<u8>> {
    let root = match store {
        Store::User => "./User",
        Store::Device => "./Device",
    };
    let id = certificate.sha1_thumbprint();
    let node = format!("{root}/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/certporter-{id}");
    let blob = Zeroizing::new(STANDARD.encode(pfx));
    let mut writer = Writer::new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.open("SyncML", "xmlns=\"SYNCML:SYNCML1.2\"");
    writer.open("SyncBody", "");
    writer.open("Atomic", "");
    writer.text("CmdID", "", "1");
    let nodes = [
        ("KeyLocation", "int", SOFTWARE),
        ("PFXCertPassword", "chr", PASSWORD_GAP),
        ("PFXCertPasswordEncryptionType", "int", PLAIN),
        ("PFXKeyExportable", "bool", "false"),
        ("PFXCertBlob", "chr", blob.as_str()),
    ];
    for (index, (name, format, data)) in nodes.into_iter().enumerate() {
        add(&mut writer, index + 2, &format!("{node}/{name}"), format, data);
    }
    writer.close();
    writer.empty("Final");
    writer.finish()
}

fn add(writer: &mut Writer, command: usize, place: &str, format: &str, data: &str) {
    writer.open("Add", "");
    writer.text("CmdID", "", &command.to_string());
    writer.open("Item", "");
    writer.open("Target", "");
    writer.text("LocURI", "", place);
    writer.close();
    writer.open("Meta", "");
    writer.text("Format", "xmlns=\"syncml:metinf\"", format);
    writer.close();
    writer.text("Data", "", data);
    writer.close();
    writer.close();
}
