//! `join!` and `try_join!`: every future is polled by the task that awaits, until all are done.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Result, Token};

use crate::syntax::{
    self, Order, branch_count, each_branch_from, evaluate_and_pin, hidden, located_at,
};

/// When the macro is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every future is.
    All,
    /// Every future is, or one has failed.
    FirstError,
}

struct Join {
    /// The path of the runtime.
    sheave: TokenStream,
    order: Order,
    futures: Punctuated<Expr, Token![,]>,
}

impl Parse for Join {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self {
            sheave: syntax::runtime_path(input)?,
            order: syntax::order(input)?,
            futures: Punctuated::parse_terminated(input)?,
        })
    }
}

/// Expands `join!` or `try_join!`.
pub(crate) fn expand(outcome: Outcome, input: TokenStream) -> TokenStream {
    match syn::parse2::<Join>(input) {
        Ok(join) => generate(outcome, &join),
        Err(error) => error.into_compile_error(),
    }
}

fn generate(outcome: Outcome, join: &Join) -> TokenStream {
    let sheave = &join.sheave;
    let support = quote! { #sheave::macros::support };
    let names = syntax::names_of(&join.futures, sheave);
    if names.is_empty() {
        return match outcome {
            Outcome::All => quote! { {} },
            Outcome::FirstError => quote! { ::core::result::Result::Ok(()) },
        };
    }
    let pinned = evaluate_and_pin(&names, &join.futures, &support, |name, support| {
        let constructor = match outcome {
            Outcome::All => quote! { new },
            Outcome::FirstError => quote! { fallible },
        };
        quote_spanned! { name.span() => #support::MaybeDone::#constructor(#name) }
    });
    let poll = poll(outcome, join.order, &names, &support);
    quote! {{
        #pinned
        #poll
    }}
}

/// Polls all that are not done, until they are.
fn poll(outcome: Outcome, order: Order, names: &[Ident], support: &TokenStream) -> TokenStream {
    let (context, pending, start) = (hidden("context"), hidden("pending"), hidden("start"));
    let arms: Vec<_> = names.iter().map(|name| arm(outcome, name, support)).collect();
    let round = each_branch_from(&start, &arms, support);
    let (declare, advance) = rotation(order, &start, branch_count(names), support);
    let outputs = outputs(outcome, names, support);
    quote! {
        #declare
        #support::poll_fn(|#context| {
            #advance
            let mut #pending = false;
            #round
            if #pending {
                #support::Poll::Pending
            } else {
                #support::Poll::Ready(#outputs)
            }
        })
        .await
    }
}

/// What declares the first branch to poll, once, and what moves it on, each time.
fn rotation(
    order: Order,
    start: &Ident,
    count: u32,
    support: &TokenStream,
) -> (TokenStream, TokenStream) {
    let next = hidden("next");
    match order {
        Order::Biased => (quote! { let #start = 0_u32; }, quote! {}),
        Order::Fair => (
            quote! { let mut #next = 0_u32; },
            quote! { let #start = #next; #next = #support::around(#next + 1, #count); },
        ),
    }
}

/// What one round does to one future.
fn arm(outcome: Outcome, name: &Ident, support: &TokenStream) -> TokenStream {
    let (context, pending) = (hidden("context"), hidden("pending"));
    let support = located_at(support, name.span());
    let fail = (outcome == Outcome::FirstError).then(|| {
        let error = Ident::new("error", name.span());
        quote_spanned! { name.span() =>
            else if let ::core::option::Option::Some(#error) =
                #support::MaybeDone::take_error(#name.as_mut())
            {
                return #support::Poll::Ready(::core::result::Result::Err(#error));
            }
        }
    });
    quote_spanned! { name.span() =>
        if #support::MaybeDone::poll(#name.as_mut(), #context).is_pending() {
            #pending = true;
        }
        #fail
    }
}

fn outputs(outcome: Outcome, names: &[Ident], support: &TokenStream) -> TokenStream {
    let take = match outcome {
        Outcome::All => quote! { take_output },
        Outcome::FirstError => quote! { take_value },
    };
    let outputs = names.iter().map(|name| {
        let support = located_at(support, name.span());
        quote_spanned! { name.span() => #support::MaybeDone::#take(#name.as_mut()) }
    });
    let outputs = quote! { (#(#outputs,)*) };
    match outcome {
        Outcome::All => outputs,
        Outcome::FirstError => quote! { ::core::result::Result::Ok(#outputs) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tokens: TokenStream) -> Result<Join> {
        syn::parse2(quote! { [$crate] #tokens })
    }

    #[test]
    fn futures_are_separated_by_commas() {
        assert_eq!(parse(quote!()).unwrap().futures.len(), 0);
        assert_eq!(parse(quote!(a(), async { 1 }, &mut b.c)).unwrap().futures.len(), 3);
        assert_eq!(parse(quote!(a, b,)).unwrap().futures.len(), 2);
        parse(quote!(a b)).err().expect("a comma is missing");
    }

    #[test]
    fn biased_is_a_word_only_before_a_semicolon() {
        assert_eq!(parse(quote!(biased; a, b)).unwrap().order, Order::Biased);
        let fair = parse(quote!(biased, b)).unwrap();
        assert_eq!((fair.order, fair.futures.len()), (Order::Fair, 2));
        assert_eq!(parse(quote!(biased;)).unwrap().futures.len(), 0);
    }

    #[test]
    fn nothing_to_wait_for_is_no_wait() {
        let text = expand(Outcome::All, quote!([$crate])).to_string();
        assert!(!text.contains("await"), "{text}");
    }
}
