//! `/authorities/files/{generation}.crt`, `.pem`, `.crl`: what relying parties need of a CA.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use certporter::service::ServiceError;
use certporter::service::authorities::{self, FileKind};
use certporter_model::CaGenerationId;
use http::{HeaderValue, header};

use crate::pages::asked::{Asked, id};

/// Sends one.
pub async fn get(asked: Asked, Path(name): Path<String>) -> Response {
    let file = async {
        let missing = ServiceError::NotFound { what: "file of a CA" };
        let Some((generation, ending)) = name.rsplit_once('.') else { return Err(missing) };
        let kind = match ending {
            "crt" => FileKind::Der,
            "pem" => FileKind::Pem,
            "crl" => FileKind::Crl,
            _ => return Err(missing),
        };
        let generation = id::<CaGenerationId>(generation, "CA")?;
        authorities::download(&asked.portal, &asked.caller, generation, kind).await
    };
    match file.await {
        Ok(file) => {
            let mut response = file.octets.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
            if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", file.name)) {
                headers.insert(header::CONTENT_DISPOSITION, name);
            }
            response
        }
        Err(error) => asked.refuse(error).await,
    }
}
