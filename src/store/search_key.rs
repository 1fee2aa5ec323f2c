//! Keys by which people search and names are compared: without regard to case, accents and width.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds a text: compatibility decomposition (Unicode NFKD), combining marks dropped, lower case, letters that don't
/// decompose written out, spaces made one. Marks of direction and other invisible characters are dropped.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
        // Lower case of a capital with a dot above brings a combining mark again.
        if is_combining_mark(c) || is_invisible(c) {
            continue;
        }
        if c.is_whitespace() || c.is_control() {
            gap = !folded.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            folded.push(' ');
        }
        match spelled_out(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    folded
}

/// The key of a row: every part folded, one after the other. A part that is missing is left out.
#[must_use]
pub fn search_key<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let folded: Vec<String> = parts.into_iter().flatten().map(fold).filter(|part| !part.is_empty()).collect();
    folded.join("\n")
}

/// The words of what somebody searches for, folded; at most eight.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).take(8).map(str::to_owned).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

const fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "n",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_width_do_not_matter() {
        for (typed, folded) in [
            ("Jürgen GROẞE", "jurgen grosse"),
            ("Łukasz Żółć", "lukasz zolc"),
            ("İstanbul ışık", "istanbul isik"),
            ("Ｆｕｌｌｗｉｄｔｈ", "fullwidth"),
            ("  a \u{200f}b\t c ", "a b c"),
            ("Ωμέγας", "ωμεγασ"),
        ] {
            assert_eq!(fold(typed), folded);
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["Ǆ ﬃ ½", "नमस्ते", "한국어", "שָׁלוֹם", "ǅungla"] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }

    #[test]
    fn a_key_has_every_part_that_is_there() {
        assert_eq!(search_key([Some("Ann"), None, Some(" "), Some("ann@x.org")]), "ann\nann@x.org");
        assert_eq!(words("  Ann   B"), ["ann", "b"]);
    }
}
