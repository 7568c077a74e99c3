//! What is in a tree, which no public call shows.

use super::CancellationToken;

fn places(token: &CancellationToken) -> usize {
    token.node.tree.lock().places.len()
}

#[test]
fn a_chain_of_dropped_parents_keeps_one_place() {
    let mut token = CancellationToken::new();
    let first = token.clone();
    for _ in 0..10_000 {
        token = token.child_token();
    }
    assert_eq!(places(&token), 2);
    first.cancel();
    assert!(token.is_cancelled());
    assert_eq!(places(&token), 0);
}

#[test]
fn a_dropped_parent_of_many_stays_until_one_is_left() {
    let root = CancellationToken::new();
    let middle = root.child_token();
    let mut leaves: Vec<_> = (0..5).map(|_| middle.child_token()).collect();
    drop(middle);
    assert_eq!(places(&root), 1 + 1 + 5);
    leaves.remove(2).cancel();
    leaves.truncate(2);
    assert_eq!(places(&root), 1 + 1 + 2);
    drop(leaves.pop());
    assert_eq!(places(&root), 1 + 1, "the last takes its parent's position");
    root.cancel();
    assert!(leaves[0].is_cancelled());
}

#[test]
fn ghosts_are_fewer_than_tokens_in_a_tree_of_any_shape() {
    let root = CancellationToken::new();
    let mut tokens = vec![root.clone()];
    let rng = crate::util::Rng::new(7);
    for n in 0..20_000 {
        let at = rng.below(tokens.len());
        if n % 3 == 0 && tokens.len() > 1 {
            drop(tokens.swap_remove(at));
        } else {
            tokens.push(tokens[at].child_token());
        }
        assert!(places(&root) < 2 * (tokens.len() + 1));
    }
    root.cancel();
    assert!(tokens.iter().all(CancellationToken::is_cancelled));
    assert_eq!(places(&root), 0);
}
