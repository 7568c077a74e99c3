//! A reader for the JSON that cargo prints. It trusts its input to be well-formed, and panics with
//! the position where it is not.

/// A JSON value. Numbers are not read by any check and keep their text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value.
    ///
    /// # Panics
    /// If the text is not JSON.
    pub(crate) fn parse(text: &str) -> Self {
        Reader { bytes: text.as_bytes(), at: 0 }.value()
    }

    /// The member `name`, or null.
    pub(crate) fn get(&self, name: &str) -> &Json {
        match self {
            Json::Object(members) => {
                members.iter().find(|(key, _)| key == name).map_or(&Json::Null, |(_, value)| value)
            }
            _ => &Json::Null,
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements; none if it is no list.
    pub(crate) fn list(&self) -> &[Json] {
        match self {
            Json::List(values) => values,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Json {
        match self.peek() {
            b'{' => Json::Object(self.sequence(b'}', |reader| {
                let key = reader.string();
                reader.expect(b':');
                (key, reader.value())
            })),
            b'[' => Json::List(self.sequence(b']', Self::value)),
            b'"' => Json::Text(self.string()),
            _ => self.word(),
        }
    }

    /// Reads an opening bracket, elements separated by commas, and `close`.
    fn sequence<T>(&mut self, close: u8, mut element: impl FnMut(&mut Self) -> T) -> Vec<T> {
        self.at += 1;
        let mut elements = Vec::new();
        while self.peek() != close {
            elements.push(element(self));
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        elements
    }

    fn word(&mut self) -> Json {
        let start = self.at;
        while self
            .bytes
            .get(self.at)
            .is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
        {
            self.at += 1;
        }
        match std::str::from_utf8(&self.bytes[start..self.at]).expect("ASCII was matched") {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number if !number.is_empty() => Json::Number(number.to_owned()),
            _ => panic!("no JSON value at byte {start}"),
        }
    }

    fn string(&mut self) -> String {
        self.expect(b'"');
        let mut bytes = Vec::new();
        loop {
            let byte = self.bytes[self.at];
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(bytes).expect("cargo prints UTF-8"),
                b'\\' => self.escape(&mut bytes),
                other => bytes.push(other),
            }
        }
    }

    fn escape(&mut self, into: &mut Vec<u8>) {
        let byte = self.bytes[self.at];
        self.at += 1;
        match byte {
            b'n' => into.push(b'\n'),
            b't' => into.push(b'\t'),
            b'r' => into.push(b'\r'),
            b'b' => into.push(8),
            b'f' => into.push(12),
            b'u' => {
                let digits = std::str::from_utf8(&self.bytes[self.at..self.at + 4]).expect("hex");
                self.at += 4;
                let code = u32::from_str_radix(digits, 16).expect("four hex digits");
                // Cargo escapes control characters this way; halves of pairs do not matter here.
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => into.push(other),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> u8 {
        while self.bytes[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes[self.at]
    }

    fn expect(&mut self, byte: u8) {
        assert_eq!(self.peek(), byte, "unexpected JSON at byte {}", self.at);
        self.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        let json =
            Json::parse(r#" {"a": [1, -2.5e3, true, null], "b\n": {"c": "\"\u00e9\\"}, "d": []} "#);
        assert_eq!(json.get("a").list().len(), 4);
        assert_eq!(json.get("a").list()[1], Json::Number("-2.5e3".into()));
        assert_eq!(json.get("b\n").get("c").text(), Some("\"é\\"));
        assert_eq!(json.get("d").list(), []);
        assert_eq!(json.get("missing"), &Json::Null);
    }

    #[test]
    #[should_panic(expected = "no JSON value at byte 6")]
    fn nonsense_is_refused_with_its_place() {
        Json::parse(r#"{"a": ?}"#);
    }
}
