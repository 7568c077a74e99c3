//! `select!`: the first branch whose future is ready with a value its pattern accepts goes on.
//!
//! The expansion has two halves. The first evaluates the guards and the futures, polls the futures
//! inside `poll_fn` and yields a local enum with one variant per branch; its scope ends before the
//! second, so no future is alive, and nothing it borrowed is borrowed, when a handler runs. The
//! second half is one `match` in the user's own scope: `?`, `break`, `return` and `.await` mean
//! there what they mean outside the macro.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Pat, Result, Token, braced, token};

use crate::syntax::{self, Order, branch_count, each_branch_from, evaluate_and_pin, hidden};

/// One bit of a `u64` per branch says whether it is still in the race.
const MAX_BRANCHES: usize = 64;
const SHAPE: &str = "a branch is `pattern = future => handler,` or \
                     `pattern = future, if condition => handler,`";

struct Select {
    /// The path of the runtime.
    sheave: TokenStream,
    order: Order,
    branches: Vec<Branch>,
    /// The handler of `else`.
    otherwise: Option<TokenStream>,
}

struct Branch {
    pattern: Pat,
    future: Expr,
    guard: Option<Expr>,
    handler: TokenStream,
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let sheave = syntax::runtime_path(input)?;
        let order = syntax::order(input)?;
        let (mut branches, mut otherwise) = (Vec::new(), None);
        while !input.is_empty() {
            if input.peek(Token![else]) {
                otherwise = Some(parse_else(input)?);
                break;
            }
            if branches.len() == MAX_BRANCHES {
                let message = format!("`select!` takes at most {MAX_BRANCHES} branches");
                return Err(input.error(message));
            }
            branches.push(input.parse()?);
        }
        if branches.is_empty() && otherwise.is_none() {
            return Err(Error::new(input.span(), format!("`select!` needs a branch: {SHAPE}")));
        }
        Ok(Self { sheave, order, branches, otherwise })
    }
}

impl Parse for Branch {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let start = input.span();
        let misshapen = |_| Error::new(start, SHAPE);
        let pattern = Pat::parse_multi_with_leading_vert(input).map_err(misshapen)?;
        if !input.peek(Token![=]) || input.peek(Token![=>]) || input.peek(Token![==]) {
            return Err(Error::new(start, SHAPE));
        }
        input.parse::<Token![=]>()?;
        let future = input.parse()?;
        let guard = parse_guard(input)?;
        if !input.peek(Token![=>]) {
            return Err(input.error(format!("expected `=>`: {SHAPE}")));
        }
        Ok(Self { pattern, future, guard, handler: parse_handler(input)? })
    }
}

/// `, if condition`, or nothing.
fn parse_guard(input: ParseStream<'_>) -> Result<Option<Expr>> {
    if !input.peek(Token![,]) {
        return Ok(None);
    }
    input.parse::<Token![,]>()?;
    if !input.peek(Token![if]) {
        return Err(input.error("expected `if condition` after the comma, or `=>` instead of it"));
    }
    input.parse::<Token![if]>()?;
    input.parse().map(Some)
}

fn parse_else(input: ParseStream<'_>) -> Result<TokenStream> {
    input.parse::<Token![else]>()?;
    if !input.peek(Token![=>]) {
        return Err(input.error("expected `=>`: the last branch may be `else => handler`"));
    }
    let handler = parse_handler(input)?;
    if input.is_empty() {
        return Ok(handler);
    }
    Err(input.error("`else` must be the last branch"))
}

/// `=>`; a block, whose tokens the compiler will parse, or an expression; and the comma after it,
/// which a block-like handler may leave out.
fn parse_handler(input: ParseStream<'_>) -> Result<TokenStream> {
    let arrow = input.parse::<Token![=>]>()?;
    if input.is_empty() {
        return Err(Error::new_spanned(
            arrow,
            "expected a handler after `=>`; one that does nothing is `{}`",
        ));
    }
    let (handler, block_like) = if input.peek(token::Brace) {
        let body;
        let brace = braced!(body in input);
        let body: TokenStream = body.parse()?;
        (quote_spanned! { brace.span.join() => { #body } }, true)
    } else {
        let handler = Expr::parse_with_earlier_boundary_rule(input)?;
        let block_like = is_block_like(&handler);
        (quote! { #handler }, block_like)
    };
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
    } else if !block_like && !input.is_empty() {
        return Err(input.error("expected `,` after the handler"));
    }
    Ok(handler)
}

fn is_block_like(handler: &Expr) -> bool {
    use Expr::{Block, Const, ForLoop, If, Loop, Match, Unsafe, While};
    matches!(
        handler,
        Block(_) | Const(_) | ForLoop(_) | If(_) | Loop(_) | Match(_) | Unsafe(_) | While(_)
    )
}

/// Expands `select!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2::<Select>(input) {
        Ok(select) => select.generate(),
        Err(error) => error.into_compile_error(),
    }
}

impl Select {
    fn generate(&self) -> TokenStream {
        let sheave = &self.sheave;
        let otherwise = self.otherwise.clone().unwrap_or_else(|| {
            quote! {
                ::core::panic!(
                    "all branches of `select!` are disabled and there is no `else` branch"
                )
            }
        });
        if self.branches.is_empty() {
            return otherwise;
        }
        let support = quote! { #sheave::macros::support };
        let (winner, variants) = (hidden("__SheaveSelected"), self.variants());
        let generics: Vec<_> =
            (0..variants.len()).map(|index| hidden(&format!("T{index}"))).collect();
        let race = self.race(&winner, &variants, &support);
        let patterns = self.branches.iter().map(|branch| &branch.pattern);
        let handlers = self.branches.iter().map(|branch| &branch.handler);
        quote! {{
            enum #winner<#(#generics),*> {
                #(#variants(#generics),)*
                Nobody,
            }
            match #race {
                #(#winner::#variants(#patterns) => #handlers,)*
                #winner::Nobody => #otherwise,
                #[allow(unreachable_patterns)]
                _ => ::core::unreachable!("the pattern has accepted this value before"),
            }
        }}
    }

    fn variants(&self) -> Vec<Ident> {
        (0..self.branches.len()).map(|index| hidden(&format!("Branch{index}"))).collect()
    }

    /// The block that evaluates, polls, drops the futures, and yields who won.
    fn race(&self, winner: &Ident, variants: &[Ident], support: &TokenStream) -> TokenStream {
        let (out, context) = (hidden("out"), hidden("context"));
        let (start, pending) = (hidden("start"), hidden("pending"));
        let gave_way = hidden("gave_way");
        let give_way = give_way(&gave_way, &context, support);
        let guards = self.guards(&out);
        let futures = || self.branches.iter().map(|branch| &branch.future);
        let names = syntax::names_of(futures(), &self.sheave);
        let pinned = evaluate_and_pin(&names, futures(), support, |name, support| {
            quote_spanned! { name.span() => #support::IntoFuture::into_future(#name) }
        });
        let arms: Vec<_> = (0..self.branches.len())
            .map(|index| self.arm(index, &names[index], winner, &variants[index], support))
            .collect();
        let count = branch_count(&arms);
        let first = match self.order {
            Order::Fair => quote! { #support::thread_rng_n(#count) },
            Order::Biased => quote! { 0_u32 },
        };
        let round = each_branch_from(&start, &arms, support);
        quote! {{
            let mut #out = 0_u64;
            #guards
            #pinned
            let mut #gave_way = false;
            #support::poll_fn(|#context| {
                #give_way
                let #start = #first;
                let mut #pending = false;
                #round
                if #pending {
                    #support::Poll::Pending
                } else {
                    #support::Poll::Ready(#winner::Nobody)
                }
            })
            .await
        }}
    }

    /// Sets the bits of the branches that do not take part. All guards come before all futures.
    fn guards(&self, out: &Ident) -> TokenStream {
        let checks = self.branches.iter().enumerate().filter_map(|(index, branch)| {
            let guard = branch.guard.as_ref()?;
            let (bit, enabled) = (1_u64 << index, hidden("enabled"));
            Some(quote! {
                let #enabled: bool = #guard;
                if !#enabled {
                    #out |= #bit;
                }
            })
        });
        quote! { #(#checks)* }
    }

    /// What one round does to one branch.
    ///
    /// Whether the pattern accepts the value is asked by the pattern itself, in a guard that says
    /// no after it has taken note: a value that was only looked at is not moved, whatever the
    /// pattern would bind, so that it can leave with the branch's variant.
    ///
    /// `continue` stands where the value would: if nothing else says of what type that is, as with
    /// `pending()`, the compiler takes the one that it falls back to there.
    fn arm(
        &self,
        index: usize,
        future: &Ident,
        winner: &Ident,
        variant: &Ident,
        support: &TokenStream,
    ) -> TokenStream {
        let (out, context, pending) = (hidden("out"), hidden("context"), hidden("pending"));
        let (value, accepted) = (hidden("value"), hidden("accepted"));
        let (bit, pattern) = (1_u64 << index, &self.branches[index].pattern);
        quote! {
            if #out & #bit == 0 {
                #[allow(unused_mut)]
                let mut #value = match #support::Future::poll(#future.as_mut(), #context) {
                    #support::Poll::Pending => {
                        #pending = true;
                        continue;
                    }
                    #support::Poll::Ready(#value) => #value,
                };
                #out |= #bit;
                let mut #accepted = false;
                #[allow(unused, clippy::all)]
                match #value {
                    #pattern if { #accepted = true; false } => ::core::unreachable!(),
                    _ => {}
                }
                if #accepted {
                    return #support::Poll::Ready(#winner::#variant(#value));
                }
            }
        }
    }
}

/// Gives the turn up without a budget: else the branches of the runtime would pass, and the others win for
/// ever. Once is enough: who polls again without a budget, as a `block_on` in a task, never gets one.
fn give_way(gave_way: &Ident, context: &Ident, support: &TokenStream) -> TokenStream {
    quote! {
        if !#gave_way && #support::poll_budget_available(#context).is_pending() {
            #gave_way = true;
            return #support::Poll::Pending;
        }
    }
}

#[cfg(test)]
mod tests;
