//! A Markdown page as the rules see it: the rows of its tables, and its link definitions.

/// A row of a table: what stands between its bars.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Page {
    /// All but the definitions.
    pub(crate) text: String,
    /// The rows that begin with the number of an item or of a statement.
    pub(crate) rows: Vec<Row>,
    /// The tests that are named anywhere: `file.rs::name`, in backticks.
    pub(crate) tests: Vec<String>,
    /// Name and address of each link definition of a name in backticks.
    pub(crate) links: Vec<(String, String)>,
}

impl Page {
    pub(crate) fn parse(markdown: &str) -> Self {
        let (mut text, mut rows, mut links) = (String::new(), Vec::new(), Vec::new());
        let mut tests = Vec::new();
        for line in markdown.lines() {
            if let Some((name, url)) = definition(line) {
                links.push((name.to_owned(), url.to_owned()));
                continue;
            }
            text.push_str(line);
            text.push('\n');
            tests.extend(spans(line).filter(|span| span.contains(".rs::")).map(str::to_owned));
            let row = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |"));
            let row = row.map(|row| Row { cells: cells(row) });
            rows.extend(row.filter(|row| row.id().contains(|c: char| c.is_ascii_digit())));
        }
        Self { text, rows, tests, links }
    }
}

/// ``[`name`]: address``
fn definition(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("[`")?.split_once("`]: ")
}

fn cells(row: &str) -> Vec<String> {
    row.split('|').map(|cell| cell.trim().to_owned()).collect()
}

impl Row {
    pub(crate) fn id(&self) -> &str {
        &self.cells[0]
    }

    /// The tests that are named anywhere in the row: `file.rs::name`, in backticks.
    pub(crate) fn tests(&self) -> Vec<String> {
        let is_test = |span: &&str| span.contains(".rs::");
        self.cells.iter().flat_map(|cell| spans(cell)).filter(is_test).map(str::to_owned).collect()
    }

    /// The names that are written as links: ``[`name`]``.
    pub(crate) fn linked(&self) -> Vec<String> {
        let mut names = Vec::new();
        for cell in &self.cells {
            let mut rest = cell.as_str();
            while let Some((_, after)) = rest.split_once("[`") {
                let Some((name, left)) = after.split_once("`]") else { break };
                names.push(name.to_owned());
                rest = left;
            }
        }
        names
    }
}

/// What stands in backticks.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}
