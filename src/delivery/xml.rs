//! XML (1.0, fifth edition) as it is written here: elements with text, everything in it escaped.

use zeroize::Zeroizing;

/// A text with the characters escaped that mean something in XML. Those that XML can't hold at all (control
/// characters; names have none) become U+FFFD, so that what is written can always be read.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' => out.push(character),
            // A reader would take it for a line feed.
            '\r' => out.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Writes elements, each on a line, those within others indented. What is written may be secret, and is zeroed.
pub(super) struct Writer {
    text: Zeroizing<String>,
    open: Vec<&'static str>,
}

impl Writer {
    /// Begins with what comes before the first element.
    pub(super) fn new(prologue: &str) -> Self {
        // Room enough that growing leaves no unzeroed copies of a usual profile behind.
        let mut text = Zeroizing::new(String::with_capacity(128 * 1024));
        text.push_str(prologue);
        Self { text, open: Vec::new() }
    }

    /// Opens an element; `attributes` come from the source.
    pub(super) fn open(&mut self, name: &'static str, attributes: &'static str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        if !attributes.is_empty() {
            self.text.push(' ');
            self.text.push_str(attributes);
        }
        self.text.push_str(">\n");
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push_str(">\n");
        }
    }

    /// An element with text.
    pub(super) fn text(&mut self, name: &'static str, attributes: &'static str, text: &str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        if !attributes.is_empty() {
            self.text.push(' ');
            self.text.push_str(attributes);
        }
        self.text.push('>');
        self.text.push_str(&Zeroizing::new(escaped(text)));
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// An element with nothing in it.
    pub(super) fn empty(&mut self, name: &'static str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str("/>\n");
    }

    /// What was written, every element closed.
    pub(super) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        while !self.open.is_empty() {
            self.close();
        }
        Zeroizing::new(std::mem::take(&mut *self.text).into_bytes())
    }

    fn indent(&mut self) {
        for _ in &self.open {
            self.text.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escaped("a<b>&\"c'\u{1}ü\r"), "a&lt;b&gt;&amp;&quot;c&apos;\u{fffd}ü&#13;");
    }

    #[test]
    fn what_was_opened_is_closed() {
        let mut writer = Writer::new("");
        writer.open("a", "b=\"c\"");
        writer.text("d", "", "<");
        writer.empty("e");
        assert_eq!(&**writer.finish(), b"<a b=\"c\">\n <d>&lt;</d>\n <e/>\n</a>\n");
    }
}
