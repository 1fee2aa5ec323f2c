//! What a notice says: a subject and a body with variables in double braces, checked when they are saved.

use certporter_model::FieldErrors;
use certporter_model::notice::NoticeKind;

/// The most characters of a subject.
pub const SUBJECT_MAX: usize = 150;
/// The most characters of a body.
pub const BODY_MAX: usize = 10_000;
/// The most characters of a subject once its variables have their values.
const SUBJECT_SHOWN: usize = 250;

/// What can stand for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// How many there are.
    Count,
    /// How many of what, in words.
    What,
    /// What it is about, one a line.
    List,
    /// Where in the portal to look.
    Link,
    /// The portal's address.
    Portal,
    /// The person's name in the organisation.
    UserName,
    /// What the person is called.
    DisplayName,
}

impl Variable {
    const ALL: [Self; 7] =
        [Self::Count, Self::What, Self::List, Self::Link, Self::Portal, Self::UserName, Self::DisplayName];

    /// Its name as it is written between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::What => "What",
            Self::List => "List",
            Self::Link => "Link",
            Self::Portal => "Portal",
            Self::UserName => "UserName",
            Self::DisplayName => "DisplayName",
        }
    }

    /// What it stands for.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Count => "how many there are, such as 3",
            Self::What => "how many of what, such as 3 certificates",
            Self::List => "what it is about, one a line",
            Self::Link => "where in the portal to look",
            Self::Portal => "the portal's address",
            Self::UserName => "the person's user name",
            Self::DisplayName => "what the person is called",
        }
    }

    /// Those that a notice of this kind can have.
    pub fn of(kind: NoticeKind) -> impl Iterator<Item = Self> {
        let personal = !kind.is_for_operators();
        Self::ALL.into_iter().filter(move |it| personal || !matches!(it, Self::UserName | Self::DisplayName))
    }
}

/// The values of a notice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// How many there are.
    pub count: u64,
    /// How many of what, in words.
    pub what: String,
    /// What it is about, one a line.
    pub list: String,
    /// Where in the portal to look.
    pub link: String,
    /// The portal's address.
    pub portal: String,
    /// The person's user name.
    pub user_name: String,
    /// What the person is called.
    pub display_name: String,
}

impl Values {
    fn of(&self, variable: Variable) -> String {
        match variable {
            Variable::Count => self.count.to_string(),
            Variable::What => self.what.clone(),
            Variable::List => self.list.clone(),
            Variable::Link => self.link.clone(),
            Variable::Portal => self.portal.clone(),
            Variable::UserName => self.user_name.clone(),
            Variable::DisplayName => self.display_name.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(Variable),
}

/// A subject and a body, found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    subject: Vec<Part>,
    body: Vec<Part>,
}

impl Template {
    /// Reads them for a kind of notice.
    ///
    /// # Errors
    /// Names the field, and an unknown variable with those there are.
    pub fn parse(kind: NoticeKind, subject: &str, body: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let (subject, body) = (subject.trim(), body.trim_end());
        if subject.is_empty()
            || subject.chars().count() > SUBJECT_MAX
            || subject.chars().any(char::is_control)
        {
            errors.add("subject", format!("is one line of 1 to {SUBJECT_MAX} characters"));
        }
        let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if body.trim().is_empty() || body.chars().count() > BODY_MAX || body.chars().any(strange) {
            errors.add("body", format!("is a text of 1 to {BODY_MAX} characters"));
        }
        let of_subject = errors.take("subject", parts(kind, subject));
        let of_body = errors.take("body", parts(kind, &body.replace("\r\n", "\n")));
        if of_subject.as_ref().is_some_and(|parts| parts.contains(&Part::Variable(Variable::List))) {
            errors.add("subject", "{{List}} has many lines: it can stand in the body only");
        }
        match (of_subject, of_body, errors.is_empty()) {
            (Some(subject), Some(body), true) => Ok(Self { subject, body }),
            _ => Err(errors),
        }
    }

    /// Subject and body with these values.
    #[must_use]
    pub fn render(&self, values: &Values) -> (String, String) {
        let joined = |parts: &[Part]| {
            parts.iter().fold(String::new(), |mut text, part| {
                match part {
                    Part::Text(plain) => text.push_str(plain),
                    Part::Variable(variable) => text.push_str(&values.of(*variable)),
                }
                text
            })
        };
        let subject: String = joined(&self.subject)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(SUBJECT_SHOWN)
            .collect();
        (subject, format!("{}\n", joined(&self.body)))
    }
}

fn parts(kind: NoticeKind, text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let (name, after) =
            after.split_once("}}").ok_or_else(|| "has {{ without the }} that ends it".to_owned())?;
        let known = Variable::of(kind).find(|variable| variable.name() == name.trim());
        parts.push(Part::Variable(known.ok_or_else(|| unknown(kind, name))?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn unknown(kind: NoticeKind, name: &str) -> String {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    let there = Variable::of(kind).map(|it| format!("{{{{{}}}}}", it.name())).collect::<Vec<_>>().join(" ");
    format!("has the unknown variable {{{{{name}}}}}: there are {there}")
}

/// What a notice of a kind says until somebody writes something else: subject and body.
#[must_use]
pub const fn standard(kind: NoticeKind) -> (&'static str, &'static str) {
    match kind {
        NoticeKind::Expiring => (
            "{{What}} end soon and were not renewed",
            "{{What}} should have been renewed by now and were not:\n\n{{List}}\n\nTheir devices may not have \
             connected for long, or the issuing CA does not answer.\n\n{{Link}}",
        ),
        NoticeKind::RequestsFailing => (
            "{{What}} for certificates failed",
            "{{What}} for certificates failed:\n\n{{List}}\n\nWhat to do is told beside each, with a way to try them \
             again:\n{{Link}}",
        ),
        NoticeKind::CrlTrouble => (
            "A CRL runs out",
            "A CRL was not made anew in time:\n\n{{List}}\n\nOnce it has run out, relying parties refuse every \
             certificate of that CA.\n\n{{Link}}",
        ),
        NoticeKind::Replacement => (
            "Your certificate is about to be replaced",
            "Hello {{DisplayName}},\n\n{{What}} of yours will be replaced by a new one. Your devices fetch it by \
             themselves:\n\n{{List}}\n\nYou need not do anything, unless a device has not been switched on for \
             long.\n",
        ),
        NoticeKind::Revoked => (
            "Your certificate was revoked",
            "Hello {{DisplayName}},\n\n{{What}} of yours can't be used any more:\n\n{{List}}\n\nIf you did not expect \
             this, ask your helpdesk.\n",
        ),
        NoticeKind::KeyHandedOut => (
            "A file with a key of yours was prepared",
            "Hello {{DisplayName}},\n\na file with a certificate of yours and its private key was prepared, to be \
             fetched once by a link:\n\n{{List}}\n\nWhoever has the file and its password can act as you. If you do \
             not know of this, tell your helpdesk at once.\n",
        ),
        NoticeKind::KeyRecovered => (
            "A key of yours left escrow",
            "Hello {{DisplayName}},\n\na private key of yours that was kept in escrow was given to somebody else:\n\n\
             {{List}}\n\nWhoever has it can read what was encrypted for you, or act as you. If you do not know of \
             this, tell your helpdesk at once.\n",
        ),
        NoticeKind::SignInCode => (
            "A sign-in code was issued for you",
            "Hello {{DisplayName}},\n\na code with which one signs in as you was issued:\n\n{{List}}\n\nIf you did not ask for \
             it, tell your helpdesk at once.\n",
        ),
        NoticeKind::EnrolledByStaff => (
            "A device was enrolled for you",
            "Hello {{DisplayName}},\n\na device was enrolled in your name with a code that your helpdesk issued:\n\n{{List}}\n\nIf it is not yours, tell your helpdesk at once.\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_template_is_right() {
        for &kind in NoticeKind::ALL {
            let (subject, body) = standard(kind);
            assert!(Template::parse(kind, subject, body).is_ok(), "{kind}");
        }
    }

    #[test]
    fn an_unknown_variable_is_named_with_those_there_are() {
        let errors = Template::parse(NoticeKind::Expiring, "{{Count}} end", "Dear {{UserName}}").unwrap_err();
        let told: Vec<&str> = errors.of("body").collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("{{UserName}}: there are {{Count}}"), "{told:?}");
        assert!(!told[0].contains("{{DisplayName}}"));
        let open = Template::parse(NoticeKind::Revoked, "A {{", "b").unwrap_err();
        assert!(open.of("subject").next().unwrap().contains("}}"));
        let lines = Template::parse(NoticeKind::Revoked, "{{List}}", "b").unwrap_err();
        assert!(lines.of("subject").next().is_some());
    }

    #[test]
    fn values_come_in_and_a_subject_stays_one_line() {
        let template =
            Template::parse(NoticeKind::Revoked, "To {{ DisplayName }}", "{{List}}\n{{Count}}").unwrap();
        let values = Values {
            count: 2,
            list: "one\ntwo".into(),
            display_name: "Eve\r\nBcc: all@example.org {{Portal}}".into(),
            ..Values::default()
        };
        let (subject, body) = template.render(&values);
        assert_eq!(subject, "To Eve  Bcc: all@example.org {{Portal}}");
        assert_eq!(body, "one\ntwo\n2\n");
    }
}
