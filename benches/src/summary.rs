//! The table as it is printed, and the verdict under it.

use crate::row::Row;
use crate::statistics::{Spread, geometric_mean};

const NAME: usize = 40;
const COST: usize = 12;
const RATIO: usize = 20;

/// The peers that have a column.
const PEERS: [&str; 2] = ["tokio", "smol"];

/// Prints the names of the columns.
pub fn print_header() {
    println!(
        "{:NAME$} {:>COST$} {:>COST$} {:>COST$}  {:>RATIO$} {:>RATIO$} {:>7}  beside: tokio, smol",
        "work, cost per operation",
        "tokio",
        "smol",
        "sheave",
        "tokio/sheave",
        "smol/sheave",
        "asked"
    );
}

/// Prints one row, and a line for each yardstick that has no column.
pub fn print_row(row: &Row) {
    let cost = |name| row.cost(name).map_or("-".into(), |cost| quantity(cost.median, row.unit));
    let ratio = |name| row.ratio(name).map_or("-".into(), spread);
    println!(
        "{:NAME$} {:>COST$} {:>COST$} {:>COST$}  {:>RATIO$} {:>RATIO$} {:>7}  {}",
        row.name,
        cost("tokio"),
        cost("smol"),
        cost(Row::OURS),
        ratio("tokio"),
        ratio("smol"),
        asked(row, "tokio"),
        beside(row),
    );
    let columns = |name| PEERS.contains(&name) || name == Row::OURS;
    for other in row.contestants.iter().map(|one| one.name).filter(|name| !columns(name)) {
        println!(
            "{:NAME$} {:>COST$} {:>COST$} {:>COST$}  {:>RATIO$} {:>RATIO$} {:>7}",
            format!("  against {other}"),
            cost(other),
            "",
            "",
            ratio(other),
            "",
            asked(row, other)
        );
    }
}

fn asked(row: &Row, peer: &str) -> String {
    let target = row.targets.iter().find(|target| target.peer == peer);
    target.map_or("".into(), |target| format!("{:.2}", target.ratio))
}

fn beside(row: &Row) -> String {
    if row.beside.is_empty() {
        return String::new();
    }
    let ratio =
        |peer: &&str| row.ratio_beside(peer).map_or("-".into(), |r| format!("{:.2}", r.median));
    let ratios: Vec<String> = PEERS.iter().map(ratio).collect();
    format!("{} {}", row.beside, ratios.join(", "))
}

/// Prints the means, the rows that lose, and the rows that miss what the design asks for.
pub fn print_summary(rows: &[Row]) {
    println!();
    for peer in PEERS {
        let ratios: Vec<f64> =
            rows.iter().filter_map(|row| row.ratio(peer)).map(|r| r.median).collect();
        let losing = rows.iter().filter(|row| row.ratio(peer).is_some_and(|r| r.median < 1.0));
        let losing: Vec<&str> = losing.map(|row| row.name).collect();
        println!(
            "{peer:>6}/sheave: geometric mean {:.2} of {} rows; below 1.0: {}",
            geometric_mean(ratios.iter().copied()),
            ratios.len(),
            if losing.is_empty() { "none".into() } else { losing.join("; ") }
        );
    }
    let mut missed = 0;
    for row in rows {
        for (target, reached) in row.missed() {
            let reached = factor(reached);
            println!(
                "below target: {}: {reached} of {} against {}",
                row.name, target.ratio, target.peer
            );
            missed += 1;
        }
    }
    if missed == 0 {
        println!("every target is met");
    }
}

fn spread(ratio: Spread) -> String {
    format!("{} [{}..{}]", factor(ratio.median), factor(ratio.low), factor(ratio.high))
}

fn factor(ratio: f64) -> String {
    if ratio < 99.5 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

fn quantity(figure: f64, unit: &str) -> String {
    match unit {
        "ns" if figure >= 1e6 => format!("{:.2} ms", figure / 1e6),
        "ns" if figure >= 1e4 => format!("{:.1} us", figure / 1e3),
        "ns" if figure < 100.0 => format!("{figure:.1} ns"),
        unit => format!("{figure:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_at_every_size() {
        assert_eq!(quantity(12.34, "ns"), "12.3 ns");
        assert_eq!(quantity(1234.0, "ns"), "1234 ns");
        assert_eq!(quantity(56_780.0, "ns"), "56.8 us");
        assert_eq!(quantity(9_870_000.0, "ns"), "9.87 ms");
        assert_eq!(quantity(412.0, "B"), "412 B");
    }

    #[test]
    fn ratios_keep_the_digits_that_matter() {
        assert_eq!(factor(0.987), "0.99");
        assert_eq!(factor(312.4), "312");
    }
}
