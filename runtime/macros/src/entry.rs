//! `#[sheave::main]` and `#[sheave::test]`: an `async fn` becomes a `fn` that owns a runtime.
//!
//! The body goes into an async block that is told the declared return type, so that the compiler
//! reports a mistake inside the body and not at the attribute. The body's tokens are never parsed
//! here; syntax errors are the compiler's to report.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Result, ReturnType, Signature, Type, Visibility, braced};

use crate::options::{Flavor, Options};
use crate::syntax::{hidden, hidden_at};

/// Which attribute is being expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    Test,
}

impl Kind {
    fn default_flavor(self) -> Flavor {
        match self {
            Self::Main => Flavor::MultiThread,
            Self::Test => Flavor::CurrentThread,
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::Main => "#[sheave::main]",
            Self::Test => "#[sheave::test]",
        }
    }
}

/// A function whose body is left alone.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    /// The attributes that open the body, `#![…]`, which are the function's.
    inner_attributes: Vec<Attribute>,
    body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let (visibility, signature) = (input.parse()?, input.parse()?);
        let content;
        let brace = braced!(content in input);
        let inner_attributes = content.call(Attribute::parse_inner)?;
        let mut body = Group::new(Delimiter::Brace, content.parse()?);
        body.set_span(brace.span.join());
        Ok(Self { attributes, visibility, signature, inner_attributes, body })
    }
}

/// Expands the attribute. A mistake becomes a `compile_error!` beside a usable function, so that it
/// is the only error: no "`main` not found" follows it.
pub(crate) fn expand(kind: Kind, options: TokenStream, function: TokenStream) -> TokenStream {
    let mut function: Function = match syn::parse2(function.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = error.into_compile_error();
            return quote! { #error #function };
        }
    };
    let (options, mistake) = match Options::parse(options, kind.default_flavor()) {
        Ok(options) => (options, None),
        Err(error) => (Options::default_for(kind.default_flavor()), Some(error)),
    };
    let mistake = match (check(kind, &function), mistake) {
        (Err(mut first), Some(second)) => {
            first.combine(second);
            Some(first)
        }
        (Err(only), None) => Some(only),
        (Ok(()), other) => other,
    };
    let Some(mistake) = mistake.map(Error::into_compile_error) else {
        return blocking(kind, &options, &mut function);
    };
    function.body = diverging(&function.body);
    let rest = plain(kind, &mut function);
    quote! { #mistake #rest }
}

/// The rules that concern the function rather than the options.
fn check(kind: Kind, function: &Function) -> Result<()> {
    let signature = &function.signature;
    if signature.asyncness.is_none() {
        let place = signature.fn_token.span();
        let message = format!("`{}` needs an `async fn`: write `async` here", kind.attribute());
        return Err(Error::new(place, message));
    }
    if kind == Kind::Test {
        if let Some(second) = function.attributes.iter().find(|it| is_test(it)) {
            let message = "a second test attribute: `#[sheave::test]` already makes this a test, \
                           and with two of them it would run twice";
            return Err(Error::new(second.path().span(), message));
        }
    }
    let named_main = kind == Kind::Main && signature.ident == "main";
    match signature.inputs.first() {
        Some(_) if named_main => {
            Err(Error::new(signature.inputs.span(), "`main` takes no arguments"))
        }
        Some(_) if kind == Kind::Test => {
            Err(Error::new(signature.inputs.span(), "a test takes no arguments"))
        }
        _ => Ok(()),
    }
}

/// Whether an attribute is some `#[test]`.
fn is_test(attribute: &Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("test")
        || path.segments.len() > 1 && path.segments.last().is_some_and(|last| last.ident == "test")
}

/// The body of a function that will not be compiled to the end: nothing in it may add errors.
fn diverging(body: &Group) -> Group {
    let mut empty = Group::new(body.delimiter(), quote! { ::core::unreachable!() });
    empty.set_span(body.span());
    empty
}

/// The function without `async`, for when something is wrong with it.
fn plain(kind: Kind, function: &mut Function) -> TokenStream {
    function.signature.asyncness = None;
    if kind == Kind::Test || function.signature.ident == "main" {
        function.signature.inputs.clear();
    }
    let Function { attributes, visibility, signature, body, .. } = function;
    let attributes = attributes.iter().filter(|it| !is_test(it));
    quote! {
        #(#attributes)*
        #[allow(dead_code, unused_variables)]
        #visibility #signature #body
    }
}

/// The function with its runtime.
fn blocking(kind: Kind, options: &Options, function: &mut Function) -> TokenStream {
    function.signature.asyncness = None;
    let Function { attributes, visibility, signature, inner_attributes, body } = function;
    let statements = body.stream();
    let test = (kind == Kind::Test).then(|| quote! { #[::core::prelude::v1::test] });
    let runtime = hidden("runtime");
    let build = build(options);
    let declared = declared_output(&signature.output);
    // The compiler reports what concerns the block as a whole at its braces: the body's own.
    let mut block = Group::new(Delimiter::Brace, quote! { #declared #statements });
    block.set_span(hidden_at(body));
    quote! {
        #test
        #(#attributes)*
        #visibility #signature {
            #(#inner_attributes)*
            let #runtime = #build;
            #runtime.block_on(async move #block)
        }
    }
}

/// The builder's calls.
fn build(options: &Options) -> TokenStream {
    let sheave = match &options.runtime {
        Some(path) => quote! { #path },
        None => quote! { ::sheave },
    };
    let constructor = match options.flavor {
        Flavor::MultiThread => quote! { new_multi_thread },
        Flavor::CurrentThread => quote! { new_current_thread },
    };
    let workers = options.worker_threads.map(|count| quote! { .worker_threads(#count) });
    let paused = options.start_paused.map(|paused| quote! { .start_paused(#paused) });
    quote! {
        #sheave::runtime::Builder::#constructor()
            #workers
            #paused
            .build()
            .expect("failed to build the sheave runtime")
    }
}

/// A `return` of the declared type that never runs. An async block cannot declare what it yields;
/// its first `return` decides, and what disagrees with it is then reported where it stands.
fn declared_output(output: &ReturnType) -> TokenStream {
    let (ty, place) = match output {
        ReturnType::Default => (quote! { () }, Span::mixed_site()),
        // `impl Trait` cannot be written here, and `!` disagrees with nothing.
        ReturnType::Type(_, ty) if contains_word(quote! { #ty }, "impl") => return quote! {},
        ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => return quote! {},
        ReturnType::Type(_, ty) => (quote! { #ty }, hidden_at(ty)),
    };
    let declared = Ident::new("declared", place);
    quote_spanned! { place =>
        #[allow(unreachable_code, clippy::all)]
        if false {
            let #declared: #ty = loop {};
            return #declared;
        }
    }
}

fn contains_word(tokens: TokenStream, wanted: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == wanted,
        TokenTree::Group(group) => contains_word(group.stream(), wanted),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main_of(options: TokenStream, function: TokenStream) -> String {
        expand(Kind::Main, options, function).to_string()
    }

    fn test_of(options: TokenStream, function: TokenStream) -> String {
        expand(Kind::Test, options, function).to_string()
    }

    #[test]
    fn main_gets_workers_and_a_test_gets_none() {
        let function = quote! { async fn main() { work().await } };
        let text = main_of(quote!(), function.clone());
        assert!(text.contains(":: sheave :: runtime :: Builder :: new_multi_thread ()"), "{text}");
        assert!(text.contains("let declared : () = loop"), "{text}");
        assert!(text.contains("return declared ; } work () . await })"), "{text}");
        assert!(!text.contains("prelude"), "{text}");
        let text = test_of(quote!(), function);
        assert!(text.contains("Builder :: new_current_thread ()"), "{text}");
        assert!(text.starts_with("# [:: core :: prelude :: v1 :: test] fn main ()"), "{text}");
    }

    #[test]
    fn options_become_builder_calls() {
        let function = quote! { async fn f() {} };
        let text = main_of(quote!(worker_threads = 2, crate = "other::rt"), function.clone());
        assert!(text.contains("= other :: rt :: runtime :: Builder"), "{text}");
        assert!(text.contains(". worker_threads (2usize) . build ()"), "{text}");
        let text = test_of(quote!(start_paused = true), function);
        assert!(text.contains(". start_paused (true) . build ()"), "{text}");
    }

    #[test]
    fn the_function_keeps_its_face() {
        let text = main_of(
            quote!(),
            quote! { #[doc = "x"] pub(crate) async fn run<'a>(&'a self, n: u8) -> Result<u8, E> { n } },
        );
        assert!(text.starts_with("# [doc = \"x\"] pub (crate) fn run < 'a > (& 'a self , n : u8) -> Result < u8 , E >"), "{text}");
        assert!(text.contains("let declared : Result < u8 , E > = loop"), "{text}");
    }

    #[test]
    fn what_cannot_be_declared_is_left_to_inference() {
        for output in [quote! { Box<impl T> }, quote! { ! }] {
            let text = main_of(quote!(), quote! { async fn main() -> #output { x } });
            assert!(text.contains("async move { x }"), "{text}");
        }
    }

    #[test]
    fn inner_attributes_stay_with_the_function() {
        let text = main_of(quote!(), quote! { async fn main() { #![allow(lint)] x } });
        assert!(text.contains("fn main () { # ! [allow (lint)] let runtime"), "{text}");
    }

    #[test]
    fn a_mistake_leaves_one_error_and_a_function() {
        for (options, function, wanted) in [
            (quote!(), quote! { fn main() { body } }, "`#[sheave::main]` needs an `async fn`"),
            (quote!(), quote! { async fn main(x: u8) { body } }, "`main` takes no arguments"),
            (quote!(nope = 1), quote! { async fn main() { body } }, "unknown option `nope`"),
        ] {
            let text = main_of(options, function);
            assert!(text.contains(wanted), "{text}");
            assert_eq!(text.matches("compile_error").count(), 1, "{text}");
            assert!(text.contains("fn main ()") && !text.contains("body"), "{text}");
        }
    }

    #[test]
    fn two_mistakes_are_both_reported() {
        let text = main_of(quote!(nope = 1), quote! { fn main() {} });
        assert_eq!(text.matches("compile_error").count(), 2, "{text}");
    }

    #[test]
    fn a_test_is_a_test_once() {
        for second in [quote! { #[test] }, quote! { #[core::prelude::v1::test] }] {
            let text = test_of(quote!(), quote! { #second async fn f() {} });
            assert!(text.contains("a second test attribute"), "{text}");
        }
        let text = test_of(quote!(), quote! { #[should_panic] #[ignore] async fn f() {} });
        assert!(text.contains("# [should_panic] # [ignore] fn f ()"), "{text}");
        let text = test_of(quote!(), quote! { async fn f(x: u8) {} });
        assert!(text.contains("a test takes no arguments"), "{text}");
    }

    #[test]
    fn what_is_no_function_comes_back_with_the_error() {
        let text = main_of(quote!(), quote! { struct Main; });
        assert!(text.contains("compile_error") && text.ends_with("struct Main ;"), "{text}");
    }
}
