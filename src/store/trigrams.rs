//! The indexes of trigrams, asked for words of any length.

use super::dialect::{Searched, is_in_trigrams, like, local_part, phrase, push_words};
use super::{Conn, NEAR, Result, Sql, sql};

/// More beginnings than there are after any letters that are not in very many rows.
const BEGINNINGS: u32 = 2_000;

/// So many matches are read and sorted at once.
const FEW: u32 = 500;

/// A word of so many characters or more is looked for by its rarest trigrams: all of them together take longer.
const LONG: usize = 8;

/// So many trigrams of a long word are compared, and so many of them are asked for.
const COMPARED: usize = 12;
const ASKED: usize = 4;

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

impl Finds {
    fn of(found: i64) -> Self {
        match found {
            0 => Self::Nothing,
            few if few < i64::from(FEW) => Self::Few,
            _ => Self::Many,
        }
    }
}

/// How much SQLite's index of users or devices finds.
pub(crate) async fn finds(conn: &mut Conn, table: Searched, wanted: &str) -> Result<Finds> {
    let text = match table {
        Searched::Users => {
            "SELECT count(*) FROM (SELECT rowid FROM users_search WHERE users_search MATCH $1 LIMIT $2)"
        }
        _ => "SELECT count(*) FROM (SELECT rowid FROM devices_search WHERE devices_search MATCH $1 LIMIT $2)",
    };
    Ok(Finds::of(sql!(text, wanted.to_owned(), FEW).scalar::<i64>(conn).await?))
}

/// The same by what PostgreSQL's index finds.
pub(crate) async fn finds_words(conn: &mut Conn, table: Searched, words: &[String]) -> Result<Finds> {
    // By itself and for these words, so that no limit tempts the planner to look through everything.
    let mut query = Sql::new(match table {
        Searched::Users => "WITH matches AS MATERIALIZED (SELECT 1 FROM users WHERE users.deleted_at IS NULL",
        _ => "WITH matches AS MATERIALIZED (SELECT 1 FROM devices WHERE devices.deleted_at IS NULL",
    });
    push_words(&mut query, table, words);
    query.push(") SELECT count(*) FROM (SELECT 1 FROM matches LIMIT ").bind(&FEW).push(") AS bounded");
    query.planned_for_values();
    Ok(Finds::of(query.scalar::<i64>(conn).await?))
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

/// So many of the newest certificates tell PostgreSQL which words and trigrams are in many: its indexes don't.
const NEWEST: u32 = 300;

/// What PostgreSQL's index of certificates is asked for.
#[derive(Debug)]
pub(crate) struct Sampled {
    /// Words and trigrams that the index is asked for.
    pub(crate) wanted: Vec<String>,
    /// Words that are looked for in what it finds.
    pub(crate) in_part: Vec<String>,
    /// How many of the newest certificates have all of the words.
    pub(crate) newest: i64,
}

impl Sampled {
    /// How many of the newest have to be looked through for a page of what has the words, or nearly; none when it is too
    /// many.
    pub(crate) fn depth(&self, limit: u32) -> Option<u32> {
        let about = i64::from(limit) * i64::from(NEWEST) / self.newest.max(1);
        let enough = about + about / 2;
        (enough <= i64::from(3 * NEAR)).then(|| u32::try_from(2 * about).unwrap_or(NEAR).max(NEAR))
    }
}

/// As [`rarest`], for PostgreSQL: each trigram that its index is asked for is looked up for every row that the rarest is
/// in, so that a long word whole takes ten times as long as a few of its trigrams.
pub(crate) async fn sampled(conn: &mut Conn, words: &[String]) -> Result<Sampled> {
    let parts: Vec<(usize, String)> = words
        .iter()
        .map(|word| local_part(word).unwrap_or(word))
        .enumerate()
        .filter(|(_, word)| word.chars().count() >= LONG)
        .flat_map(|(place, word)| spread(word).into_iter().map(move |trigram| (place, trigram)))
        // Its trigrams have letters and digits alone.
        .filter(|(_, trigram)| trigram.chars().all(char::is_alphanumeric))
        .collect();
    let asked: Vec<String> = parts.iter().map(|(_, trigram)| like(trigram)).collect();
    let mut query = Sql::new(
        "WITH newest AS MATERIALIZED (SELECT (search_key || ' ' || names_key) AS key FROM certificates
                                      ORDER BY id DESC LIMIT ",
    );
    query.bind(&NEWEST);
    query.push("), counted (place, count) AS (SELECT 0, (SELECT count(*) FROM newest WHERE 1 = 1");
    for word in words {
        query.push(" AND newest.key LIKE ").bind(&like(word)).push(" ESCAPE '\\'");
    }
    query.push(") UNION ALL SELECT asked.place, (SELECT count(*) FROM newest WHERE newest.key LIKE asked.part ESCAPE '\\')");
    query.push(" FROM unnest(CAST(ARRAY[").bind_list(&asked);
    query.push(
        "] AS TEXT[])) WITH ORDINALITY AS asked (part, place)) SELECT count FROM counted ORDER BY place",
    );
    let counts: Vec<i64> = query.scalars(conn).await?;
    let newest = counts.first().copied().unwrap_or_default();
    let (mut wanted, mut in_part) = (Vec::new(), Vec::new());
    for (place, word) in words.iter().enumerate() {
        let mut rarest: Vec<(i64, &String)> = parts
            .iter()
            .zip(counts.iter().skip(1))
            .filter(|((of, _), _)| *of == place)
            .map(|((_, trigram), count)| (*count, trigram))
            .collect();
        if rarest.is_empty() {
            match local_part(word) {
                Some(local) => {
                    wanted.push(local.to_owned());
                    in_part.push(word.clone());
                }
                None => wanted.push(word.clone()),
            }
            continue;
        }
        rarest.sort_by_key(|(count, _)| *count);
        wanted.extend(rarest.into_iter().take(ASKED).map(|(_, trigram)| trigram.clone()));
        in_part.push(word.clone());
    }
    Ok(Sampled { wanted, in_part, newest })
}

/// Trigrams of a word, from all over it: both ends, and as far apart as they have to be.
fn spread(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let all: Vec<&[char]> = letters.windows(3).collect();
    let last = all.len().saturating_sub(1);
    let most = COMPARED.min(all.len());
    let mut spread: Vec<String> = Vec::new();
    for place in 0..most {
        let trigram: String = all[place * last / (most - 1).max(1)].iter().collect();
        if !spread.contains(&trigram) {
            spread.push(trigram);
        }
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigrams_are_from_all_over_a_word() {
        assert_eq!(spread("müller.a"), ["mül", "üll", "lle", "ler", "er.", "r.a"]);
        let long: String = ('a'..='z').chain('a'..='z').chain('a'..='z').collect();
        let some = spread(&long);
        assert!(
            some.len() <= COMPARED && some[0] == "abc" && some.iter().all(|it| long.contains(it.as_str()))
        );
        assert_eq!(some.last().unwrap(), "xyz");
    }
}
