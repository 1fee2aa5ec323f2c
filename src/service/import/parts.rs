//! A long file in parts: small enough for a transaction each, and such that nothing that one part does to anybody is
//! undone by another. Whoever leaves one group and joins another does both in one part.

use std::collections::HashMap;
use std::hash::Hash;

/// Rows of a part; more only where they belong together.
pub(super) const PART: usize = 200;

/// Puts rows that share a key together, and as many others with them as make a part. They keep their order.
pub(super) fn parts<T, K: Eq + Hash>(rows: Vec<T>, keys: impl Fn(&T) -> Vec<K>) -> Vec<Vec<T>> {
    let mut leaders: Vec<usize> = (0..rows.len()).collect();
    let mut first_with = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        for key in keys(row) {
            let other = *first_with.entry(key).or_insert(index);
            let (one, other) = (leader(&mut leaders, index), leader(&mut leaders, other));
            leaders[one.max(other)] = one.min(other);
        }
    }
    let mut together: Vec<Vec<T>> = Vec::new();
    let mut place_of = HashMap::new();
    for (index, row) in rows.into_iter().enumerate() {
        let place = *place_of.entry(leader(&mut leaders, index)).or_insert(together.len());
        if place == together.len() {
            together.push(Vec::new());
        }
        together[place].push(row);
    }
    let mut parts: Vec<Vec<T>> = Vec::new();
    for some in together {
        match parts.last_mut() {
            Some(part) if part.len() + some.len() <= PART => part.extend(some),
            _ => parts.push(some),
        }
    }
    parts
}

/// The first of those that belong together.
fn leader(leaders: &mut [usize], of: usize) -> usize {
    let mut at = of;
    while leaders[at] != at {
        leaders[at] = leaders[leaders[at]];
        at = leaders[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_share_a_key_are_in_one_part() {
        // Each row of the first half shares a key with one of the second, and the last joins two such pairs.
        let mut rows: Vec<Vec<usize>> = (0..600).map(|row| vec![row % 300]).collect();
        rows.push(vec![0, 299]);
        let parts = parts(rows.clone(), Clone::clone);
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), rows.len());
        assert!(parts.len() >= 3 && parts.iter().all(|part| part.len() <= PART));
        let part_of = |key: usize| {
            let with: Vec<usize> =
                (0..parts.len()).filter(|&part| parts[part].iter().any(|row| row.contains(&key))).collect();
            assert_eq!(with.len(), 1, "{key}");
            with[0]
        };
        for key in 0..300 {
            part_of(key);
        }
        assert_eq!(part_of(0), part_of(299));
    }

    #[test]
    fn what_belongs_together_is_never_cut() {
        let parts = parts((0..PART * 2).collect(), |row| if row % 2 == 0 { vec!["even"] } else { vec![] });
        assert_eq!(parts[0].len(), PART);
        assert!(parts[0].iter().all(|row| row % 2 == 0));
    }
}
