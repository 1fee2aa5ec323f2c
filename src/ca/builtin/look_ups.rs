//! Standings of certificates for OCSP, looked up together: while the ledger is asked, whoever else wants to know waits and
//! shares the next question. With very many clients at once the database is asked a fraction as often.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use certporter_model::ids::CaGenerationId;
use certporter_model::serial::SerialNumber;
use tokio::sync::oneshot;

use crate::ca::contract::CaError;
use crate::store::issued_certificates::{self, StatusEntry};
use crate::store::{Db, StoreError};

/// At most so many are looked up by one question.
const TOGETHER: usize = 64;

type Answer = Result<Option<StatusEntry>, Arc<StoreError>>;

struct Asked {
    generation: CaGenerationId,
    serial: SerialNumber,
    answer: oneshot::Sender<Answer>,
}

#[derive(Default)]
struct Waiting {
    asked: Vec<Asked>,
    /// Whether somebody is asking the ledger.
    busy: bool,
}

/// Who waits for an answer from the ledger.
#[derive(Default)]
pub(super) struct LookUps(Arc<Mutex<Waiting>>);

impl LookUps {
    /// How a certificate stands, as the ledger has it at some moment after this is called; none for what it never signed.
    pub(super) async fn status(
        &self,
        db: &Db,
        generation: CaGenerationId,
        serial: &SerialNumber,
    ) -> Result<Option<StatusEntry>, CaError> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.asked.push(Asked { generation, serial: serial.clone(), answer });
            !std::mem::replace(&mut waiting.busy, true)
        };
        if begins {
            // On its own: a client that goes away must not take the answers of others with it.
            tokio::spawn(answer_all(db.clone(), Arc::clone(&self.0)));
        }
        match answered.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(CaError::Interrupted(error.to_string())),
            Err(_) => Err(CaError::Interrupted("a look at the ledger".to_owned())),
        }
    }
}

/// Answers until nobody waits.
async fn answer_all(db: Db, waiting: Arc<Mutex<Waiting>>) {
    loop {
        let asked = {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let count = waiting.asked.len().min(TOGETHER);
            if count == 0 {
                waiting.busy = false;
                return;
            }
            waiting.asked.drain(..count).collect::<Vec<_>>()
        };
        let mut of: HashMap<CaGenerationId, Vec<Asked>> = HashMap::new();
        for one in asked {
            of.entry(one.generation).or_default().push(one);
        }
        for (generation, asked) in of {
            let found = look_up(&db, generation, &asked).await.map_err(Arc::new);
            for one in asked {
                let answer = match &found {
                    Ok(found) => Ok(found.get(&one.serial).cloned()),
                    Err(error) => Err(Arc::clone(error)),
                };
                // Who does not wait any more needs no answer.
                let _ = one.answer.send(answer);
            }
        }
    }
}

async fn look_up(
    db: &Db,
    generation: CaGenerationId,
    asked: &[Asked],
) -> Result<HashMap<SerialNumber, StatusEntry>, StoreError> {
    let serials: Vec<SerialNumber> = asked.iter().map(|one| one.serial.clone()).collect();
    let mut conn = db.read().await?;
    let found = issued_certificates::statuses(&mut conn, generation, &serials).await?;
    Ok(found.into_iter().map(|entry| (entry.serial.clone(), entry)).collect())
}
