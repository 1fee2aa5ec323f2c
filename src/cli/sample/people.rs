//! Invented people: names from several languages and scripts, each with its form in plain ASCII for account names.

/// A name as people write it, and in ASCII.
type Written = (&'static str, &'static str);

/// Given names and family names that go together.
struct Language {
    given: &'static [Written],
    family: &'static [Written],
    /// Whether the family name comes first.
    family_first: bool,
}

const LANGUAGES: &[Language] = &[
    Language {
        given: &[
            ("Maria", "maria"),
            ("José", "jose"),
            ("Lucía", "lucia"),
            ("Íñigo", "inigo"),
            ("Begoña", "begona"),
            ("Andrés", "andres"),
        ],
        family: &[
            ("Ortiz", "ortiz"),
            ("Núñez", "nunez"),
            ("García Peña", "garcia-pena"),
            ("Ibáñez", "ibanez"),
            ("de la Vega", "delavega"),
            ("Muñoz", "munoz"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("Jürgen", "juergen"),
            ("Käthe", "kaethe"),
            ("Sören", "soeren"),
            ("Annegret", "annegret"),
            ("Björn", "bjoern"),
            ("Zoë", "zoe"),
        ],
        family: &[
            ("Größe", "groesse"),
            ("Müller-Lüdenscheidt", "mueller-luedenscheidt"),
            ("Weiß", "weiss"),
            ("Schäfer", "schaefer"),
            ("Vogt", "vogt"),
            ("Özdemir", "oezdemir"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("Siobhán", "siobhan"),
            ("Conor", "conor"),
            ("Aoife", "aoife"),
            ("Grace", "grace"),
            ("Tom", "tom"),
            ("Niamh", "niamh"),
        ],
        family: &[
            ("O'Brien", "obrien"),
            ("Ó Súilleabháin", "osuilleabhain"),
            ("Walsh", "walsh"),
            ("Okafor", "okafor"),
            ("Smith-Jones", "smith-jones"),
            ("Baker", "baker"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("Łukasz", "lukasz"),
            ("Małgorzata", "malgorzata"),
            ("Żaneta", "zaneta"),
            ("Piotr", "piotr"),
            ("Ewa", "ewa"),
            ("Świętosława", "swietoslawa"),
        ],
        family: &[
            ("Wójcik", "wojcik"),
            ("Dąbrowska", "dabrowska"),
            ("Błaszczykowski", "blaszczykowski"),
            ("Zając", "zajac"),
            ("Nowak", "nowak"),
            ("Kiełbasa", "kielbasa"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("Ольга", "olga"),
            ("Дмитро", "dmytro"),
            ("Юлія", "yuliia"),
            ("Андрій", "andrii"),
            ("Ірина", "iryna"),
            ("Тарас", "taras"),
        ],
        family: &[
            ("Шевченко", "shevchenko"),
            ("Коваленко", "kovalenko"),
            ("Їжакевич", "yizhakevych"),
            ("Мельник", "melnyk"),
            ("Лисенко", "lysenko"),
            ("Гончар", "honchar"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("Ελένη", "eleni"),
            ("Γιώργος", "giorgos"),
            ("Αθηνά", "athina"),
            ("Νίκος", "nikos"),
            ("Σοφία", "sofia"),
            ("Ιάσων", "iason"),
        ],
        family: &[
            ("Παπαδοπούλου", "papadopoulou"),
            ("Αγγέλου", "angelou"),
            ("Δημητρίου", "dimitriou"),
            ("Βλάχος", "vlachos"),
            ("Κώστα", "kosta"),
            ("Ζήσης", "zisis"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("נועה", "noa"),
            ("דוד", "david"),
            ("ליאור", "lior"),
            ("تالا", "tala"),
            ("سمير", "samir"),
            ("ياسمين", "yasmin"),
        ],
        family: &[
            ("כהן", "cohen"),
            ("לוי", "levi"),
            ("מזרחי", "mizrahi"),
            ("الخطيب", "alkhatib"),
            ("حداد", "haddad"),
            ("منصور", "mansour"),
        ],
        family_first: false,
    },
    Language {
        given: &[
            ("美咲", "misaki"),
            ("健太", "kenta"),
            ("愛", "ai"),
            ("大翔", "hiroto"),
            ("陽菜", "hina"),
            ("蓮", "ren"),
        ],
        family: &[
            ("佐藤", "sato"),
            ("渡辺", "watanabe"),
            ("髙橋", "takahashi"),
            ("小野寺", "onodera"),
            ("森", "mori"),
            ("五十嵐", "igarashi"),
        ],
        family_first: true,
    },
    Language {
        given: &[
            ("Ngọc", "ngoc"),
            ("Đức", "duc"),
            ("Thảo", "thao"),
            ("Quỳnh", "quynh"),
            ("Hùng", "hung"),
            ("Ánh", "anh"),
        ],
        family: &[
            ("Nguyễn", "nguyen"),
            ("Trần", "tran"),
            ("Đặng", "dang"),
            ("Phạm", "pham"),
            ("Võ", "vo"),
            ("Lê", "le"),
        ],
        family_first: true,
    },
    Language {
        given: &[
            ("प्रिया", "priya"),
            ("अर्जुन", "arjun"),
            ("मीरा", "meera"),
            ("Chidi", "chidi"),
            ("Wanjirũ", "wanjiru"),
            ("Kwabena", "kwabena"),
        ],
        family: &[
            ("शर्मा", "sharma"),
            ("पटेल", "patel"),
            ("देशमुख", "deshmukh"),
            ("Adéyẹmí", "adeyemi"),
            ("Kamau", "kamau"),
            ("Mensah", "mensah"),
        ],
        family_first: false,
    },
];

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// As people write it.
    pub(super) display_name: String,
    /// In ASCII, without a realm.
    pub(super) user_name: String,
}

/// How many there are.
pub(super) fn count() -> usize {
    LANGUAGES.iter().map(|l| l.given.len() * l.family.len()).sum()
}

/// The person of a number below [`count`]: neighbours come from different languages.
pub(super) fn person(number: usize) -> Person {
    let language = &LANGUAGES[number % LANGUAGES.len()];
    let within = number / LANGUAGES.len();
    let (given, plain_given) = language.given[within % language.given.len()];
    // Families turn as well, so that the first few people of a language are not all of one family.
    let turn = within / language.given.len() + within;
    let (family, plain_family) = language.family[turn % language.family.len()];
    let display_name =
        if language.family_first { format!("{family} {given}") } else { format!("{given} {family}") };
    Person { display_name, user_name: format!("{plain_given}.{plain_family}") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_is_somebody_else() {
        let names: HashSet<String> = (0..count()).map(|n| person(n).user_name).collect();
        assert_eq!(names.len(), count());
        assert!(names.iter().all(|name| name.is_ascii()));
    }
}
