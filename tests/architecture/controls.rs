//! Controls: each rule finds what it is there to find, and leaves the good example alone.

use crate::ladder;
use crate::rules::{self, Rule};
use crate::source::Source;

/// The lines on which `rule` finds an offence in `text`, as if it stood in `path`.
fn found(rule: Rule, path: &str, text: &str) -> Vec<usize> {
    let offences = rule(&Source::parse(path, text));
    offences.iter().map(|o| o.split(':').next().unwrap().parse().unwrap()).collect()
}

const NOTHING: [usize; 0] = [];

#[test]
fn an_upward_import_is_found_in_each_of_its_spellings() {
    let text = "use crate::util::Bits;\nuse crate::{\n    coop, scheduler::{Shared, idle},\n};\nuse super::super::runtime::Handle;\nfn f() { crate::net::g() }\nfn h() -> sheave_facade::time::Instant {}\n";
    assert_eq!(found(ladder::check, "runtime/src/timers/entry.rs", text), [2, 2, 5, 6]);
}

#[test]
fn peers_on_the_lower_rungs_stay_apart_and_public_modules_may_meet() {
    let text = "use crate::tasks::Header;\nuse super::entry::Entry;\n";
    assert_eq!(found(ladder::check, "runtime/src/reactor/mod.rs", text), [1]);
    let text = "use crate::io::Stream;\nuse crate::scheduler::current;\n";
    assert_eq!(found(ladder::check, "runtime/src/net/tcp.rs", text), NOTHING);
}

#[test]
fn a_module_without_a_place_is_found_and_tests_may_import_anything() {
    assert_eq!(found(ladder::check, "runtime/src/misc/mod.rs", ""), [1]);
    let text = "#[cfg(test)]\nmod tests {\n    use crate::scheduler::Shared;\n}\n";
    assert_eq!(found(ladder::check, "runtime/src/util/rng.rs", text), NOTHING);
}

#[test]
fn a_silent_ordering_is_found() {
    let text = "use std::sync::atomic::Ordering::{\n    Acquire, Release,\n};\nfn f() { a.load(Acquire) }\n\
                // ORDERING: pairs with `g`.\nfn g() { a.store(1, Release) }\n// Release of memory.\nlet s = \"SeqCst\";\n";
    assert_eq!(found(rules::orderings_are_argued, "runtime/src/x.rs", text), [4]);
    assert_eq!(found(rules::orderings_are_argued, "runtime/src/x/loom.rs", text), NOTHING);
    let far = format!("// ORDERING: too far.\n{}a.load(Relaxed);\n", "\n".repeat(8));
    assert_eq!(found(rules::orderings_are_argued, "runtime/src/x.rs", &far), [10]);
}

#[test]
fn silent_unsafe_is_found() {
    let text = "unsafe impl Send for X {}\n\n\n\n\n\n\n\n\n\nlet x = unsafe { y() };\n\
                // SAFETY: one owner.\nlet x = unsafe { z() };\nunsafe fn f() {}\n";
    assert_eq!(found(rules::unsafe_is_argued, "runtime/src/x.rs", text), [1, 11]);
}

#[test]
fn a_long_file_needs_a_reason() {
    let long = "let x = 1;\n".repeat(401);
    assert_eq!(found(rules::files_are_short, "runtime/src/x.rs", &long), [1]);
    assert_eq!(found(rules::files_are_short, "runtime/src/x.rs", &long[11..]), NOTHING);
    let excused = format!("//! It is longer than a screen because of its table.\n{long}");
    assert_eq!(found(rules::files_are_short, "runtime/src/x.rs", &excused), NOTHING);
}

#[test]
fn a_long_function_needs_a_reason() {
    let body = |lines| {
        format!("fn f(\n    a: u8,\n) {{\n{}}}\n", "    { g('}', \"}\"); }\n".repeat(lines))
    };
    assert_eq!(found(rules::functions_are_short, "runtime/src/x.rs", &body(41)), [1]);
    assert_eq!(found(rules::functions_are_short, "runtime/src/x.rs", &body(40)), NOTHING);
    let excused =
        format!("// Longer? It is longer than others: one arm per state.\n#[inline]\n{}", body(41));
    assert_eq!(found(rules::functions_are_short, "runtime/src/x.rs", &excused), NOTHING);
    let trait_fn = format!(
        "trait T {{\n    fn a(&self) -> [u8; 4];\n{}}}\n",
        "    const X: u8 = 1;\n".repeat(50)
    );
    assert_eq!(found(rules::functions_are_short, "runtime/src/x.rs", &trait_fn), NOTHING);
}

#[test]
fn cfg_inside_code_is_found() {
    let text = "#[cfg(unix)]\npub(crate) mod unix;\n#[cfg(feature = \"macros\")]\n/// Main.\npub use macros::main;\n\
                #[cfg(windows)]\nfn f() {}\nif cfg!(unix) {}\n#[cfg_attr(unix, inline)]\nfn g() {}\n#![cfg_attr(docsrs, feature(x))]\n\
                #[cfg(test)]\nmod tests {\n    #[cfg(unix)]\n    fn t() {}\n}\n\
                #[cfg(all(test, loom))]\nmod loom;\n#[cfg(loom)]\nfn h() {}\n";
    assert_eq!(found(rules::cfg_chooses_modules, "runtime/src/x.rs", text), [6, 8, 9, 19]);
    assert_eq!(
        found(rules::cfg_chooses_modules, "runtime/src/reactor/sys/epoll.rs", text),
        NOTHING
    );
}

#[test]
fn a_primitive_from_elsewhere_is_found() {
    let text = "use std::sync::{Arc, Mutex};\nlet now = Instant::now();\nstd::thread::sleep(d);\nuse sheave_facade::sync::Mutex;\n\
                use parking_lot::Condvar;\nuse std::sync::atomic::Ordering;\nuse std::thread::Thread;\nuse std::sync::OnceLockish;\n";
    let rule = rules::primitives_come_from_the_facade;
    assert_eq!(found(rule, "runtime/src/x.rs", text), [1, 2, 3, 5, 6]);
    assert_eq!(found(rule, "runtime/facade/src/real.rs", text), NOTHING);
}

#[test]
fn a_state_machine_without_its_table_is_found() {
    let code = "fn go() {\n    s.compare_exchange(a, b, x, y);\n}\n";
    let rule = rules::state_machines_have_tables;
    assert_eq!(found(rule, "runtime/src/x.rs", &format!("//! A bell.\n{code}")), [3]);
    let table = format!("//! A bell.\n//!\n//! | from | call | to |\n{code}");
    assert_eq!(found(rule, "runtime/src/x.rs", &table), NOTHING);
}

#[test]
fn models_without_a_control_are_found() {
    let text = "// must_catch is only talked about\nfn model() {}\n";
    assert_eq!(found(rules::models_have_controls, "runtime/src/park/loom.rs", text), [1]);
    let text = "fn control() { must_catch(\"t\", \"bug\", &[\"deadlock\"]); }\n";
    assert_eq!(found(rules::models_have_controls, "runtime/src/park/loom.rs", text), NOTHING);
}

#[test]
fn comments_strings_and_lifetimes_are_told_apart() {
    let text = "fn f<'a>(x: &'a str) -> char { '\\'' } // one\n/* two\n /* deeper */ three */ let s = r#\"// \" no\"#; let c = '\"';\n";
    let source = Source::parse("runtime/src/x.rs", text);
    assert_eq!(source.lines[0].code.trim(), "fn f<'a>(x: &'a str) -> char {  }");
    assert!(source.lines[0].comment.contains("one") && source.lines[1].comment.contains("two"));
    assert_eq!(source.lines[2].code.trim(), "let s = \"\"; let c = ;");
}
