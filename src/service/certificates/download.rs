//! The public part of a certificate. Its key is nowhere to be had here.

use certporter_model::CertificateId;
use certporter_model::access::Caller;

use super::{PublicForm, PublicPart, find};
use crate::pki::pem;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::ca_generations;

/// The public part in a form.
///
/// # Errors
/// When the caller may not, or there is no such certificate.
pub async fn download(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
    form: PublicForm,
) -> Result<PublicPart, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (certificate, _) = find(&mut conn, caller, Operation::CertificatesDownload, id).await?;
    let name = certificate.serial.to_string();
    Ok(match form {
        PublicForm::Pem => PublicPart {
            file_name: format!("{name}.pem"),
            media_type: "application/x-pem-file",
            octets: pem::certificates([certificate.der.as_slice()]).into_bytes(),
        },
        PublicForm::Der => PublicPart {
            file_name: format!("{name}.cer"),
            media_type: "application/pkix-cert",
            octets: certificate.der,
        },
        PublicForm::Chain => {
            let mut chain = vec![certificate.der];
            let mut issuer = Some(certificate.ca_generation_id);
            while let Some(id) = issuer {
                let generation = ca_generations::generation(&mut conn, id).await?;
                issuer = generation.parent_id;
                chain.push(generation.certificate_der);
            }
            PublicPart {
                file_name: format!("{name}-chain.pem"),
                media_type: "application/pem-certificate-chain",
                octets: pem::certificates(chain.iter().map(Vec::as_slice)).into_bytes(),
            }
        }
    })
}
