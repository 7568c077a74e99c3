//! A Rust file as the rules see it: code and comments apart, strings blanked, test parts marked.

use std::path::{Path, PathBuf};

/// One line, split in what the compiler reads and what people read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Line {
    /// The code, with the contents of strings and characters blanked.
    pub(crate) code: String,
    /// The text of the comments.
    pub(crate) comment: String,
    /// Whether the line is an item under `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

/// One file below the root of its crate.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the workspace, for messages.
    pub(crate) path: PathBuf,
    pub(crate) lines: Vec<Line>,
}

/// A use of a path: its line and its segments. Groups of `use` are spelt out.
#[derive(Debug, PartialEq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

impl Source {
    pub(crate) fn parse(path: impl Into<PathBuf>, text: &str) -> Self {
        let mut lines = Lexer::default().read(text);
        mark_tests(&mut lines);
        Self { path: path.into(), lines }
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|file| file == name)
    }

    /// Whether the whole file is a model, a test, or what tests share.
    pub(crate) fn is_test(&self) -> bool {
        let files = ["loom.rs", "tests.rs", "testing.rs"];
        let folders = ["loom", "tests", "testing"];
        files.iter().any(|f| self.is_named(f)) || folders.iter().any(|f| self.is_below(f))
    }

    /// Whether a folder of this name is on the path.
    pub(crate) fn is_below(&self, folder: &str) -> bool {
        self.path.parent().is_some_and(|parent| parent.iter().any(|part| part == folder))
    }

    /// The module path within the crate: `src/time/entry.rs` is `[time, entry]`.
    pub(crate) fn module(&self) -> Vec<String> {
        let below: &Path = match self.path.iter().position(|part| part == "src") {
            Some(src) => &self.path.iter().skip(src + 1).collect::<PathBuf>(),
            None => &self.path,
        };
        let mut parts: Vec<String> =
            below.with_extension("").iter().map(|part| part.to_string_lossy().into()).collect();
        if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            parts.pop();
        }
        parts
    }

    /// The lines that ship, with their numbers counted from one.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, &Line)> {
        let skip = self.is_test();
        self.lines
            .iter()
            .enumerate()
            .filter(move |(_, l)| !skip && !l.in_test)
            .map(|(i, l)| (i + 1, l))
    }

    /// Every path of at least two segments in the code that ships.
    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        let mut group: Option<(usize, String)> = None;
        for (number, line) in self.shipped() {
            let code = line.code.trim();
            if group.is_none() && starts_use(code) {
                group = Some((number, String::new()));
            }
            let Some((start, text)) = &mut group else {
                found.extend(paths_in(code).map(|path| Mention { line: number, path }));
                continue;
            };
            text.push_str(code);
            text.push(' ');
            if let Some((tree, _)) = text.split_once(';') {
                let tree = tree.split_once("use ").map_or("", |(_, tree)| tree);
                let paths = expand(tree).into_iter();
                found.extend(paths.map(|path| Mention { line: *start, path }));
                group = None;
            }
        }
        found
    }

    /// Whether one of the `above` lines before `number`, or that line itself, has a comment with
    /// this tag.
    pub(crate) fn has_tag(&self, number: usize, above: usize, tag: &str) -> bool {
        let first = number.saturating_sub(above + 1);
        self.lines[first..number].iter().any(|line| line.comment.contains(tag))
    }
}

fn starts_use(code: &str) -> bool {
    let rest = match code.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')').map_or("", |(_, rest)| rest),
        Some(rest) => rest,
        None => code,
    };
    rest.trim_start().starts_with("use ")
}

/// The paths in a line of code: identifiers joined by `::`.
fn paths_in(code: &str) -> impl Iterator<Item = Vec<String>> {
    code.split(|c: char| !(c.is_alphanumeric() || "_:$".contains(c)))
        .filter(|word| word.contains("::"))
        .map(|word| word.split("::").filter(|s| !s.is_empty()).map(str::to_owned).collect())
}

/// Spells out a `use` tree: `a::{b, c::d as e}` is `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((prefix, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![
            path.split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect(),
        ];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let prefix: Vec<String> =
        prefix.split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect();
    let branches = top_level(group);
    let branches = branches.iter().filter(|branch| !branch.trim().is_empty());
    branches.flat_map(|b| expand(b)).map(|path| [prefix.clone(), path].concat()).collect()
}

/// Splits at the commas outside of braces.
fn top_level(group: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0usize;
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is always one part").push(c);
    }
    parts
}

/// Marks what stands in the braces after `#[cfg(test)]` and its like.
fn mark_tests(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        let code = lines[at].code.trim();
        if ["#[cfg(test)]", "#[cfg(all(test"].iter().any(|a| code.starts_with(a)) {
            let end = item_end(lines, at);
            lines[at..=end].iter_mut().for_each(|line| line.in_test = true);
            at = end;
        }
        at += 1;
    }
}

/// The line on which the item ends that starts at or below `start`.
pub(crate) fn item_end(lines: &[Line], start: usize) -> usize {
    let mut depth = 0i32;
    for (at, line) in lines.iter().enumerate().skip(start) {
        for c in line.code.chars() {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 && (c == '}' || c == ';') {
                return at;
            }
        }
    }
    lines.len() - 1
}

/// What the lexer is inside of.
#[derive(Default, Clone, Copy)]
enum Inside {
    #[default]
    Code,
    BlockComment(usize),
    Text,
    RawText(usize),
}

#[derive(Default)]
struct Lexer {
    inside: Inside,
    line: Line,
}

impl Lexer {
    fn read(mut self, text: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        for line in text.lines() {
            let chars: Vec<char> = line.chars().collect();
            let mut at = 0;
            while at < chars.len() {
                at += self.step(&chars[at..], at > 0 && is_word(chars[at - 1]));
            }
            lines.push(std::mem::take(&mut self.line));
        }
        lines
    }

    /// Takes what stands at the front of `rest`; returns how many characters that was.
    fn step(&mut self, rest: &[char], after_word: bool) -> usize {
        match self.inside {
            Inside::Code => self.code(rest, after_word),
            Inside::BlockComment(depth) => self.comment(rest, depth),
            Inside::Text if rest[0] == '\\' => 2,
            Inside::Text => self.text(rest[0] == '"', 1),
            Inside::RawText(hashes) => {
                let ends =
                    rest[0] == '"' && rest[1..].iter().take_while(|c| **c == '#').count() >= hashes;
                self.text(ends, if ends { 1 + hashes } else { 1 })
            }
        }
    }

    fn text(&mut self, ends: bool, taken: usize) -> usize {
        if ends {
            self.inside = Inside::Code;
            self.line.code.push('"');
        }
        taken
    }

    fn comment(&mut self, rest: &[char], depth: usize) -> usize {
        match rest {
            ['*', '/', ..] => {
                self.inside =
                    if depth == 1 { Inside::Code } else { Inside::BlockComment(depth - 1) };
                2
            }
            ['/', '*', ..] => {
                self.inside = Inside::BlockComment(depth + 1);
                2
            }
            _ => {
                self.line.comment.push(rest[0]);
                1
            }
        }
    }

    fn code(&mut self, rest: &[char], after_word: bool) -> usize {
        match rest {
            ['/', '/', ..] => {
                self.line.comment.extend(rest);
                return rest.len();
            }
            ['/', '*', ..] => {
                self.inside = Inside::BlockComment(1);
                return 2;
            }
            ['"', ..] => {
                self.inside = Inside::Text;
                self.line.code.push('"');
                return 1;
            }
            ['r', '"' | '#', ..] | ['b', 'r', ..] if !after_word => {
                if let Some(taken) = self.raw_text(rest) {
                    return taken;
                }
            }
            // A character, unlike a lifetime, is closed by a second quote.
            ['\'', '\\', _, rest @ ..] => {
                return 3 + rest.iter().position(|c| *c == '\'').map_or(rest.len(), |end| end + 1);
            }
            ['\'', _, '\'', ..] => return 3,
            _ => {}
        }
        self.line.code.push(rest[0]);
        1
    }

    fn raw_text(&mut self, rest: &[char]) -> Option<usize> {
        let start = rest.iter().position(|c| *c == 'r')? + 1;
        let hashes = rest[start..].iter().take_while(|c| **c == '#').count();
        if rest.get(start + hashes) != Some(&'"') {
            return None;
        }
        self.inside = Inside::RawText(hashes);
        self.line.code.push('"');
        Some(start + hashes + 1)
    }
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
