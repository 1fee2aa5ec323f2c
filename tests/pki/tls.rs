//! The device listener's acceptor, over a real handshake.

use std::net::{TcpListener, TcpStream};

use certporter::pki::issuance::{Issuance, Validity};
use certporter::pki::tls::{ServerIdentity, device_acceptor, peer_certificate};
use certporter::pki::{Certificate, PrivateKey};
use certporter_model::Timestamp;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::key::KeyAlgorithm;
use openssl::pkey::PKey;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use openssl::x509::X509;

use super::{Authority, NOW};

fn management(ca: &Authority, validity: Validity) -> (PrivateKey, Certificate) {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let name = DistinguishedName::parse("CN=device").unwrap();
    let certificate = ca.issue(Issuance::management(name, key.public_key().clone(), validity), 20);
    (key, certificate)
}

/// What the server sees of a client with that certificate; an error when either side refuses.
fn handshake(
    ca: &Authority,
    client: Option<&(PrivateKey, Certificate)>,
    version: SslVersion,
) -> Result<Option<Vec<u8>>, String> {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let hosts = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let server = Issuance::tls_server(key.public_key().clone(), &hosts, Validity::days(NOW, 30)).unwrap();
    let identity = ServerIdentity { certificate: ca.issue(server, 30), key, chain: Vec::new() };
    let acceptor = device_acceptor(&identity, std::slice::from_ref(&ca.certificate)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let stream = acceptor.accept(stream).map_err(|e| e.to_string())?;
        Ok(peer_certificate(stream.ssl()))
    });
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_max_proto_version(Some(version)).unwrap();
    connector.cert_store_mut().add_cert(X509::from_der(ca.certificate.as_der()).unwrap()).unwrap();
    if let Some((key, certificate)) = client {
        let key = PKey::private_key_from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        connector.set_private_key(&key).unwrap();
        connector.set_certificate(&X509::from_der(certificate.as_der()).unwrap()).unwrap();
    }
    // The test's NOW is not the machine's: only the server's own checks are of interest.
    let mut client = connector.build().configure().unwrap();
    client.param_mut().set_time(NOW.as_seconds());
    let connected = client.connect("localhost", TcpStream::connect(address).unwrap());
    let seen: Result<Option<Vec<u8>>, String> = server.join().unwrap();
    // The client's word first: it says more.
    connected.map_err(|e| format!("{e:?}"))?;
    seen
}

#[test]
fn a_client_certificate_is_seen_in_both_versions_and_not_required() {
    let ca = Authority::root(KeyAlgorithm::EcP256);
    // Good at whatever time this machine has.
    let client = management(&ca, Validity::days(NOW, 7000));
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let seen = handshake(&ca, Some(&client), version).unwrap();
        assert_eq!(seen.as_deref(), Some(client.1.as_der()));
        assert_eq!(handshake(&ca, None, version).unwrap(), None);
    }
    assert!(handshake(&ca, None, SslVersion::TLS1_1).is_err());
}

#[test]
fn an_expired_one_is_let_through_and_a_stranger_s_is_not() {
    let ca = Authority::root(KeyAlgorithm::EcP256);
    let expired = management(&ca, Validity::days(Timestamp::from_seconds(1_000_000_000), 30));
    let seen = handshake(&ca, Some(&expired), SslVersion::TLS1_3).unwrap();
    assert_eq!(seen.as_deref(), Some(expired.1.as_der()));
    let stranger = management(&Authority::root(KeyAlgorithm::EcP256), Validity::days(NOW, 7000));
    assert!(handshake(&ca, Some(&stranger), SslVersion::TLS1_2).is_err());
}
