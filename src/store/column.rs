//! How the vocabulary's types are kept: ids as UUIDs, times as milliseconds, words and parsed texts as text, digests
//! as octets, structures as JSON.

use certporter_model::access::{Actor, Permission, Role};
use certporter_model::assignment::{AssignmentMode, HolderKind, MemberKind, Source};
use certporter_model::certificate::{BulkKind, CertificateStatus, RevocationKind, Standing};
use certporter_model::copy::CopyState;
use certporter_model::delivery::{Channel, HandOutFormat};
use certporter_model::device::{DeviceState, EnrolmentState, UserState};
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::feature::Feature;
use certporter_model::hardware::{Fqdn, HardwareSerial, Imei, MacAddress, Meid};
use certporter_model::identity::{Email, Sid, Upn};
use certporter_model::ids::*;
use certporter_model::job::{JobKind, JobState};
use certporter_model::names::Names;
use certporter_model::notice::{NoticeKind, NoticeState};
use certporter_model::platform::Platform;
use certporter_model::profile::Profile;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::security_event::SecurityEventKind;
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::text::{Explanation, Name};
use certporter_model::thumbprint::{ContentDigest, PublicKeyHash, SecretHash, Sha1Thumbprint, Thumbprint};
use certporter_model::{ParseError, Timestamp};
use uuid::Uuid;

use super::row::{BadValue, Load, Row};
use super::sql::{Bind, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl<T: Bind + ?Sized> Bind for &T {
    const NULL: Value = T::NULL;
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: Bind> Bind for Option<T> {
    const NULL: Value = T::NULL;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(T::NULL, Bind::to_value)
    }
}

/// Binds and loads by way of a type that both engines know.
macro_rules! columns {
    ($($type:ty => $variant:ident($stored:ty): |$value:ident| $store:expr, |$raw:ident| $load:expr;)+) => {$(
        impl Bind for $type {
            const NULL: Value = Value::$variant(None);
            fn to_value(&self) -> Value {
                let $value = self;
                Value::$variant(Some($store))
            }
        }
        impl Load for $type {
            fn load(row: &Row<'_>, column: &str) -> Result<Self, BadValue> {
                let $raw: $stored = row.get(column)?;
                $load
            }
            fn load_optional(row: &Row<'_>, column: &str) -> Result<Option<Self>, BadValue> {
                let raw: Option<$stored> = row.get(column)?;
                raw.map(|$raw| $load).transpose()
            }
        }
    )+};
}

columns! {
    bool => Bool(bool): |v| *v, |raw| Ok(raw);
    i64 => Int(i64): |v| *v, |raw| Ok(raw);
    u32 => Int(i64): |v| i64::from(*v), |raw| u32::try_from(raw).map_err(|_| BadValue("is out of range".into()));
    u64 => Int(i64): |v| i64::try_from(*v).unwrap_or(i64::MAX), |raw| u64::try_from(raw).map_err(|_| BadValue("is negative".into()));
    Timestamp => Int(i64): |v| v.as_millis(), |raw| Ok(Timestamp::from_millis(raw));
    String => Text(String): |v| v.clone(), |raw| Ok(raw);
    Vec<u8> => Octets(Vec<u8>): |v| v.clone(), |raw| Ok(raw);
    Uuid => Id(Uuid): |v| *v, |raw| Ok(raw);
    SerialNumber => Octets(Vec<u8>): |v| v.as_octets().to_vec(), |raw| Ok(SerialNumber::from_octets(&raw)?);
}

impl Bind for str {
    const NULL: Value = Value::Text(None);
    fn to_value(&self) -> Value {
        Value::Text(Some(self.to_owned()))
    }
}

impl Bind for [u8] {
    const NULL: Value = Value::Octets(None);
    fn to_value(&self) -> Value {
        Value::Octets(Some(self.to_vec()))
    }
}

/// A value that is kept as JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> Bind for Json<T> {
    const NULL: Value = Value::Text(None);
    fn to_value(&self) -> Value {
        // The vocabulary's types always have a JSON form; a null would be refused by the column.
        Value::Text(serde_json::to_string(&self.0).ok())
    }
}

impl<T: DeserializeOwned> Load for Json<T> {
    fn load(row: &Row<'_>, column: &str) -> Result<Self, BadValue> {
        let text: String = row.get(column)?;
        serde_json::from_str(&text).map(Self).map_err(|error| BadValue(format!("is wrong JSON: {error}")))
    }
    fn load_optional(row: &Row<'_>, column: &str) -> Result<Option<Self>, BadValue> {
        let text: Option<String> = row.get(column)?;
        text.map(|text| {
            serde_json::from_str(&text).map(Self).map_err(|error| BadValue(format!("is wrong JSON: {error}")))
        })
        .transpose()
    }
}

macro_rules! ids {
    ($($type:ty),+ $(,)?) => { columns! { $($type => Id(Uuid): |v| v.as_uuid(), |raw| Ok(<$type>::from_uuid(raw));)+ } };
}

ids! {
    UserId, GroupId, MembershipId, DeviceId, EnrolmentId, EnrolmentCodeId, ManagementCertificateId, ProfileId,
    AssignmentId, RequestId, CertificateId, CopyId, EnvelopeId, RevocationId, EscrowedKeyId, CaId, CaGenerationId,
    KraGenerationId, ConnectorId, AccountId, SignInIdentityId, ApiTokenId, JobId, ApprovalId, ImportId, AuditEventId,
    TimelineEventId, AttributeId, InstanceId, PreflightId, BulkActionId, NoticeId, SignInCodeId, SecurityEventId, HandOutId, ReconciliationId, DiscrepancyId,
}

macro_rules! texts {
    ($($type:ty),+ $(,)?) => {
        columns! { $($type => Text(String): |v| v.as_str().to_owned(), |raw| {
            let parsed: Result<$type, ParseError> = raw.parse();
            Ok(parsed?)
        };)+ }
    };
}

texts! {
    Permission, Role, AssignmentMode, HolderKind, MemberKind, Source, CertificateStatus, RevocationKind, Standing,
    CopyState, DeviceState, EnrolmentState, UserState, EscrowPolicy, EscrowState, Feature, JobKind, JobState, Platform,
    RequestState, Step, Reason, Trigger, Name, Explanation, Upn, Email, Sid, HardwareSerial, Imei, Meid,
    MacAddress, Fqdn, BulkKind, NoticeKind, NoticeState, SecurityEventKind, Channel, HandOutFormat,
    DiscrepancyKind, Mending,
}

macro_rules! digests {
    ($($type:ty),+ $(,)?) => {
        columns! { $($type => Octets(Vec<u8>): |v| v.as_octets().to_vec(), |raw| Ok(<$type>::from_slice(&raw)?);)+ }
    };
}

digests! { Thumbprint, Sha1Thumbprint, PublicKeyHash, SecretHash, ContentDigest }

/// Structures that are kept as JSON text.
macro_rules! structures {
    ($($type:ty),+ $(,)?) => {
        columns! { $($type => Text(String): |v| serde_json::to_string(v).unwrap_or_default(), |raw| {
            serde_json::from_str(&raw).map_err(|error| BadValue(format!("is wrong JSON: {error}")))
        };)+ }
    };
}

structures! { Names, Actor, Profile, Vec<SubjectAlternativeName>, Vec<Role>, serde_json::Value }
