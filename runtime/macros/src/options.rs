//! The options of `#[sheave::main]` and `#[sheave::test]`: parsed, then checked against each other.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, Path, Result, Token};

const KNOWN: &str = "`flavor`, `worker_threads`, `start_paused`, `crate`";
const FLAVORS: &str = "`\"multi_thread\"`, `\"current_thread\"`";

/// Which scheduler the runtime gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
}

/// The checked options.
pub(crate) struct Options {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) start_paused: Option<bool>,
    /// The path of the runtime's crate, if it is not `::sheave`.
    pub(crate) runtime: Option<Path>,
}

impl Options {
    /// What an attribute without options means.
    pub(crate) fn default_for(flavor: Flavor) -> Self {
        Self { flavor, worker_threads: None, start_paused: None, runtime: None }
    }

    /// Parses what stands between the parentheses. `default` is the flavor if none is named.
    pub(crate) fn parse(tokens: proc_macro2::TokenStream, default: Flavor) -> Result<Self> {
        let assignments = Punctuated::<Assignment, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut given = Given::default();
        for assignment in assignments {
            given.take(&assignment)?;
        }
        given.check(default)
    }
}

/// One `name = value`.
struct Assignment {
    name: Ident,
    value: Expr,
}

impl Parse for Assignment {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(input.error(format!("expected an option, one of {KNOWN}")));
        };
        if !input.peek(Token![=]) {
            return Err(Error::new(name.span(), missing_value(&name)));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(name.span(), missing_value(&name)));
        }
        Ok(Self { name, value: input.parse()? })
    }
}

fn missing_value(name: &Ident) -> String {
    match name.to_string().as_str() {
        "flavor" => format!("`flavor` needs a value, one of {FLAVORS}"),
        "worker_threads" => "`worker_threads` needs a value, as in `worker_threads = 4`".into(),
        "start_paused" => "`start_paused` needs a value, as in `start_paused = true`".into(),
        "crate" => "`crate` needs a value, as in `crate = \"my_crate::sheave\"`".into(),
        _ => unknown(name),
    }
}

fn unknown(name: &Ident) -> String {
    format!("unknown option `{name}`; the options are {KNOWN}")
}

/// The options as written. Each keeps its place for the errors that concern two of them.
#[derive(Default)]
struct Given {
    flavor: Option<(Flavor, Span)>,
    worker_threads: Option<(usize, Span)>,
    start_paused: Option<(bool, Span)>,
    runtime: Option<(Path, Span)>,
}

impl Given {
    fn take(&mut self, Assignment { name, value }: &Assignment) -> Result<()> {
        match name.to_string().as_str() {
            "flavor" => once(&mut self.flavor, name, flavor(value)?),
            "worker_threads" => once(&mut self.worker_threads, name, worker_threads(value)?),
            "start_paused" => once(&mut self.start_paused, name, start_paused(value)?),
            "crate" => once(&mut self.runtime, name, runtime(value)?),
            _ => Err(Error::new(name.span(), unknown(name))),
        }
    }

    fn check(self, default: Flavor) -> Result<Options> {
        let flavor = self.flavor.map_or(default, |(flavor, _)| flavor);
        match (flavor, self.worker_threads, self.start_paused) {
            (Flavor::CurrentThread, Some((_, place)), _) => Err(Error::new(
                place,
                "`worker_threads` needs `flavor = \"multi_thread\"`: a `current_thread` runtime \
                 has no workers",
            )),
            (Flavor::MultiThread, _, Some((true, place))) => Err(Error::new(
                place,
                "`start_paused` needs `flavor = \"current_thread\"`: only that runtime knows when \
                 every task waits for the clock",
            )),
            _ => Ok(Options {
                flavor,
                worker_threads: self.worker_threads.map(|(count, _)| count),
                start_paused: self.start_paused.map(|(paused, _)| paused),
                runtime: self.runtime.map(|(path, _)| path),
            }),
        }
    }
}

/// Fills `slot`, unless the option was given before.
fn once<T>(slot: &mut Option<(T, Span)>, name: &Ident, value: T) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(name.span(), format!("`{name}` is given twice")));
    }
    *slot = Some((value, name.span()));
    Ok(())
}

fn flavor(value: &Expr) -> Result<Flavor> {
    let Some(Lit::Str(text)) = literal(value) else {
        return Err(Error::new(value.span(), format!("`flavor` is one of {FLAVORS}")));
    };
    match text.value().as_str() {
        "multi_thread" => Ok(Flavor::MultiThread),
        "current_thread" => Ok(Flavor::CurrentThread),
        other => Err(Error::new(
            text.span(),
            format!("there is no flavor `{other}`; the flavors are {FLAVORS}"),
        )),
    }
}

fn worker_threads(value: &Expr) -> Result<usize> {
    let Some(Lit::Int(number)) = literal(value) else {
        return Err(Error::new(
            value.span(),
            "`worker_threads` is an integer literal, as in `worker_threads = 4`",
        ));
    };
    match number.base10_parse() {
        Ok(0) => Err(Error::new(number.span(), "`worker_threads` is at least 1")),
        parsed => parsed,
    }
}

fn start_paused(value: &Expr) -> Result<bool> {
    match literal(value) {
        Some(Lit::Bool(paused)) => Ok(paused.value),
        _ => Err(Error::new(value.span(), "`start_paused` is `true` or `false`")),
    }
}

/// A path as such, or spelled in a string as tokio wants it.
fn runtime(value: &Expr) -> Result<Path> {
    let complaint = "`crate` is a path, as in `crate = \"my_crate::sheave\"`";
    match value {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            text.parse_with(Path::parse_mod_style).map_err(|_| Error::new(text.span(), complaint))
        }
        _ => Err(Error::new(value.span(), complaint)),
    }
}

/// The literal that `value` is, seen through the invisible groups a `macro_rules` variable leaves.
fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{ToTokens, quote};

    fn main_options(tokens: proc_macro2::TokenStream) -> Result<Options> {
        Options::parse(tokens, Flavor::MultiThread)
    }

    fn complaint(tokens: proc_macro2::TokenStream) -> String {
        main_options(tokens).err().expect("these options must be refused").to_string()
    }

    #[test]
    fn nothing_given_means_the_default() {
        let options = main_options(quote!()).unwrap();
        assert_eq!(options.flavor, Flavor::MultiThread);
        assert!(options.worker_threads.is_none());
        assert!(options.start_paused.is_none());
        assert!(options.runtime.is_none());
    }

    #[test]
    fn everything_given_is_kept() {
        let options = main_options(quote!(
            flavor = "multi_thread",
            worker_threads = 3,
            start_paused = false,
            crate = "a::b",
        ))
        .unwrap();
        assert_eq!(options.flavor, Flavor::MultiThread);
        assert_eq!(options.worker_threads, Some(3));
        assert_eq!(options.start_paused, Some(false));
        assert_eq!(options.runtime.to_token_stream().to_string(), "a :: b");
    }

    #[test]
    fn the_crate_may_be_a_bare_path_or_relative() {
        for tokens in [quote!(crate = crate::rt), quote!(crate = "crate::rt")] {
            let options = main_options(tokens).unwrap();
            assert_eq!(options.runtime.to_token_stream().to_string(), "crate :: rt");
        }
    }

    #[test]
    fn a_missing_value_says_how_to_write_it() {
        assert!(complaint(quote!(flavor)).contains("`flavor` needs a value, one of"));
        assert!(complaint(quote!(worker_threads =)).contains("worker_threads = 4"));
        assert!(complaint(quote!(start_paused, flavor = "x")).contains("start_paused = true"));
        assert!(complaint(quote!(colour)).contains("unknown option `colour`"));
    }

    #[test]
    fn an_unknown_option_lists_the_known() {
        let text = complaint(quote!(threads = 4));
        assert!(text.contains("unknown option `threads`") && text.contains(KNOWN), "{text}");
        assert!(complaint(quote!("x")).contains("expected an option"));
    }

    #[test]
    fn bad_literals_are_refused() {
        assert!(complaint(quote!(flavor = "local")).contains("no flavor `local`"));
        assert!(complaint(quote!(flavor = 1)).contains("`flavor` is one of"));
        assert!(complaint(quote!(worker_threads = "4")).contains("integer literal"));
        assert!(complaint(quote!(worker_threads = 0)).contains("at least 1"));
        assert!(complaint(quote!(worker_threads = -1)).contains("integer literal"));
        assert!(complaint(quote!(start_paused = 1)).contains("`true` or `false`"));
        assert!(complaint(quote!(crate = "a-b")).contains("`crate` is a path"));
        assert!(complaint(quote!(crate = 5)).contains("`crate` is a path"));
        main_options(quote!(worker_threads = 99999999999999999999999))
            .err()
            .expect("the number does not fit");
    }

    #[test]
    fn twice_is_once_too_often() {
        assert!(complaint(quote!(worker_threads = 1, worker_threads = 1)).contains("twice"));
        assert!(complaint(quote!(crate = "a", crate = "a")).contains("`crate` is given twice"));
    }

    #[test]
    fn options_that_exclude_each_other_name_the_flavor_they_need() {
        let text = complaint(quote!(flavor = "current_thread", worker_threads = 2));
        assert!(text.contains("needs `flavor = \"multi_thread\"`"), "{text}");
        let text = complaint(quote!(start_paused = true));
        assert!(text.contains("needs `flavor = \"current_thread\"`"), "{text}");
        let text = Options::parse(quote!(worker_threads = 2), Flavor::CurrentThread)
            .err()
            .expect("a test defaults to one thread")
            .to_string();
        assert!(text.contains("needs `flavor = \"multi_thread\"`"), "{text}");
    }
}
