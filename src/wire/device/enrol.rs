//! Enrolling, and renewing the management certificate.

use certporter_model::hardware::{Fqdn, HardwareSerial, Imei, MacAddress, Meid};
use certporter_model::platform::Platform;
use certporter_model::text::Name;
use certporter_model::{DeviceId, Timestamp};
use serde::{Deserialize, Serialize};

use super::EnrolmentCode;
use crate::wire::octets::{CertificateOctets, Octets};

/// The DER form of a CSR (RFC 2986): at most 16 KiB.
pub type CsrOctets = Octets<16_384>;

/// What the listener is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustAnchors {
    /// The version of this message.
    pub version: u16,
    /// CA certificates. The one whose fingerprint is in the enrolment code becomes the only one that the device
    /// trusts; the others are of no meaning to it.
    pub certificates: Vec<CertificateOctets>,
}

/// What a device says of itself. Nothing here is proof of anything; only the code is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// What the device calls itself.
    pub name: Name,
    /// Its operating system.
    pub platform: Platform,
    /// The maker's serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<HardwareSerial>,
    /// IMEI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imei: Option<Imei>,
    /// MEID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meid: Option<Meid>,
    /// The address of its Wi-Fi interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wifi_mac: Option<MacAddress>,
    /// Its fully qualified domain name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<Fqdn>,
    /// The agent and its version, such as `certporter 0.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Name>,
}

/// A device wants to enrol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The version of this message.
    pub version: u16,
    /// The one-time code.
    pub code: EnrolmentCode,
    /// A CSR made on the device, signed by the key that the device keeps. Its subject does not matter: the portal
    /// chooses the name.
    pub csr: CsrOctets,
    /// What the device says of itself.
    pub facts: DeviceFacts,
}

/// The certificate by which a device authenticates from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementCertificate {
    /// The certificate.
    pub certificate: CertificateOctets,
    /// The CA certificates above it, the nearest first.
    pub chain: Vec<CertificateOctets>,
    /// Expires then.
    pub not_after: Timestamp,
    /// The device renews it from then on: at two thirds of its life.
    pub renew_at: Timestamp,
}

/// The device is enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// The version of this message.
    pub version: u16,
    /// The device's id from now on.
    pub device: DeviceId,
    /// The certificate for its key.
    pub management: ManagementCertificate,
    /// Ask for commands after so many seconds.
    #[serde(default)]
    pub next_poll_seconds: u32,
}

/// A device wants another management certificate, for the same key or for another. The same CSR again gets the
/// same answer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// The version of this message.
    pub version: u16,
    /// A CSR made on the device.
    pub csr: CsrOctets,
}

#[cfg(test)]
mod tests {
    use certporter_model::thumbprint::Thumbprint;

    use super::*;

    fn request() -> EnrolRequest {
        EnrolRequest {
            version: 1,
            code: EnrolmentCode::new([1; 10], &Thumbprint::from_octets([2; 32])),
            csr: Octets::new(vec![0x30, 0x00]).unwrap(),
            facts: DeviceFacts {
                name: Name::parse("Jürgens Läptop").unwrap(),
                platform: Platform::Linux,
                serial_number: Some(HardwareSerial::parse("PF-1").unwrap()),
                imei: None,
                meid: None,
                wifi_mac: Some(MacAddress::parse("02005E100001").unwrap()),
                fqdn: None,
                agent: Some(Name::parse("certporter 0.1.0").unwrap()),
            },
        }
    }

    /// Agents in the field speak this: it may grow, but never change.
    const GOLDEN: &str = r#"{"version":1,"code":"040G2-08104-0G208-10810-40G20-81040-G2081-040G2-0ADZ6","csr":"MAA=","facts":{"name":"Jürgens Läptop","platform":"linux","serial_number":"PF-1","wifi_mac":"02:00:5e:10:00:01","agent":"certporter 0.1.0"}}"#;

    #[test]
    fn the_golden_form_of_a_request() {
        assert_eq!(serde_json::to_string(&request()).unwrap(), GOLDEN);
        assert_eq!(serde_json::from_str::<EnrolRequest>(GOLDEN).unwrap(), request());
    }

    #[test]
    fn a_newer_agent_may_say_more_and_nobody_nonsense() {
        let mut json = serde_json::to_value(request()).unwrap();
        json["facts"]["colour"] = "blue".into();
        json["attestation"] = serde_json::json!({"deep": [1, 2]});
        assert_eq!(serde_json::from_value::<EnrolRequest>(json.clone()).unwrap(), request());
        json["facts"]["imei"] = "not one".into();
        let error = serde_json::from_value::<EnrolRequest>(json).unwrap_err().to_string();
        assert!(error.contains("IMEI has 14 to 16 digits"), "{error}");
    }
}
