//! The three lists of `deny.toml` that the built-in check obeys.

/// What may be built.
#[derive(Debug, PartialEq)]
pub(crate) struct Policy {
    pub(crate) licences: Vec<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) banned: Vec<String>,
}

impl Policy {
    /// Reads the lists. A missing list is empty, so that a missing file allows nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let text: String = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join("\n");
        Self {
            licences: quoted(array(&text, "allow")),
            sources: quoted(array(&text, "allow-registry")),
            banned: crates(array(&text, "deny")),
        }
    }
}

/// The text between the brackets of `key = [ … ]`.
fn array<'a>(text: &'a str, key: &str) -> &'a str {
    let opening = format!("{key} = [");
    let start = text
        .match_indices(&opening)
        .find(|(at, _)| *at == 0 || text[..*at].ends_with('\n'))
        .map(|(at, _)| at + opening.len());
    start.map_or("", |start| text[start..].split(']').next().unwrap_or_default())
}

fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names in `{ crate = "name", … }`.
fn crates(text: &str) -> Vec<String> {
    text.split("crate = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn the_three_lists_are_read_and_comments_are_not() {
        let policy = Policy::parse(
            "[licenses]\n# allow = [\"GPL-3.0\"]\nallow = [\n  \"MIT\", # \"GPL-2.0\"\n  \"Apache-2.0\",\n]\n\
             [bans]\ndeny = [\n  { crate = \"async-io\", reason = \"a second reactor\" },\n]\n\
             [sources]\nallow-registry = [\"https://registry.example\"]\n",
        );
        assert_eq!(policy.licences, ["MIT", "Apache-2.0"]);
        assert_eq!(policy.banned, ["async-io"]);
        assert_eq!(policy.sources, ["https://registry.example"]);
        assert_eq!(Policy::parse("").licences, [""; 0]);
    }
}
