//! Names from several languages and scripts, each with its form in ASCII for account names.

use crate::random::{Random, below};

type Written = (&'static str, &'static str);

const GIVEN: &[Written] = &[
    ("Jürgen", "juergen"),
    ("Søren", "soeren"),
    ("Zoë", "zoe"),
    ("Łucja", "lucja"),
    ("Dvořák", "dvorak"),
    ("Íris", "iris"),
    ("François", "francois"),
    ("Ngọc", "ngoc"),
    ("Σοφία", "sofia"),
    ("Иван", "ivan"),
    ("Ольга", "olga"),
    ("محمد", "mohammed"),
    ("נועה", "noa"),
    ("प्रिया", "priya"),
    ("美咲", "misaki"),
    ("伟", "wei"),
    ("지훈", "jihoon"),
    ("Ayşe", "ayse"),
    ("Ọlá", "ola"),
    ("Grace", "grace"),
    ("Tom", "tom"),
];

const FAMILY: &[Written] = &[
    ("Müller-Lüdenscheidt", "mueller-luedenscheidt"),
    ("Ångström", "angstroem"),
    ("Żółkiewski", "zolkiewski"),
    ("O’Neill", "oneill"),
    ("da Conceição", "conceicao"),
    ("Nguyễn", "nguyen"),
    ("Παπαδόπουλος", "papadopoulos"),
    ("Соловьёв", "solovyov"),
    ("حسن", "hassan"),
    ("כהן", "cohen"),
    ("शर्मा", "sharma"),
    ("佐藤", "sato"),
    ("王", "wang"),
    ("김", "kim"),
    ("Yılmaz", "yilmaz"),
    ("Adébáyò", "adebayo"),
    ("Smith", "smith"),
    ("Þórsdóttir", "thorsdottir"),
];

/// Departments, with teams in each.
pub(super) const DEPARTMENTS: &[&str] = &[
    "Sales",
    "Entwicklung",
    "Finanças",
    "研究開発",
    "Support",
    "Логистика",
    "Recht & Compliance",
    "Produção",
];

/// A person's name, as people write it and for an account.
pub(super) fn person(random: &dyn Random) -> (String, String) {
    let (given, given_ascii) = pick(random, GIVEN);
    let (family, family_ascii) = pick(random, FAMILY);
    (format!("{given} {family}"), format!("{given_ascii}.{family_ascii}"))
}

/// One of them.
pub(super) fn pick<T: Copy>(random: &dyn Random, of: &[T]) -> T {
    of[usize::try_from(below(random, of.len() as u64)).unwrap_or(0)]
}
