//! Drawing on every processor, one chunk ahead of the one that is written.

use std::ops::Range;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::GenerateError;
use super::holdings::Holdings;
use super::organisation::Organisation;
use super::rows::Rows;

/// Devices of one transaction, so that other writers get their turn.
const CHUNK: usize = 2_500;

type Drawn = Result<Rows, GenerateError>;

/// What the devices hold, chunk by chunk.
pub(super) struct Chunks {
    holdings: Arc<Holdings>,
    next: Option<(Range<usize>, JoinHandle<Drawn>)>,
}

impl Chunks {
    /// Begins to draw.
    pub(super) fn start(holdings: Holdings) -> Self {
        let mut it = Self { holdings: Arc::new(holdings), next: None };
        it.begin(0);
        it
    }

    fn begin(&mut self, from: usize) {
        let range = from..(from + CHUNK).min(self.holdings.shares.len());
        let (holdings, devices) = (Arc::clone(&self.holdings), range.clone());
        self.next = (!range.is_empty())
            .then(|| (range, tokio::task::spawn_blocking(move || draw(&holdings, devices))));
    }

    /// The next devices with what they hold; the ones after them are begun.
    pub(super) async fn next(&mut self) -> Result<Option<(Range<usize>, Rows)>, GenerateError> {
        let Some((range, drawing)) = self.next.take() else { return Ok(None) };
        let rows = drawing.await.map_err(|_| GenerateError::Stopped)??;
        self.begin(range.end);
        Ok(Some((range, rows)))
    }

    pub(super) fn organisation(&self) -> &Organisation {
        &self.holdings.organisation
    }
}

/// What these devices hold, in their order.
fn draw(holdings: &Holdings, devices: Range<usize>) -> Drawn {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let shares = &holdings.shares[devices];
    let of_some = |some: &[super::holdings::Share]| -> Drawn {
        let mut rows = Rows::default();
        for share in some {
            rows.append(holdings.draw(share)?);
        }
        Ok(rows)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = shares
            .chunks(shares.len().div_ceil(threads).max(1))
            .map(|some| scope.spawn(move || of_some(some)))
            .collect();
        let mut all = Rows::default();
        for thread in running {
            all.append(thread.join().map_err(|_| GenerateError::Stopped)??);
        }
        Ok(all)
    })
}
