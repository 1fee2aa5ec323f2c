//! OCSP: what is asked well or badly, and how it is answered.

use certporter::pki::ocsp::{CertId, MALFORMED_REQUEST};

use super::*;

/// A DER value of less than 65,536 octets.
fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let head = match contents.len() {
        short @ 0..128 => vec![tag, u8::try_from(short).unwrap()],
        128..256 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [&head, contents].concat()
}

/// The part of a request that names one certificate.
fn single(issuer: &Certificate, serial: &SerialNumber) -> Vec<u8> {
    let whole = CertId::request(issuer, serial, false).unwrap();
    // OCSPRequest, TBSRequest and the list, each with a header of two octets.
    whole[6..].to_vec()
}

/// A request about several, with a nonce or without (RFC 9654).
fn request_of(singles: &[Vec<u8>], nonce: Option<&[u8]>) -> Vec<u8> {
    let mut tbs = der(0x30, &singles.concat());
    if let Some(nonce) = nonce {
        let oid = [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];
        let value = der(0x04, &der(0x04, nonce));
        let extension = der(0x30, &[&oid[..], &value].concat());
        tbs.extend(der(0xa2, &der(0x30, &extension)));
    }
    der(0x30, &der(0x30, &tbs))
}

fn count(octets: &[u8], part: &[u8]) -> usize {
    octets.windows(part.len()).filter(|window| *window == part).count()
}

/// The states as single answers have them, with the time that follows.
const GOOD: [u8; 4] = [0x80, 0x00, 0x18, 0x0f];
const UNKNOWN: [u8; 4] = [0x82, 0x00, 0x18, 0x0f];

#[tokio::test]
async fn several_are_answered_at_once_each_in_its_turn() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let issuing = world.ca.issuing_certificate().unwrap().clone();
    let good = world.sign(&request("1", &key())).await;
    let held = world.sign(&request("2", &key())).await;
    world.revoke(&held, RevocationKind::Hold, Reason::CertificateHold).await;
    let never: SerialNumber = "4711".parse().unwrap();
    let all = [good.certificate.serial(), held.certificate.serial(), &never];
    let singles: Vec<_> = all.iter().map(|serial| single(&issuing, serial)).collect();
    let answer = world.ca.ocsp(&request_of(&singles, None)).await.unwrap();
    // A hold is a revocation that may end (RFC 6960, section 2.2).
    let hold = [0xa0, 0x03, 0x0a, 0x01, 0x06];
    let states = [&GOOD[..], &hold, &UNKNOWN].map(|state| count(&answer.octets, state));
    assert_eq!(states, [1, 1, 1]);
    assert_eq!(answer.fresh_until, None, "what is unknown may be issued in a moment");
    world.revoke(&held, RevocationKind::Release, Reason::CertificateHold).await;
    let answer = world.ca.ocsp(&request_of(&singles[..2], None)).await.unwrap();
    assert_eq!((count(&answer.octets, &GOOD), count(&answer.octets, &hold)), (2, 0));
    assert_eq!(answer.fresh_until, Some(world.clock.now().plus(HOUR)));

    // Twenty are the most; the others of a thousand are not worth the signature.
    let twenty = vec![singles[0].clone(); 20];
    let answer = world.ca.ocsp(&request_of(&twenty, None)).await.unwrap();
    assert_eq!(count(&answer.octets, &GOOD), 20);
    for many in [21, 500] {
        let answer = world.ca.ocsp(&request_of(&vec![singles[0].clone(); many], None)).await.unwrap();
        assert_eq!(answer.octets, MALFORMED_REQUEST);
    }
}

#[tokio::test]
async fn a_certificate_of_another_issuer_is_unknown_beside_ours() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let issuing = world.ca.issuing_certificate().unwrap().clone();
    let good = world.sign(&request("1", &key())).await;
    let serial = good.certificate.serial();
    let stranger = DeviceCa::open(&world.database, &world.master, &*world.clock, Arc::new(SystemRandom));
    let stranger = stranger.await.unwrap().certificate().clone();
    let both = [single(&issuing, serial), single(&stranger, serial)];
    let answer = world.ca.ocsp(&request_of(&both, None)).await.unwrap();
    assert_eq!((count(&answer.octets, &GOOD), count(&answer.octets, &UNKNOWN)), (1, 1));
}

#[tokio::test]
async fn nonces_of_1_to_128_octets_come_back_and_no_others() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let issuing = world.ca.issuing_certificate().unwrap().clone();
    let issued = world.sign(&request("1", &key())).await;
    let asked = [single(&issuing, issued.certificate.serial())];
    for length in [1, 32, 128] {
        let nonce = vec![0x5a; length];
        let answer = world.ca.ocsp(&request_of(&asked, Some(&nonce))).await.unwrap();
        assert_eq!(count(&answer.octets, &der(0x04, &der(0x04, &nonce))), 1, "{length}");
        assert_eq!(answer.fresh_until, None, "an answer for one client is not for others");
    }
    for length in [0, 129, 1000] {
        let answer = world.ca.ocsp(&request_of(&asked, Some(&vec![0x5a; length]))).await.unwrap();
        assert_eq!(answer.octets, MALFORMED_REQUEST, "{length}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_called_so() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let issuing = world.ca.issuing_certificate().unwrap().clone();
    let issued = world.sign(&request("1", &key())).await;
    let right = request_of(&[single(&issuing, issued.certificate.serial())], None);
    assert_eq!(count(&world.ca.ocsp(&right).await.unwrap().octets, &GOOD), 1);
    let trailing = [&right[..], &[0]].concat();
    let none = request_of(&[], None);
    let mut longer = right.clone();
    longer[1] += 1;
    let cut = (0..right.len()).map(|end| right[..end].to_vec());
    let wrong = [trailing, none, longer, vec![0x30, 0x80], vec![0xff; 8192], vec![0; 9000]];
    for asked in wrong.into_iter().chain(cut) {
        let answer = world.ca.ocsp(&asked).await.unwrap();
        assert_eq!(answer.octets, MALFORMED_REQUEST, "{asked:02x?}");
        assert_eq!(answer.fresh_until, None);
    }
}

#[tokio::test]
async fn its_signer_renews_itself_in_time() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let issuing = world.ca.issuing_certificate().unwrap().clone();
    let issued = world.sign(&request("1", &key())).await;
    let asked = request_of(&[single(&issuing, issued.certificate.serial())], None);
    let signer = async || {
        let answer = world.ca.ocsp(&asked).await.unwrap().octets;
        // The certificate is the last of the answer: from its header to the end.
        let starts = (0..answer.len()).filter(|&at| answer[at] == 0x30);
        let found: Vec<_> = starts.filter_map(|at| Certificate::parse(&answer[at..]).ok()).collect();
        assert_eq!(found.len(), 1, "one certificate goes with it");
        found.into_iter().next().unwrap()
    };
    let first = signer().await;
    assert!(first.is_signed_by(&issuing));
    world.clock.advance(6 * 24 * HOUR);
    assert_eq!(signer().await, first);
    world.clock.advance(2 * 24 * HOUR);
    let second = signer().await;
    assert_ne!(second, first);
    assert!(second.is_signed_by(&issuing) && second.not_after() > first.not_after());
    let left = first.not_after().since(world.clock.now());
    assert!(left > 5 * 24 * HOUR, "the old one was good for days: {left:?}");
}
