//! Variables in name patterns. The names are those that Intune uses, so that a migrated profile works.

use serde::{Deserialize, Serialize};

use crate::ParseError;

macro_rules! variables {
    ($($(#[$meta:meta])* $variant:ident = $name:literal $(| $alias:literal)*),+ $(,)?) => {
        /// A variable in a name pattern, written `{{Name}}`; read without regard to case.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Variable {
            $($(#[$meta])* $variant,)+
            /// A custom attribute of the user or else of the device, written `{{Custom.name}}`.
            Custom(String),
        }

        impl Variable {
            /// Every variable but the custom ones.
            pub const BUILT_IN: &'static [Self] = &[$(Self::$variant),+];

            /// # Errors
            /// When no variable has this name.
            pub fn parse(name: &str) -> Result<Self, ParseError> {
                $(if name.eq_ignore_ascii_case($name) $(|| name.eq_ignore_ascii_case($alias))* {
                    return Ok(Self::$variant);
                })+
                if let Some(attribute) = name.strip_prefix("Custom.").or_else(|| name.strip_prefix("custom."))
                    && (1..=64).contains(&attribute.len())
                    && attribute.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
                {
                    return Ok(Self::Custom(attribute.to_owned()));
                }
                Err(ParseError::new(
                    "variable",
                    concat!("is one of" $(, " {{", $name, "}}")+, " {{Custom.name}}"),
                ))
            }
        }

        impl std::fmt::Display for Variable {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(concat!("{{", $name, "}}")),)+
                    Self::Custom(name) => write!(f, "{{{{Custom.{name}}}}}"),
                }
            }
        }
    };
}

variables! {
    /// The user's account name without a realm.
    UserName = "UserName",
    /// The user's UPN.
    UserPrincipalName = "UserPrincipalName" | "UPN",
    /// The user's e-mail address.
    EmailAddress = "EmailAddress" | "Email",
    /// The user's display name.
    DisplayName = "DisplayName",
    /// The user's distinguished name in the directory; only as a whole subject.
    OnPremDistinguishedName = "OnPrem_Distinguished_Name" | "OnPremisesDistinguishedName",
    /// The user's sAMAccountName in the directory.
    OnPremisesSamAccountName = "OnPremisesSamAccountName" | "OnPrem_Sam_Account_Name",
    /// The user's SID in the directory.
    OnPremisesSecurityIdentifier = "OnPremisesSecurityIdentifier" | "OnPrem_Security_Identifier",
    /// The portal's id of the device.
    DeviceId = "DeviceId" | "Device_Id" | "AAD_Device_ID" | "AzureADDeviceId",
    /// The device's name.
    DeviceName = "DeviceName" | "Device_Name",
    /// The maker's serial number of the device.
    SerialNumber = "SerialNumber" | "Device_Serial" | "DeviceSerial",
    /// The device's IMEI.
    ImeiNumber = "IMEINumber" | "Device_IMEI" | "IMEI",
    /// The device's MEID.
    Meid = "MEID" | "Device_MEID",
    /// The address of the device's Wi-Fi interface.
    WifiMacAddress = "WiFiMacAddress" | "WifiMac",
    /// The device's fully qualified domain name.
    FullyQualifiedDomainName = "FullyQualifiedDomainName" | "FQDN",
}

impl Variable {
    /// Whether the value comes from the device. A custom attribute may come from either and counts as the user's.
    #[must_use]
    pub const fn is_of_device(&self) -> bool {
        matches!(
            self,
            Self::DeviceId
                | Self::DeviceName
                | Self::SerialNumber
                | Self::ImeiNumber
                | Self::Meid
                | Self::WifiMacAddress
                | Self::FullyQualifiedDomainName
        )
    }
}

impl TryFrom<String> for Variable {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text.trim_start_matches("{{").trim_end_matches("}}"))
    }
}

impl From<Variable> for String {
    fn from(value: Variable) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_the_same_variable() {
        assert_eq!(Variable::parse("Device_Serial"), Ok(Variable::SerialNumber));
        assert_eq!(Variable::parse("imeinumber"), Ok(Variable::ImeiNumber));
        assert_eq!(Variable::parse("Custom.cost-centre"), Ok(Variable::Custom("cost-centre".into())));
    }

    #[test]
    fn every_variable_reads_what_it_writes() {
        for variable in Variable::BUILT_IN {
            assert_eq!(Variable::try_from(variable.to_string()).as_ref(), Ok(variable));
        }
        assert!(Variable::parse("Password").unwrap_err().to_string().contains("{{UserName}}"));
    }
}
