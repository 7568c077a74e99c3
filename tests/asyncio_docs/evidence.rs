//! Where tests and public names are looked up: in the files of the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where the addresses of the pages lead: into the repository.
pub(crate) const REPOSITORY: &str = "https://github.com/sheave-rs/sheave/blob/main/";

/// The files of the test binaries, by their path in `tests/`.
pub(crate) struct Evidence(BTreeMap<String, String>);

impl Evidence {
    /// What `tests/Cargo.toml` registers, and the modules of that, as their `#[path]` tells them.
    pub(crate) fn of(root: &Path) -> Self {
        let folder = root.join("tests");
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest exists");
        let mut files = BTreeMap::new();
        let mut open = between(&manifest, "\npath = \"");
        while let Some(path) = open.pop() {
            if files.contains_key(&path) {
                continue;
            }
            let text = fs::read_to_string(folder.join(&path)).expect("what is registered exists");
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            let modules = between(&text, "\n#[path = \"");
            open.extend(modules.iter().map(|module| join(above, module)));
            files.insert(path, text);
        }
        Self(files)
    }

    /// One file, for the controls.
    pub(crate) fn with(file: &str, text: &str) -> Self {
        Self(BTreeMap::from([(file.to_owned(), text.to_owned())]))
    }

    /// What is wrong with `file.rs::name`, if anything is.
    pub(crate) fn fault_of(&self, test: &str) -> Option<String> {
        let (file, name) = test.split_once("::").expect("a test is `file.rs::name`");
        let Some(text) = self.0.get(file) else {
            return Some(format!("tests/{file} is part of no test that is registered"));
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let heads = ["fn ", "async fn "].map(|head| format!("{head}{name}("));
        let is_head = |line: &&str| heads.iter().any(|head| line.starts_with(head.as_str()));
        let Some(place) = lines.iter().position(is_head) else {
            return Some(format!("there is no function {test}"));
        };
        let above = lines[..place].iter().rev();
        let attributes: Vec<&&str> = above.take_while(|line| line.starts_with("#[")).collect();
        if !attributes.iter().any(|a| a.starts_with("#[test]") || a.starts_with("#[sheave::test")) {
            return Some(format!("{test} is no test"));
        }
        let skipped = attributes.iter().any(|a| a.contains("ignore") || a.starts_with("#[cfg"));
        skipped.then(|| format!("{test} does not run"))
    }
}

/// What stands between `start` and the next quote, each time.
fn between(text: &str, start: &str) -> Vec<String> {
    let ends = text.split(start).skip(1).filter_map(|rest| rest.split_once('"'));
    ends.map(|(found, _)| found.to_owned()).collect()
}

fn join(folder: &str, file: &str) -> String {
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

/// What is wrong with the link of a name, if anything is: the file that it leads to declares it.
pub(crate) fn link(root: &Path, name: &str, url: &str) -> Option<String> {
    let Some(path) = url.strip_prefix(REPOSITORY) else {
        return Some(format!("{name} does not lead into the repository: {url}"));
    };
    let Ok(text) = fs::read_to_string(root.join(path)) else {
        return Some(format!("{name}: there is no file {path}"));
    };
    let declared = text.lines().any(|line| declares(line, name));
    (!declared).then(|| format!("{path} declares no {name} for the public"))
}

/// Whether the line declares the last segment of `name` for the public.
pub(crate) fn declares(line: &str, name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap_or(name);
    let line = line.trim_start();
    if let Some(name) = last.strip_suffix('!') {
        return line.strip_prefix("macro_rules! ").is_some_and(|rest| begins_with(rest, name));
    }
    let Some(mut rest) = line.strip_prefix("pub ") else { return false };
    if rest.strip_prefix("use ").is_some_and(|used| used.ends_with(&format!(" as {last};"))) {
        return true;
    }
    for word in ["const ", "unsafe ", "async "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let kinds = ["fn ", "struct ", "enum ", "trait ", "mod ", "type "];
    kinds.iter().any(|kind| rest.strip_prefix(kind).is_some_and(|rest| begins_with(rest, last)))
}

/// Whether `text` begins with the identifier `name` and not with a longer one.
fn begins_with(text: &str, name: &str) -> bool {
    let rest = text.strip_prefix(name);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}
