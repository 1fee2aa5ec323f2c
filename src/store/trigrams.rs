//! SQLite's indexes of trigrams, asked for words of any length.

use super::dialect::{Searched, is_in_trigrams, phrase};
use super::{Conn, Result, sql};

/// More beginnings than there are after any letters that are not in very many rows.
const BEGINNINGS: u32 = 2_000;

/// So many matches are read and sorted at once.
const FEW: u32 = 500;

/// A word of so many characters or more is looked for by its rarest trigrams: all of them together take longer.
const LONG: usize = 8;

/// So many trigrams of a long word are compared, and so many of them are asked for.
const COMPARED: usize = 8;
const ASKED: usize = 3;

/// How rare a trigram is, is told by so many of the newest rows that have it.
const SAMPLE: i64 = 64;

/// What the index of a table is asked for, so that every word is somewhere; none when no trigram begins with one of them.
/// A word that is too short for a trigram is found by those that begin with it: keys are indexed with two line ends after
/// them, so that the last letters of a key begin one too.
pub(crate) async fn wanted(conn: &mut Conn, table: Searched, words: &[String]) -> Result<Option<String>> {
    let mut wanted = Vec::new();
    for word in words {
        if is_in_trigrams(word) {
            wanted.push(phrase(word));
            continue;
        }
        let after = format!("{word}\u{10ffff}");
        let text = match table {
            Searched::Users => "SELECT term FROM users_trigrams WHERE term >= $1 AND term <= $2 LIMIT $3",
            Searched::Devices => "SELECT term FROM devices_trigrams WHERE term >= $1 AND term <= $2 LIMIT $3",
            _ => "SELECT term FROM certificates_trigrams WHERE term >= $1 AND term <= $2 LIMIT $3",
        };
        let beginnings: Vec<String> = sql!(text, word, after, BEGINNINGS).scalars(conn).await?;
        if beginnings.is_empty() {
            return Ok(None);
        }
        let each: Vec<String> = beginnings.iter().map(|trigram| phrase(trigram)).collect();
        wanted.push(format!("({})", each.join(" OR ")));
    }
    Ok(Some(wanted.join(" AND ")))
}

/// How much an index finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Finds {
    /// Nothing.
    Nothing,
    /// No more than is read and sorted at once.
    Few,
    /// More.
    Many,
}

/// How much the index of users or devices finds.
pub(crate) async fn finds(conn: &mut Conn, table: Searched, wanted: &str) -> Result<Finds> {
    let text = match table {
        Searched::Users => {
            "SELECT count(*) FROM (SELECT rowid FROM users_search WHERE users_search MATCH $1 LIMIT $2)"
        }
        _ => "SELECT count(*) FROM (SELECT rowid FROM devices_search WHERE devices_search MATCH $1 LIMIT $2)",
    };
    Ok(match sql!(text, wanted.to_owned(), FEW).scalar::<i64>(conn).await? {
        0 => Finds::Nothing,
        few if few < i64::from(FEW) => Finds::Few,
        _ => Finds::Many,
    })
}

/// What the index of certificates is asked for so that every word may be there, each long enough for a trigram; and the
/// words of which only a part is asked for, which have to be looked for in what is found.
pub(crate) async fn rarest(conn: &mut Conn, words: &[String]) -> Result<(String, Vec<String>)> {
    let (mut wanted, mut in_part) = (Vec::new(), Vec::new());
    for word in words {
        if word.chars().count() < LONG {
            wanted.push(phrase(word));
            continue;
        }
        let mut compared = Vec::new();
        for trigram in spread(word) {
            let text =
                "SELECT CASE WHEN count(*) < $1 THEN 9223372036854775807 ELSE max(row) - min(row) END FROM
                        (SELECT rowid AS row FROM certificates_search WHERE certificates_search MATCH $2
                         ORDER BY rowid DESC LIMIT $1)";
            let apart: i64 = sql!(text, SAMPLE, phrase(&trigram)).scalar(conn).await?;
            compared.push((apart, trigram));
        }
        // Those whose rows are farthest apart.
        compared.sort_by_key(|(apart, _)| std::cmp::Reverse(*apart));
        wanted.extend(compared.iter().take(ASKED).map(|(_, trigram)| phrase(trigram)));
        in_part.push(word.clone());
    }
    Ok((wanted.join(" "), in_part))
}

/// Trigrams of a word that don't overlap, from all over it.
fn spread(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let all: Vec<String> = letters.chunks_exact(3).map(|trigram| trigram.iter().collect()).collect();
    let step = all.len().div_ceil(COMPARED).max(1);
    all.into_iter().step_by(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigrams_are_from_all_over_a_word() {
        assert_eq!(spread("müller.a"), ["mül", "ler"]);
        let long: String = ('a'..='z').chain('a'..='z').chain('a'..='z').collect();
        let some = spread(&long);
        assert!(
            some.len() <= COMPARED && some[0] == "abc" && some.iter().all(|it| long.contains(it.as_str()))
        );
        assert!(long.find(some.last().unwrap()).is_some());
    }
}
