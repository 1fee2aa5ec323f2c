//! Who is said to have issued and kept everything.

use std::time::Duration;

use certporter_model::ids::{CaGenerationId, CaId, KraGenerationId};
use certporter_model::thumbprint::{PublicKeyHash, Thumbprint};

use super::{Fleet, GenerateError};
use crate::random::{Random, SeededRandom, octets};
use crate::store::WriteTx;
use crate::store::ca_generations::{self, Ca, CaGeneration};
use crate::store::kra_generations::{self, KraGeneration};

const DAY: Duration = Duration::from_secs(86_400);
/// Octets of a certificate that is none: as many as a small one has.
const FILLER: usize = 480;
/// What the made-up CA can: as much as the built-in one.
const CAPABILITIES: &str =
    r#"{"hold":true,"reasons":true,"find_by_key":true,"enumerate":true,"choose_serial":true}"#;

/// The issuing CA and the key recovery agent that everything is said to come from: those of the portal, if it has been
/// started; else rows without keys.
pub(super) struct Authorities {
    pub(super) ca: CaId,
    pub(super) ca_generation: CaGenerationId,
    /// Whether the built-in CA's ledger must know the certificates, so that they can be revoked.
    pub(super) has_ledger: bool,
    pub(super) kra_generation: KraGenerationId,
}

impl Authorities {
    pub(super) async fn find_or_make(
        tx: &mut WriteTx,
        fleet: &Fleet,
        random: &SeededRandom,
    ) -> Result<Self, GenerateError> {
        let at = fleet.at.minus(DAY * 900);
        let not_after = fleet.at.plus(DAY * 3650);
        let builtin = ca_generations::cas(tx).await?.into_iter().find(|ca| ca.kind == "builtin");
        let issuing = match &builtin {
            Some(ca) => {
                let all = ca_generations::generations(tx, ca.id).await?;
                all.into_iter().rfind(|generation| generation.purpose == "issuing").map(|it| (ca.id, it.id))
            }
            None => None,
        };
        let has_ledger = issuing.is_some();
        let (ca, ca_generation) = match issuing {
            Some(found) => found,
            None => {
                let ca = Ca {
                    id: CaId::new(at, octets(random)),
                    name: "generated".to_owned(),
                    kind: "generated".to_owned(),
                    capabilities: CAPABILITIES.to_owned(),
                    sealed_config: None,
                    created_at: at,
                };
                ca_generations::insert_ca(tx, &ca).await?;
                let generation = CaGeneration {
                    id: CaGenerationId::new(at, octets(random)),
                    ca_id: ca.id,
                    generation: 1,
                    purpose: "issuing".to_owned(),
                    parent_id: None,
                    certificate_der: filler(random),
                    thumbprint: Thumbprint::from_octets(octets(random)),
                    public_key_hash: PublicKeyHash::from_octets(octets(random)),
                    sealed_key: None,
                    not_before: at,
                    not_after,
                    state: "retired".to_owned(),
                    created_at: at,
                };
                ca_generations::insert_generation(tx, &generation).await?;
                (ca.id, generation.id)
            }
        };
        let storage = kra_generations::all(tx).await?.into_iter().rfind(|it| it.kind == "storage");
        let kra_generation = match storage {
            Some(generation) => generation.id,
            None => {
                let generation = KraGeneration {
                    id: KraGenerationId::new(at, octets(random)),
                    kind: "storage".to_owned(),
                    generation: 1,
                    certificate_der: filler(random),
                    thumbprint: Thumbprint::from_octets(octets(random)),
                    sealed_key: None,
                    not_before: at,
                    not_after,
                    state: "retired".to_owned(),
                    created_at: at,
                };
                kra_generations::insert(tx, &generation).await?;
                generation.id
            }
        };
        Ok(Self { ca, ca_generation, has_ledger, kra_generation })
    }
}

/// Octets that stand for a certificate.
pub(super) fn filler(random: &dyn Random) -> Vec<u8> {
    let mut octets = vec![0; FILLER];
    random.fill(&mut octets);
    octets
}
