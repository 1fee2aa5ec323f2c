//! Property lists in XML, Apple's form of structured data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::xml::Writer;

const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n";

/// A value of a property list.
#[derive(Clone)]
pub enum Value {
    /// A text.
    Text(String),
    /// A text that is secret: zeroed when dropped.
    Secret(Zeroizing<String>),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// Octets.
    Data(Zeroizing<Vec<u8>>),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by key, in the order in which they are written.
    Dictionary(Dictionary),
}

/// Values by key. A key is there once.
#[derive(Clone, Default)]
pub struct Dictionary(Vec<(&'static str, Value)>);

impl Dictionary {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With another value, in place of one under the same key.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.0.retain(|(known, _)| *known != key);
        self.0.push((key, value.into()));
        self
    }

    /// With the value if there is one.
    #[must_use]
    pub fn with_some(self, key: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Boolean(yes)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::Array(values)
    }
}
impl From<Dictionary> for Value {
    fn from(dictionary: Dictionary) -> Self {
        Self::Dictionary(dictionary)
    }
}

/// Without what it holds: identities are in it.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").finish_non_exhaustive()
    }
}

/// A property list as a document.
#[must_use]
pub fn document(value: &Value) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::new(PROLOGUE);
    writer.open("plist", "version=\"1.0\"");
    write(&mut writer, value);
    writer.finish()
}

fn write(writer: &mut Writer, value: &Value) {
    match value {
        Value::Text(text) => writer.text("string", "", text),
        Value::Secret(text) => writer.text("string", "", text),
        Value::Integer(number) => writer.text("integer", "", &number.to_string()),
        Value::Boolean(true) => writer.empty("true"),
        Value::Boolean(false) => writer.empty("false"),
        Value::Data(octets) => writer.text("data", "", &Zeroizing::new(STANDARD.encode(&**octets))),
        Value::Array(values) => {
            writer.open("array", "");
            values.iter().for_each(|value| write(writer, value));
            writer.close();
        }
        Value::Dictionary(Dictionary(entries)) => {
            writer.open("dict", "");
            for (key, value) in entries {
                writer.text("key", "", key);
                write(writer, value);
            }
            writer.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_element() {
        let value = Dictionary::new()
            .with("Name", "Büro & <Co>")
            .with("Name", "Büro & \"Co\"")
            .with("On", true)
            .with("Off", false)
            .with("Count", 13)
            .with_some("Absent", None::<&str>)
            .with("Octets", Value::Data(Zeroizing::new(vec![1, 2, 3])))
            .with("List", vec![Value::from("a")]);
        let text = String::from_utf8(document(&value.into()).to_vec()).unwrap();
        for part in [
            "<string>Büro &amp; &quot;Co&quot;</string>",
            "<key>On</key>\n  <true/>",
            "<false/>",
            "<integer>13</integer>",
            "<data>AQID</data>",
            "<array>\n   <string>a</string>\n  </array>",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("Absent") && !text.contains("&lt;Co"));
    }
}
