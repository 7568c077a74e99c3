//! The rows as JSON, for whoever compares two runs.

use crate::row::{Row, Sample};
use std::fmt::Write;

/// All rows with all their samples. Names are ours and need no escaping.
#[must_use]
pub fn to_json(rows: &[Row]) -> String {
    let rows: Vec<String> = rows.iter().map(object).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn object(row: &Row) -> String {
    let mut text = format!("  {{\"name\": \"{}\", \"unit\": \"{}\"", row.name, row.unit);
    if !row.beside.is_empty() {
        write!(text, ", \"beside\": \"{}\"", row.beside).expect("a String takes everything");
    }
    let targets: Vec<String> =
        row.targets.iter().map(|target| format!("\"{}\": {}", target.peer, target.ratio)).collect();
    write!(text, ",\n   \"targets\": {{{}}}", targets.join(", "))
        .expect("a String takes everything");
    for one in &row.contestants {
        let costs = list(&one.samples, |sample| Some(sample.cost));
        let beside = list(&one.samples, |sample| sample.beside);
        write!(text, ",\n   \"{}\": {{\"cost\": {costs}, \"beside\": {beside}}}", one.name)
            .expect("a String takes everything");
    }
    text + "}"
}

fn list(samples: &[Sample], figure: impl Fn(&Sample) -> Option<f64>) -> String {
    let figures: Vec<String> =
        samples.iter().filter_map(figure).map(|figure| format!("{figure:.1}")).collect();
    format!("[{}]", figures.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::row::tests::row;

    #[test]
    fn a_row_is_an_object() {
        let text = super::to_json(&[row(&[3.0, 4.0], &[1.0, 2.0])]);
        let expected = "[\n  {\"name\": \"lift\", \"unit\": \"ns\",\n   \"targets\": {\"tokio\": 2},\n   \
                        \"tokio\": {\"cost\": [3.0, 4.0], \"beside\": []},\n   \
                        \"sheave\": {\"cost\": [1.0, 2.0], \"beside\": []}}\n]\n";
        assert_eq!(text, expected);
    }
}
