//! What the function-like macros have in common: the runtime's path, `biased;`, names, the poll loop.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Expr, Token, bracketed};

/// Which branch is polled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A different one each time.
    Fair,
    /// The first as written, always: the user wrote `biased;`.
    Biased,
}

/// Takes the `[$crate]` that the wrappers of the runtime put first.
pub(crate) fn runtime_path(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let path;
    bracketed!(path in input);
    path.parse()
}

/// Takes `biased;` if it is there.
pub(crate) fn order(input: ParseStream<'_>) -> syn::Result<Order> {
    let ahead = input.fork();
    let biased = ahead.parse::<Ident>().is_ok_and(|word| word == "biased") && ahead.peek(Token![;]);
    if !biased {
        return Ok(Order::Fair);
    }
    input.parse::<Ident>()?;
    input.parse::<Token![;]>()?;
    Ok(Order::Biased)
}

/// One name per future, which the user's code cannot see.
///
/// Its span is located where the future is written and belongs to the same expansion as `$crate`.
/// Both are needed for "is not a future" to point at the user's expression: the compiler reports a
/// call whose parts belong to different expansions at the whole macro.
pub(crate) fn names_of<'a>(
    futures: impl IntoIterator<Item = &'a Expr>,
    sheave: &TokenStream,
) -> Vec<Ident> {
    let wrapper = sheave.clone().into_iter().next().map_or(Span::mixed_site(), |it| it.span());
    let name = |(index, future): (usize, &Expr)| {
        Ident::new(&format!("future{index}"), wrapper.located_at(future.span()))
    };
    futures.into_iter().enumerate().map(name).collect()
}

/// Evaluates each future in a statement of its own, so that the temporaries of one are gone before
/// the next begins; then pins them on the stack. The last is pinned first, because locals are
/// dropped in reverse: the futures are dropped in the order they were written in. `wrap` makes what
/// is pinned out of the name and of `support` located at it.
pub(crate) fn evaluate_and_pin<'a>(
    names: &[Ident],
    futures: impl IntoIterator<Item = &'a Expr>,
    support: &TokenStream,
    wrap: impl Fn(&Ident, &TokenStream) -> TokenStream,
) -> TokenStream {
    let futures = futures.into_iter();
    let pins = names.iter().rev().map(|name| {
        let value = wrap(name, &located_at(support, name.span()));
        quote! { let mut #name = #support::pin!(#value); }
    });
    quote! {
        #(let #names = #futures;)*
        #(#pins)*
    }
}

/// Runs `arms[i]` once for every branch `i`, from branch `start` onwards, around the end.
pub(crate) fn each_branch_from(
    start: &Ident,
    arms: &[TokenStream],
    support: &TokenStream,
) -> TokenStream {
    let count = branch_count(arms);
    let indices = 0..count;
    let step = hidden("step");
    quote! {
        for #step in 0..#count {
            match #support::around(#start + #step, #count) {
                #(#indices => { #arms })*
                _ => ::core::unreachable!("there is no such branch"),
            }
        }
    }
}

/// The number of branches, of the type that expansions count with.
pub(crate) fn branch_count<T>(branches: &[T]) -> u32 {
    u32::try_from(branches.len()).expect("a macro input has fewer than 2^32 branches")
}

/// A local name that no code of the user can see or collide with.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The same tokens with the same meaning, located elsewhere: a mistake in what they begin is then
/// shown there and not at the whole macro, which is where `$crate` is located.
pub(crate) fn located_at(tokens: &TokenStream, place: Span) -> TokenStream {
    let moved = |mut token: TokenTree| {
        token.set_span(token.span().located_at(place));
        token
    };
    tokens.clone().into_iter().map(moved).collect()
}

/// A span located at some code of the user, whose names that code cannot see.
pub(crate) fn hidden_at(code: &impl Spanned) -> Span {
    Span::mixed_site().located_at(code.span())
}
