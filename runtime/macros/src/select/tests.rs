//! The grammar of `select!`: what is accepted, and what each mistake is told.

use super::*;
use quote::ToTokens;

fn parse(tokens: TokenStream) -> Result<Select> {
    syn::parse2(quote! { [$crate] #tokens })
}

fn complaint(tokens: TokenStream) -> String {
    parse(tokens).err().expect("this must be refused").to_string()
}

#[test]
fn a_branch_has_a_pattern_a_future_and_a_handler() {
    let select = parse(quote! { Some(x) = rx.recv() => use_it(x) }).unwrap();
    let [branch] = select.branches.as_slice() else { panic!("one branch") };
    assert_eq!(branch.pattern.to_token_stream().to_string(), "Some (x)");
    assert_eq!(branch.future.to_token_stream().to_string(), "rx . recv ()");
    assert_eq!(branch.handler.to_string(), "use_it (x)");
    assert!(branch.guard.is_none() && select.otherwise.is_none());
    assert_eq!(select.order, Order::Fair);
}

#[test]
fn guards_else_and_biased_are_understood() {
    let select = parse(quote! {
        biased;
        _ = a, if n > 0 && !done => {}
        Ok(1 | 2) | Err(_) = &mut b => break,
        else => return,
    })
    .unwrap();
    assert_eq!(select.order, Order::Biased);
    assert_eq!(select.branches.len(), 2);
    let guard = select.branches[0].guard.to_token_stream().to_string();
    assert_eq!(guard, "n > 0 && ! done");
    assert_eq!(select.otherwise.unwrap().to_string(), "return");
}

#[test]
fn a_handler_that_ends_in_a_brace_needs_no_comma() {
    let select = parse(quote! {
        a = f => { 1 }
        b = g => { 2 },
        c = h => match c { _ => 3 }
        d = i => if d { 4 } else { 5 }
        e = j => async { 6 }.await,
        f = k => Point { x: 7 }.x
    });
    assert_eq!(select.unwrap().branches.len(), 6);
    assert!(complaint(quote! { a = f => 1 b = g => 2 }).contains("expected `,`"));
}

#[test]
fn a_block_is_not_parsed() {
    let select = parse(quote! { a = f => { let half typed. } b = g => {} }).unwrap();
    assert_eq!(select.branches[0].handler.to_string(), "{ let half typed . }");
}

#[test]
fn else_alone_is_enough_and_must_be_last() {
    assert_eq!(expand(quote! { [$crate] else => 5 }).to_string(), "5");
    assert!(complaint(quote! { else => {} a = f => {} }).contains("must be the last"));
    assert!(complaint(quote! { else {} }).contains("expected `=>`"));
}

#[test]
fn mistakes_show_the_shape() {
    assert!(complaint(quote!()).contains("needs a branch"));
    assert!(complaint(quote!(biased;)).contains("needs a branch"));
    assert_eq!(complaint(quote! { f() => {} }), SHAPE);
    assert_eq!(complaint(quote! { f => {} }), SHAPE);
    assert!(complaint(quote! { a = f {} }).contains(SHAPE));
    assert!(complaint(quote! { a = f, g => {} }).contains("expected `if condition`"));
    assert!(complaint(quote! { a = f => }).contains("expected a handler"));
}

#[test]
fn sixty_four_branches_fit() {
    let branches = |count: usize| {
        let branch = (0..count).map(|_| quote! { _ = f => {} });
        parse(quote! { #(#branch)* else => {} })
    };
    assert_eq!(branches(64).unwrap().branches.len(), 64);
    assert!(branches(65).err().unwrap().to_string().contains("at most 64"));
}
