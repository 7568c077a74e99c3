//! Which token is whose child, under one lock per tree.
//!
//! A place is *live* while its token exists. A token that is dropped before its children leaves a
//! *ghost*, through which they still hear of their ancestors. A ghost keeps at least two children,
//! so there are fewer ghosts than live places, however the tree is made:
//!
//! | place                   | call      | place   | and                                             |
//! |-------------------------|-----------|---------|-------------------------------------------------|
//! | –                       | `add`     | live    | first among the children of its parent          |
//! | live, two children      | `release` | ghost   |                                                 |
//! | live, one child         | `release` | –       | the child takes its position                    |
//! | live, no child          | `release` | –       | a parent that is a ghost with one child goes too |
//! | live                    | `cut`     | –       | with all places below; a ghost parent as above  |
//! | –                       | `release` | –       | the token was cut off as it was dropped         |
//!
//! Plain data: no call runs code of a user, and none recurses. All are O(1), but `cut`, which is
//! linear in what it cuts.

use super::token::Node;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Weak};
use slab::Slab;
use std::ptr;

/// No place.
const NONE: usize = usize::MAX;

/// The places of one tree.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) places: Slab<Place>,
}

#[derive(Debug)]
pub(super) struct Place {
    /// `None` in a ghost.
    node: Option<Weak<Node>>,
    parent: usize,
    first_child: usize,
    before: usize,
    after: usize,
}

impl Links {
    /// The place that the next `add` gives.
    pub(super) fn next_place(&self) -> usize {
        self.places.vacant_key()
    }

    /// Adds a root.
    pub(super) fn add_root(&mut self, node: Weak<Node>) {
        self.add(NONE, node);
    }

    /// Adds a child of `parent`.
    pub(super) fn add(&mut self, parent: usize, node: Weak<Node>) {
        let place =
            Place { node: Some(node), parent, first_child: NONE, before: NONE, after: NONE };
        let at = self.places.insert(place);
        if parent != NONE {
            let second = std::mem::replace(&mut self.places[parent].first_child, at);
            self.places[at].after = second;
            if second != NONE {
                self.places[second].before = at;
            }
        }
    }

    /// The token of `node` is dropped.
    pub(super) fn release(&mut self, at: usize, node: &Node) {
        // A `cut` may have come between the last token's drop and this call, and the place may have
        // been given away again. The address is not: it belongs to this node until this call ends.
        let is_own = |place: &Place| {
            place.node.as_ref().is_some_and(|own| ptr::eq(own.as_ptr(), node))
                || seeded::on("cancel_release_blind")
        };
        if self.places.get(at).is_some_and(is_own) {
            self.places[at].node = None;
            self.prune(at);
        }
    }

    /// Removes a place and all below, and returns the tokens that are still there.
    pub(super) fn cut(&mut self, at: usize) -> Vec<Arc<Node>> {
        let parent = self.places[at].parent;
        self.unlink(at);
        let mut nodes = Vec::new();
        let mut left = vec![at];
        while let Some(at) = left.pop() {
            let place = self.places.remove(at);
            nodes.extend(place.node.and_then(|node| node.upgrade()));
            let mut child = place.first_child;
            while child != NONE {
                left.push(child);
                child = self.places[child].after;
            }
        }
        self.prune(parent);
        nodes
    }

    /// Removes `at` if it is a ghost that nobody needs. A parent that loses a child thereby had two
    /// or is live, so this goes up one step at most.
    fn prune(&mut self, mut at: usize) {
        while at != NONE && self.places[at].node.is_none() {
            let Place { parent, first_child, .. } = self.places[at];
            if first_child == NONE {
                self.unlink(at);
                self.places.remove(at);
                at = parent;
            } else {
                if self.places[first_child].after == NONE {
                    self.replace(at, first_child);
                }
                return;
            }
        }
    }

    /// Puts the only child of `at` into the position of `at`, which is removed.
    fn replace(&mut self, at: usize, child: usize) {
        let Place { parent, before, after, .. } = self.places.remove(at);
        self.places[child].parent = parent;
        self.places[child].before = before;
        self.places[child].after = after;
        if before != NONE {
            self.places[before].after = child;
        } else if parent != NONE {
            self.places[parent].first_child = child;
        }
        if after != NONE {
            self.places[after].before = child;
        }
    }

    /// Takes `at` from among its siblings.
    fn unlink(&mut self, at: usize) {
        let Place { parent, before, after, .. } = self.places[at];
        if before != NONE {
            self.places[before].after = after;
        } else if parent != NONE {
            self.places[parent].first_child = after;
        }
        if after != NONE {
            self.places[after].before = before;
        }
    }
}
