//! Licence expressions: whether one can be satisfied by the licences we allow.

/// Whether `expression` holds when exactly the `allowed` licences may be chosen. `AND` binds
/// tighter than `OR`; the old `/` means `OR`; a `WITH` exception is part of the licence's name.
pub(crate) fn allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, at: 0, allowed };
    let holds = reader.any();
    holds && reader.at == words.len()
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    allowed: &'a [String],
}

impl Reader<'_> {
    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.accept("OR") {
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.accept("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.accept("(") {
            let holds = self.any();
            return self.accept(")") && holds;
        }
        let Some(word) = self.words.get(self.at) else { return false };
        let mut name = (*word).to_owned();
        self.at += 1;
        if self.accept("WITH") {
            name = format!("{name} WITH {}", self.words.get(self.at).unwrap_or(&""));
            self.at += 1;
        }
        self.allowed.contains(&name)
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn expressions_hold_exactly_when_the_choice_is_ours() {
        let ours = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ] {
            assert!(super::allowed(good, &ours), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT GPL-3.0",
            "(MIT",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT OR Apache-2.0) AND OpenSSL",
        ] {
            assert!(!super::allowed(bad, &ours), "{bad}");
        }
    }
}
