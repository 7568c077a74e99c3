//! What users would build: licences, sources, bans and the minimum Rust version of the published
//! crates' dependencies, read from `cargo metadata` and `deny.toml`. It needs no tool beyond cargo;
//! `cargo deny`, where installed, runs beside it with the same file.

mod licence;
mod policy;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::json::Json;
use crate::step::{Report, Step, root};
use crate::suite::INTERNAL;
use policy::Policy;

/// A Rust version, as far as a manifest states it.
type Version = (u32, u32);

/// One package of the graph.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    json: &'a Json,
}

/// Whether `cargo deny` is installed.
pub(crate) fn has_cargo_deny() -> bool {
    Step::cargo("deny version", "deny --version").capture().green
}

/// The lane `dependencies`.
pub(crate) fn run() -> bool {
    let report = check();
    println!("{}", report.log);
    report.green
}

/// Checks the graph. The log names every offence, or says what was looked at.
pub(crate) fn check() -> Report {
    let metadata = match metadata() {
        Ok(metadata) => metadata,
        Err(log) => return Report { green: false, log },
    };
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap_or_default();
    let policy = Policy::parse(&text);
    let packages = packages(&metadata);
    let built = closure(&metadata, &packages, Edges::All);
    let mut offences: Vec<String> =
        built.iter().flat_map(|id| offences(&packages[id], &policy)).collect();
    // Models need loom, users do not: its version requirement is not theirs.
    for id in &closure(&metadata, &packages, Edges::WithoutModels) {
        offences.extend(too_new(&packages[id], minimum(&packages)));
    }
    let green = offences.is_empty();
    if green {
        offences
            .push(format!("{} packages: licences, sources, bans, Rust version ok", built.len()));
    }
    Report { green, log: offences.join("\n") }
}

fn metadata() -> Result<Json, String> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--all-features"])
        .output()
        .map_err(|error| format!("cargo metadata did not start: {error}"))?;
    if output.status.success() {
        Ok(Json::parse(&String::from_utf8_lossy(&output.stdout)))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn packages(metadata: &Json) -> BTreeMap<&str, Package<'_>> {
    let text = |json: &'static str, package| Json::get(package, json).text().unwrap_or_default();
    metadata
        .get("packages")
        .list()
        .iter()
        .map(|json| {
            let package =
                Package { name: text("name", json), version: text("version", json), json };
            (text("id", json), package)
        })
        .collect()
}

/// Which edges of the graph count.
#[derive(Clone, Copy, PartialEq)]
enum Edges {
    /// Normal and build dependencies, for every target.
    All,
    /// The same without those that only `--cfg loom` brings.
    WithoutModels,
}

/// The published crates and everything they need.
fn closure<'a>(
    metadata: &'a Json,
    packages: &BTreeMap<&'a str, Package<'a>>,
    edges: Edges,
) -> BTreeSet<&'a str> {
    let nodes = metadata.get("resolve").get("nodes").list();
    let nodes: BTreeMap<_, _> =
        nodes.iter().filter_map(|node| Some((node.get("id").text()?, node))).collect();
    let members = metadata.get("workspace_members").list().iter().filter_map(Json::text);
    let mut open: Vec<&str> = members.filter(|id| !INTERNAL.contains(&packages[id].name)).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            let needs = nodes[id].get("deps").list().iter().filter(|edge| counts(edge, edges));
            open.extend(needs.filter_map(|edge| edge.get("pkg").text()));
        }
    }
    seen
}

fn counts(edge: &Json, edges: Edges) -> bool {
    edge.get("dep_kinds").list().iter().any(|kind| {
        let modelled = kind.get("target").text() == Some("cfg(loom)");
        kind.get("kind").text() != Some("dev") && !(modelled && edges == Edges::WithoutModels)
    })
}

fn offences(package: &Package<'_>, policy: &Policy) -> Vec<String> {
    let called = format!("{} {}", package.name, package.version);
    let mut found = Vec::new();
    match package.json.get("license").text() {
        None => found.push(format!("{called}: states no licence")),
        Some(licence) if !licence::allowed(licence, &policy.licences) => {
            found.push(format!("{called}: licence `{licence}` is not in deny.toml's allow list"));
        }
        Some(_) => {}
    }
    if let Some(source) = package.json.get("source").text() {
        if !policy.sources.iter().any(|allowed| source == format!("registry+{allowed}")) {
            found.push(format!("{called}: comes from {source}"));
        }
    }
    if policy.banned.iter().any(|banned| banned == package.name) {
        found.push(format!("{called}: is banned by deny.toml, which says why"));
    }
    found
}

/// The `rust-version` that our own manifests promise.
fn minimum(packages: &BTreeMap<&str, Package<'_>>) -> Version {
    let ours = packages.values().find(|package| package.name == "sheave");
    ours.and_then(|package| version(package.json)).expect("sheave states its rust-version")
}

fn too_new(package: &Package<'_>, ours: Version) -> Option<String> {
    let theirs = version(package.json)?;
    (theirs > ours).then(|| {
        let (major, minor) = theirs;
        let Package { name, version, .. } = package;
        format!("{name} {version}: needs Rust {major}.{minor}, we promise {}.{}", ours.0, ours.1)
    })
}

fn version(package: &Json) -> Option<Version> {
    let mut numbers = package.get("rust_version").text()?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAPH: &str = r#"{
        "packages": [
            {"id": "s", "name": "sheave", "version": "1.0.0", "license": "MIT", "rust_version": "1.85"},
            {"id": "t", "name": "sheave-tests", "version": "1.0.0", "license": null},
            {"id": "l", "name": "loom", "version": "0.7.0", "license": "MIT", "rust_version": "1.90.1"},
            {"id": "n", "name": "new", "version": "2.0.0", "license": "GPL-3.0",
             "rust_version": "1.86", "source": "git+https://example.org"}
        ],
        "workspace_members": ["s", "t"],
        "resolve": {"nodes": [
            {"id": "s", "deps": [
                {"pkg": "n", "dep_kinds": [{"kind": null, "target": null}]},
                {"pkg": "t", "dep_kinds": [{"kind": "dev", "target": null}]},
                {"pkg": "l", "dep_kinds": [{"kind": null, "target": "cfg(loom)"}]}]},
            {"id": "t", "deps": []}, {"id": "l", "deps": []}, {"id": "n", "deps": []}
        ]}
    }"#;

    #[test]
    fn only_what_users_build_is_looked_at() {
        let graph = Json::parse(GRAPH);
        let packages = packages(&graph);
        let all = closure(&graph, &packages, Edges::All);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["l", "n", "s"]);
        let users = closure(&graph, &packages, Edges::WithoutModels);
        assert_eq!(users.into_iter().collect::<Vec<_>>(), ["n", "s"]);
    }

    #[test]
    fn each_offence_is_named() {
        let graph = Json::parse(GRAPH);
        let packages = packages(&graph);
        let policy = Policy::parse("allow = [\"MIT\"]\ndeny = [{ crate = \"new\" }]");
        let found = offences(&packages["n"], &policy).join("\n");
        assert!(found.contains("GPL-3.0") && found.contains("git+") && found.contains("banned"));
        assert_eq!(offences(&packages["s"], &policy), [""; 0]);
        let new = too_new(&packages["n"], minimum(&packages));
        assert_eq!(new.as_deref(), Some("new 2.0.0: needs Rust 1.86, we promise 1.85"));
        assert_eq!(too_new(&packages["s"], (1, 85)), None);
    }
}
