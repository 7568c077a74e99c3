//! What the macros say to code that is wrong. The expected words stand beside each case in `ui/`.
//!
//! The words of the cases named `*_types` are the compiler's own and may change with it; write them
//! anew with `TRYBUILD=overwrite`, and look that each error still stands at the user's expression.

#[test]
fn mistakes_are_reported_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
}
