//! Who borrows from whom.
//!
//! A node is a reference, or the frame whose locals are borrowed. An edge from parent to child
//! says that the child points to something inside of the parent, and by which path. A *strong*
//! edge knows the whole path; a *weak* one knows a beginning of it only.

use std::collections::{BTreeMap, BTreeSet};

/// A node.
pub(super) type RefId = usize;

/// Most different paths between two nodes; beyond, all that is known is that one borrows from the
/// other.
const MAX_EDGES: usize = 10;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    /// A local of the frame.
    Local(u8),
    /// A field of a struct definition.
    Field { owner: u16, field: u16 },
    /// A field of a variant of an enum definition.
    Variant { owner: u16, tag: u16, field: u16 },
}

/// How a child is reached from its parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    strong: bool,
    path: Vec<Label>,
}

impl Edge {
    /// Whether everything `other` may mean is meant by this one as well.
    fn covers(&self, other: &Self) -> bool {
        if self.strong {
            self == other
        } else {
            other.path.starts_with(&self.path)
        }
    }

    /// This edge, followed by another.
    fn then(&self, next: &Self) -> Self {
        if !self.strong {
            return self.clone();
        }
        let mut path = self.path.clone();
        path.extend_from_slice(&next.path);
        Self {
            strong: next.strong,
            path,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    mutable: bool,
    children: BTreeMap<RefId, BTreeSet<Edge>>,
    parents: BTreeSet<RefId>,
}

/// All borrows that are alive.
#[derive(Debug, Clone, Default)]
pub(super) struct BorrowGraph {
    nodes: BTreeMap<RefId, Node>,
    /// Edges that were looked at since this was last asked.
    work: u64,
}

impl BorrowGraph {
    /// Adds a node without borrows.
    pub(super) fn add(&mut self, id: RefId, mutable: bool) {
        self.nodes.insert(
            id,
            Node {
                mutable,
                children: BTreeMap::new(),
                parents: BTreeSet::new(),
            },
        );
    }

    pub(super) fn is_mutable(&self, id: RefId) -> bool {
        self.nodes.get(&id).is_some_and(|node| node.mutable)
    }

    /// Work done since this was last asked.
    pub(super) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Number of edges.
    pub(super) fn edges(&self) -> usize {
        self.nodes
            .values()
            .flat_map(|node| node.children.values())
            .map(BTreeSet::len)
            .sum()
    }

    /// `child`, a new node, points to exactly what is at `path` inside of `parent`. What others
    /// borrowed there before is from now on borrowed from `child` as well, so that it cannot be
    /// changed through `child` while they live.
    pub(super) fn borrow_at(&mut self, parent: RefId, child: RefId, path: &[Label]) {
        for (other, edge) in self.take_below(parent, path) {
            let rest = Edge {
                strong: edge.strong,
                path: edge.path[path.len()..].to_vec(),
            };
            self.connect(child, other, rest);
        }
        self.connect(
            parent,
            child,
            Edge {
                strong: true,
                path: path.to_vec(),
            },
        );
    }

    /// Takes away the edges from `parent` whose path begins with `path`.
    fn take_below(&mut self, parent: RefId, path: &[Label]) -> Vec<(RefId, Edge)> {
        let mut taken = Vec::new();
        let mut strangers = Vec::new();
        if let Some(node) = self.nodes.get_mut(&parent) {
            node.children.retain(|child, edges| {
                let (below, beside) = std::mem::take(edges)
                    .into_iter()
                    .partition(|edge| edge.path.starts_with(path));
                *edges = beside;
                taken.extend(BTreeSet::into_iter(below).map(|edge| (*child, edge)));
                if edges.is_empty() {
                    strangers.push(*child);
                }
                !edges.is_empty()
            });
        }
        for child in strangers {
            if let Some(child) = self.nodes.get_mut(&child) {
                child.parents.remove(&parent);
            }
        }
        taken
    }

    /// `child` points to something inside of `parent`.
    pub(super) fn borrow_somewhere(&mut self, parent: RefId, child: RefId) {
        self.connect(
            parent,
            child,
            Edge {
                strong: false,
                path: Vec::new(),
            },
        );
    }

    /// Adds an edge unless it says nothing new; tells whether it did.
    fn connect(&mut self, parent: RefId, child: RefId, edge: Edge) -> bool {
        self.work += 1;
        if parent == child {
            return false;
        }
        let Some(node) = self.nodes.get_mut(&parent) else {
            return false;
        };
        let edges = node.children.entry(child).or_default();
        if edges.iter().any(|known| known.covers(&edge)) {
            return false;
        }
        edges.retain(|known| !edge.covers(known));
        edges.insert(edge);
        if edges.len() > MAX_EDGES {
            edges.clear();
            edges.insert(Edge {
                strong: false,
                path: Vec::new(),
            });
        }
        if let Some(node) = self.nodes.get_mut(&child) {
            node.parents.insert(parent);
        }
        true
    }

    /// Takes a node away; what borrowed from it borrows from what it borrowed from.
    pub(super) fn release(&mut self, id: RefId) {
        let Some(node) = self.nodes.remove(&id) else {
            return;
        };
        for child in node.children.keys() {
            if let Some(child) = self.nodes.get_mut(child) {
                child.parents.remove(&id);
            }
        }
        for parent in &node.parents {
            let Some(edges) = self
                .nodes
                .get_mut(parent)
                .and_then(|parent| parent.children.remove(&id))
            else {
                continue;
            };
            for (child, onward) in &node.children {
                for edge in &edges {
                    for next in onward {
                        self.connect(*parent, *child, edge.then(next));
                    }
                }
            }
        }
    }

    fn any_child(&self, id: RefId, test: impl Fn(&Edge, &Node) -> bool) -> bool {
        self.nodes.get(&id).is_some_and(|node| {
            node.children.iter().any(|(child, edges)| {
                self.nodes
                    .get(child)
                    .is_some_and(|child| edges.iter().any(|edge| test(edge, child)))
            })
        })
    }

    /// Whether something may point to all of it.
    pub(super) fn has_full_borrows(&self, id: RefId) -> bool {
        self.any_child(id, |edge, _| edge.path.is_empty())
    }

    /// Whether something may point into it; with a label, into that part of it.
    pub(super) fn has_borrows(&self, id: RefId, label: Option<Label>) -> bool {
        self.any_child(id, |edge, _| overlaps(edge, label))
    }

    /// Whether something mutable may point into it; with a label, into that part of it.
    pub(super) fn has_mutable_borrows(&self, id: RefId, label: Option<Label>) -> bool {
        self.any_child(id, |edge, child| child.mutable && overlaps(edge, label))
    }

    /// Gives nodes other numbers; `rename` must not give two nodes the same.
    pub(super) fn renamed(self, rename: impl Fn(RefId) -> RefId) -> Self {
        let nodes = self
            .nodes
            .into_iter()
            .map(|(id, node)| {
                let node = Node {
                    mutable: node.mutable,
                    children: node
                        .children
                        .into_iter()
                        .map(|(child, edges)| (rename(child), edges))
                        .collect(),
                    parents: node.parents.into_iter().map(&rename).collect(),
                };
                (rename(id), node)
            })
            .collect();
        Self {
            nodes,
            work: self.work,
        }
    }

    /// Takes over all borrows of `other`, which has the same nodes; tells whether any was new.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (parent, node) in &other.nodes {
            for (child, edges) in &node.children {
                for edge in edges {
                    changed |= self.connect(*parent, *child, edge.clone());
                }
            }
        }
        changed
    }
}

fn overlaps(edge: &Edge, label: Option<Label>) -> bool {
    match (edge.path.first(), label) {
        (None, _) | (_, None) => true,
        (Some(first), Some(label)) => *first == label,
    }
}
