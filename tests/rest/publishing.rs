//! What relying parties ask over HTTP.

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certporter::pki::ocsp::{CertId, MALFORMED_REQUEST};
use certporter::web::publishing;
use certporter_model::serial::SerialNumber;
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt;

use super::certificates::{certificates, scene};
use super::program::Program;
use crate::support::database::TestDatabase;

async fn ask(router: &Router, method: Method, path: &str, body: Vec<u8>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let octets = axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec();
    (parts.status, parts.headers, octets)
}

#[tokio::test]
async fn ocsp_is_asked_by_get_and_post_and_badly() {
    let program = Program::new(TestDatabase::sqlite().await).await;
    let (_, _, laptop) = scene(&program, "maria").await;
    let serial = certificates(&program, &laptop).await[0]["serial"].as_str().unwrap().to_owned();
    let serial: SerialNumber = serial.parse().unwrap();
    let router = publishing::routes(program.portal.clone(), program.builtin.clone());
    let request = CertId::request(&program.builtin.issuing_certificate().unwrap(), &serial, false).unwrap();
    let plain = STANDARD.encode(&request);
    let escaped = plain.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let (status, posted, first) = ask(&router, Method::POST, "/ocsp", request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(posted["content-type"], "application/ocsp-response");
    assert!(first.len() > 200, "it is signed");
    for path in [format!("/ocsp/{plain}"), format!("/ocsp/{escaped}")] {
        let (status, headers, octets) = ask(&router, Method::GET, &path, Vec::new()).await;
        assert_eq!((status, octets.len() > 200), (StatusCode::OK, true), "{path}");
        let kept = headers["cache-control"].to_str().unwrap();
        assert!(kept.contains("max-age=60"), "{kept}: nobody goes on for long after a revocation");
        for name in ["etag", "expires", "last-modified"] {
            assert!(headers.contains_key(name), "{name}");
        }
    }
    let bad = [
        (Method::POST, "/ocsp", vec![0x30; 64 * 1024]),
        (Method::POST, "/ocsp", Vec::new()),
        (Method::POST, "/ocsp", b"no request".to_vec()),
        (Method::GET, "/ocsp/no%20base64!", Vec::new()),
        (Method::GET, "/ocsp/AAAA", Vec::new()),
    ];
    for (method, path, body) in bad {
        let (status, headers, octets) = ask(&router, method, path, body).await;
        assert_eq!((status, octets), (StatusCode::OK, MALFORMED_REQUEST.to_vec()), "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
    }
}
