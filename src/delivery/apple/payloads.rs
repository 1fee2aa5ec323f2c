//! The payloads of a configuration profile, as Apple's reference of them says.

use certporter_model::feature::Feature;
use certporter_model::feature_settings::{EmailSettings, VpnSettings, WifiSettings};
use certporter_model::key::KeyAlgorithm;
use certporter_model::subject_alternative_name::SanKind;
use zeroize::Zeroizing;

use super::{AppleProfile, uuid};
use crate::delivery::plist::{Dictionary, Value};
use crate::pki::Certificate;
use crate::random::Random;

/// EAP-TLS among the EAP methods (RFC 5216, section 3).
const EAP_TLS: i64 = 13;

/// All payloads: the certificates above, then for each feature the identity and its set-up.
pub(super) fn all(profile: &AppleProfile<'_>, sealed: bool, random: &dyn Random) -> Vec<Value> {
    let mut all = Vec::new();
    let mut anchors = Vec::new();
    for (index, certificate) in profile.chain.iter().enumerate() {
        let name = if is_root(certificate) { "root" } else { "intermediate" };
        let payload = Payload { profile, part: format!("{name}.{}", index + 1), uuid: uuid(random) };
        if is_root(certificate) && profile.server_cas.is_empty() {
            anchors.push(Value::from(payload.uuid.as_str()));
        }
        all.push(payload.certificate(certificate));
    }
    for (index, certificate) in profile.server_cas.iter().enumerate() {
        let payload = Payload { profile, part: format!("server.{}", index + 1), uuid: uuid(random) };
        anchors.push(Value::from(payload.uuid.as_str()));
        all.push(payload.certificate(certificate));
    }
    for (feature, pfx) in &profile.identities {
        let identity = Payload { profile, part: format!("{feature}.identity"), uuid: uuid(random) };
        let set_up = Payload { profile, part: feature.to_string(), uuid: uuid(random) };
        all.push(identity.identity(*feature, pfx, sealed));
        let settings = profile.settings;
        all.extend(match feature {
            Feature::Wifi => settings.wifi.as_ref().map(|it| set_up.wifi(it, &identity.uuid, &anchors)),
            Feature::Vpn => settings.vpn.as_ref().map(|it| set_up.vpn(it, &identity.uuid)),
            Feature::Email => settings.email.as_ref().map(|it| set_up.email(it, &identity.uuid)),
            Feature::General => None,
        });
    }
    all
}

/// A payload of a profile.
struct Payload<'p> {
    profile: &'p AppleProfile<'p>,
    part: String,
    uuid: String,
}

impl Payload<'_> {
    /// What every payload has.
    fn begin(&self, kind: &'static str, name: String) -> Dictionary {
        Dictionary::new()
            .with("PayloadType", kind)
            .with("PayloadVersion", 1)
            .with("PayloadIdentifier", format!("{}.{}", self.profile.identifier, self.part))
            .with("PayloadUUID", self.uuid.as_str())
            .with("PayloadDisplayName", name)
    }

    fn certificate(&self, certificate: &Certificate) -> Value {
        let kind = if is_root(certificate) { "com.apple.security.root" } else { "com.apple.security.pkcs1" };
        self.begin(kind, certificate.subject_text())
            .with("PayloadCertificateFileName", format!("{}.cer", self.part))
            .with("PayloadContent", Value::Data(Zeroizing::new(certificate.as_der().to_vec())))
            .into()
    }

    fn identity(&self, feature: Feature, pfx: &Zeroizing<Vec<u8>>, sealed: bool) -> Value {
        let password = self.profile.password.clone().filter(|_| sealed).map(Value::Secret);
        self.begin("com.apple.security.pkcs12", format!("{} ({feature})", self.profile.display_name))
            .with("PayloadCertificateFileName", format!("{}.p12", self.part))
            .with("PayloadContent", Value::Data(pfx.clone()))
            .with_some("Password", password)
            .into()
    }

    fn wifi(&self, wifi: &WifiSettings, identity: &str, anchors: &[Value]) -> Value {
        let names: Vec<Value> = wifi.server_names.iter().map(|name| name.as_str().into()).collect();
        let eap = Dictionary::new()
            .with("AcceptEAPTypes", vec![Value::Integer(EAP_TLS)])
            .with_some("PayloadCertificateAnchorUUID", some(anchors.to_vec()))
            .with_some("TLSTrustedServerNames", some(names))
            .with("TLSMinimumVersion", "1.2");
        self.begin("com.apple.wifi.managed", format!("Wi-Fi {}", wifi.ssid))
            .with("SSID_STR", wifi.ssid.as_str())
            .with("HIDDEN_NETWORK", wifi.hidden)
            .with("AutoJoin", true)
            .with("EncryptionType", "WPA2")
            .with("PayloadCertificateUUID", identity)
            .with("EAPClientConfiguration", eap)
            .into()
    }

    fn vpn(&self, vpn: &VpnSettings, identity: &str) -> Value {
        let security = || {
            Dictionary::new()
                .with("EncryptionAlgorithm", "AES-256-GCM")
                .with("IntegrityAlgorithm", "SHA2-256")
                .with("DiffieHellmanGroup", 19)
                .with("LifeTimeInMinutes", 1440)
        };
        let ike = Dictionary::new()
            .with("RemoteAddress", vpn.server.as_str())
            .with("RemoteIdentifier", vpn.remote_id.as_str())
            .with("LocalIdentifier", local_identity(self.profile.certificate))
            .with("AuthenticationMethod", "Certificate")
            .with("PayloadCertificateUUID", identity)
            .with_some("CertificateType", certificate_type(self.profile.certificate))
            .with("ExtendedAuthEnabled", 0)
            .with("EnablePFS", 1)
            .with("DeadPeerDetectionRate", "Medium")
            .with("IKESecurityAssociationParameters", security())
            .with("ChildSecurityAssociationParameters", security());
        self.begin("com.apple.vpn.managed", format!("VPN {}", vpn.server))
            .with("UserDefinedName", self.profile.display_name)
            .with("VPNType", "IKEv2")
            .with("IKEv2", ike)
            .into()
    }

    fn email(&self, email: &EmailSettings, identity: &str) -> Value {
        let usage = self.profile.certificate.key_usage().unwrap_or_default();
        let signs = usage.digital_signature || usage.content_commitment;
        let decrypts = usage.is_encryption();
        let address = self.profile.mail_address.as_deref();
        self.begin("com.apple.mail.managed", format!("Mail {}", address.unwrap_or(self.profile.display_name)))
            .with("EmailAccountType", "EmailTypeIMAP")
            .with("EmailAccountDescription", self.profile.display_name)
            .with_some("EmailAccountName", self.profile.person.as_deref())
            .with_some("EmailAddress", address)
            .with("IncomingMailServerHostName", email.incoming_server.as_str())
            .with("IncomingMailServerAuthentication", "EmailAuthPassword")
            .with("IncomingMailServerUseSSL", true)
            .with_some("IncomingMailServerUsername", address)
            .with("OutgoingMailServerHostName", email.outgoing_server.as_str())
            .with("OutgoingMailServerAuthentication", "EmailAuthPassword")
            .with("OutgoingMailServerUseSSL", true)
            .with_some("OutgoingMailServerUsername", address)
            .with("OutgoingPasswordSameAsIncomingPassword", true)
            .with("SMIMEEnabled", true)
            .with("SMIMESigningEnabled", signs)
            .with_some("SMIMESigningCertificateUUID", signs.then_some(identity))
            .with("SMIMEEncryptByDefault", false)
            .with("SMIMEEnableEncryptionPerMessageSwitch", decrypts)
            .with_some("SMIMEEncryptionCertificateUUID", decrypts.then_some(identity))
            .into()
    }
}

fn is_root(certificate: &Certificate) -> bool {
    certificate.subject_text() == certificate.issuer_text()
}

fn some(values: Vec<Value>) -> Option<Vec<Value>> {
    (!values.is_empty()).then_some(values)
}

/// What the device calls itself in IKEv2: a name that its certificate holds, or the gateway refuses it.
pub(in crate::delivery) fn local_identity(certificate: &Certificate) -> String {
    let names = certificate.alternative_names();
    let of = |kind| names.iter().find(|name| name.kind() == kind).map(|name| name.value().to_owned());
    of(SanKind::Email).or_else(|| of(SanKind::Dns)).unwrap_or_else(|| certificate.subject_text())
}

/// How a VPN payload calls the certificate's key.
fn certificate_type(certificate: &Certificate) -> Option<&'static str> {
    Some(match certificate.key_algorithm()? {
        KeyAlgorithm::EcP256 => "ECDSA256",
        KeyAlgorithm::EcP384 => "ECDSA384",
        _ => "RSA",
    })
}
