//! SQLite's index of trigrams of certificates, asked for words of any length.

use super::dialect::{is_in_trigrams, phrase};
use super::{Conn, Result, sql};

/// More beginnings than there are after any letters that are not in very many rows.
const BEGINNINGS: u32 = 2_000;

/// What the index is asked for, so that every word is somewhere; none when no trigram begins with one of them. A word
/// that is too short for a trigram is found by those that begin with it: keys are indexed with two line ends after them,
/// so that the last letters of a key begin one too.
pub(crate) async fn wanted(conn: &mut Conn, words: &[String]) -> Result<Option<String>> {
    let mut wanted = Vec::new();
    for word in words {
        if is_in_trigrams(word) {
            wanted.push(phrase(word));
            continue;
        }
        let after = format!("{word}\u{10ffff}");
        let text = "SELECT term FROM certificates_trigrams WHERE term >= $1 AND term <= $2 LIMIT $3";
        let beginnings: Vec<String> = sql!(text, word, after, BEGINNINGS).scalars(conn).await?;
        if beginnings.is_empty() {
            return Ok(None);
        }
        let each: Vec<String> = beginnings.iter().map(|trigram| phrase(trigram)).collect();
        wanted.push(format!("({})", each.join(" OR ")));
    }
    Ok(Some(wanted.join(" AND ")))
}
