//! What is in a file that is handed out.

use certporter_model::delivery::HandOutFormat;
use certporter_model::feature::Feature;
use certporter_model::identity::Email;
use certporter_model::ids::CaGenerationId;
use certporter_model::profile::{PfxFormat, Profile, SubjectType};
use certporter_model::{DeviceId, ProfileId, UserId};
use zeroize::Zeroizing;

use super::{HandOutDesk, of_ca, of_pki};
use crate::delivery::{apple, windows};
use crate::kra::PfxOrder;
use crate::pipeline::planner;
use crate::pki::{Certificate, password};
use crate::service::error::ServiceError;
use crate::service::portal::Portal;
use crate::store::escrowed_keys::EscrowedKey;
use crate::store::{Conn, ca_generations, users};

/// What a file is made from.
pub(super) struct Ingredients {
    pub(super) device: DeviceId,
    pub(super) profile_id: ProfileId,
    /// In its current version: its settings, and not the certificate, are of today.
    pub(super) profile: Profile,
    pub(super) certificate: Certificate,
    pub(super) chain: Vec<Certificate>,
    pub(super) features: Vec<Feature>,
    pub(super) key: EscrowedKey,
    /// The person's name and mail address, where they are known.
    pub(super) person: Option<String>,
    pub(super) mail_address: Option<String>,
}

/// A file, and the password that opens it: to be shown elsewhere, once.
pub(super) struct Made {
    pub(super) file: Zeroizing<Vec<u8>>,
    pub(super) password: Option<Zeroizing<String>>,
}

/// Makes it.
pub(super) async fn make(
    portal: &Portal,
    desk: &HandOutDesk,
    of: &Ingredients,
    format: HandOutFormat,
    recipient: Option<&Certificate>,
) -> Result<Made, ServiceError> {
    let name = of.profile.name().as_str();
    // What is not sealed as a whole is protected by the PFX alone: never with the old cryptography.
    let sealed = recipient.is_some();
    let password =
        if sealed { password::generate(portal.random()) } else { password::typeable(portal.random()) };
    let mut order = PfxOrder {
        certificate: of.certificate.clone(),
        chain: of.chain.clone(),
        format: if sealed { of.profile.pfx_format() } else { PfxFormat::Modern },
        friendly_name: name.to_owned(),
    };
    if format == HandOutFormat::Mobileconfig {
        order.chain.clear();
        let mut identities = Vec::with_capacity(of.features.len());
        for feature in &of.features {
            identities.push((*feature, desk.kra.pfx(&of.key, &order, &password).await?));
        }
        let server_cas = match &of.profile.feature_settings().server_cas {
            Some(pem) => Certificate::parse_pem(pem.as_str()).map_err(of_pki)?,
            None => Vec::new(),
        };
        let profile = apple::AppleProfile {
            identifier: format!("org.certporter.{}.{}", of.device, of.profile_id),
            display_name: name,
            organisation: "certporter",
            certificate: &of.certificate,
            chain: &of.chain,
            server_cas: &server_cas,
            identities,
            password: sealed.then(|| password.clone()),
            settings: of.profile.feature_settings(),
            mail_address: of.mail_address.clone(),
            person: of.person.clone(),
        };
        let signer = desk.builtin.hand_out_signer().await.map_err(of_ca)?;
        let by = apple::Signer { key: &signer.key, certificate: &signer.certificate, chain: &signer.chain };
        let file = apple::build(&profile, recipient, &by, portal.random()).map_err(of_pki)?;
        return Ok(Made { file: Zeroizing::new(file), password: (!sealed).then_some(password) });
    }
    let pfx = desk.kra.pfx(&of.key, &order, &password).await?;
    let file = match format {
        HandOutFormat::Syncml => {
            let store = match of.profile.subject_type() {
                SubjectType::User => windows::Store::User,
                SubjectType::Device => windows::Store::Device,
            };
            windows::build(&of.certificate, &pfx, store)
        }
        HandOutFormat::Pfx | HandOutFormat::Mobileconfig => pfx,
    };
    Ok(Made { file, password: Some(password) })
}

/// The certificates above one that this generation signed, the issuer's first.
pub(super) async fn chain(
    conn: &mut Conn,
    generation: CaGenerationId,
) -> Result<Vec<Certificate>, ServiceError> {
    let mut chain = Vec::new();
    let mut next = Some(generation);
    while let Some(id) = next {
        let row = ca_generations::generation(conn, id).await?;
        chain.push(Certificate::parse(&row.certificate_der).map_err(of_pki)?);
        next = row.parent_id;
    }
    Ok(chain)
}

/// The person's name, and the mail address that the profile's settings come to for them.
pub(super) async fn person(
    conn: &mut Conn,
    profile: &Profile,
    user: Option<UserId>,
    device: DeviceId,
) -> Result<(Option<String>, Option<String>), ServiceError> {
    let name = match user {
        Some(user) => Some(String::from(users::get(conn, user).await?.display_name)),
        None => None,
    };
    let Some(email) = &profile.feature_settings().email else { return Ok((name, None)) };
    let values = planner::values_of(conn, user, Some(device)).await?;
    let address = email.address.render(&|variable| values.get(variable)).ok();
    Ok((name, address.filter(|address| Email::parse(address).is_ok())))
}

/// What a file is called: in letters and digits that every system takes.
pub(super) fn file_name(profile: &Profile, format: HandOutFormat) -> String {
    let mut name = String::new();
    for character in profile.name().as_str().chars().take(60) {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "certificate" } else { name };
    let extension = match format {
        HandOutFormat::Pfx => "p12",
        HandOutFormat::Mobileconfig => "mobileconfig",
        HandOutFormat::Syncml => "xml",
    };
    format!("{name}.{extension}")
}

/// The media type of a form.
pub(super) fn media_type(format: HandOutFormat) -> &'static str {
    match format {
        // None is registered (RFC 7292 names none); this one is what systems know.
        HandOutFormat::Pfx => "application/x-pkcs12",
        HandOutFormat::Mobileconfig => apple::MEDIA_TYPE,
        HandOutFormat::Syncml => windows::MEDIA_TYPE,
    }
}
