//! What is noted of a certificate beside its copies, compared with them.

use certporter::store::certificates::{CertificateFilter, Delivery};
use certporter::store::steps::copies;
use certporter::store::{Db, certificate_search};
use certporter_model::access::Visibility;
use certporter_model::copy::CopyState;
use certporter_model::ids::CertificateId;

/// So many certificates are looked at.
const MOST: u32 = 1_000;

/// A certificate is on no device exactly when none of its copies is there, or on its way.
pub(crate) async fn is_noted_right(db: &Db) {
    let mut conn = db.read().await.unwrap();
    let all = CertificateFilter::default();
    let nowhere = CertificateFilter { delivery: Some(Delivery::Nowhere), ..CertificateFilter::default() };
    let all = certificate_search::ids(&mut conn, &Visibility::All, &all, MOST).await.unwrap();
    let nowhere = certificate_search::ids(&mut conn, &Visibility::All, &nowhere, MOST).await.unwrap();
    let mut without: Vec<CertificateId> = Vec::new();
    for id in all {
        let copies = copies::of_certificate(&mut conn, id).await.unwrap();
        let lives = |state| !matches!(state, CopyState::Removing | CopyState::Removed);
        if !copies.iter().any(|copy| lives(copy.state)) {
            without.push(id);
        }
    }
    assert_eq!(nowhere, without, "certificates on no device, as noted and by their copies");
}
