//! Generic functions do not call each other with ever larger types.
//!
//! Nodes are type parameters of functions. A call `g<..T..>` inside of `f<T>` leads from `f`'s
//! parameter to `g`'s; it *grows* when the argument is more than `T` itself. A circle with a
//! growing edge would make types without end.

use std::collections::{BTreeMap, BTreeSet};

use super::broken;
use crate::binary::{CompiledModule, Instruction, SignatureToken};
use crate::error::VmResult;

/// A type parameter: function handle, and place among its parameters.
type Node = (u16, u16);

#[derive(Default)]
struct Graph {
    forward: BTreeMap<Node, BTreeSet<Node>>,
    backward: BTreeMap<Node, BTreeSet<Node>>,
    growing: BTreeSet<(Node, Node)>,
}

/// Checks all functions of a module; generic functions of other modules cannot call back.
pub(super) fn check(module: &CompiledModule) -> VmResult<()> {
    let graph = build(module);
    let components = components(&graph);
    let circle = graph
        .growing
        .iter()
        .any(|(from, to)| components.get(from) == components.get(to));
    if circle {
        Err(broken("generic functions make types without end"))
    } else {
        Ok(())
    }
}

fn build(module: &CompiledModule) -> Graph {
    let mut graph = Graph::default();
    for definition in &module.function_defs {
        let calls: BTreeSet<u16> = definition
            .code
            .iter()
            .flat_map(|unit| &unit.code)
            .filter_map(|instruction| match instruction {
                Instruction::CallGeneric(index) => Some(*index),
                _ => None,
            })
            .collect();
        for call in calls {
            let row = module.function_instantiations[usize::from(call)];
            let callee = &module.function_handles[usize::from(row.target)];
            if callee.module != module.self_handle {
                continue;
            }
            let args = &module.signatures[usize::from(row.type_args)];
            for (place, arg) in (0u16..).zip(args) {
                let grows = !matches!(arg, SignatureToken::TypeParameter(_));
                let mut inside = BTreeSet::new();
                parameters(arg, &mut inside);
                for parameter in inside {
                    let from = (definition.handle, parameter);
                    let to = (row.target, place);
                    graph.forward.entry(from).or_default().insert(to);
                    graph.backward.entry(to).or_default().insert(from);
                    if grows {
                        graph.growing.insert((from, to));
                    }
                }
            }
        }
    }
    graph
}

fn parameters(token: &SignatureToken, found: &mut BTreeSet<u16>) {
    match token {
        SignatureToken::TypeParameter(index) => {
            found.insert(*index);
        }
        SignatureToken::Vector(inner)
        | SignatureToken::Reference(inner)
        | SignatureToken::MutableReference(inner) => parameters(inner, found),
        SignatureToken::DatatypeInstantiation(instance) => {
            for arg in &instance.1 {
                parameters(arg, found);
            }
        }
        _ => {}
    }
}

/// Numbers the strongly connected components: nodes with the same number reach each other.
fn components(graph: &Graph) -> BTreeMap<Node, usize> {
    let nodes: BTreeSet<Node> = graph
        .forward
        .keys()
        .chain(graph.backward.keys())
        .copied()
        .collect();
    let mut seen = BTreeSet::new();
    let mut finished = Vec::with_capacity(nodes.len());
    for node in &nodes {
        visit(*node, &graph.forward, &mut seen, &mut finished);
    }
    // Whatever a node is reached from, among what finished before it, is in its component.
    let mut numbers = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (number, node) in finished.iter().rev().enumerate() {
        let mut component = Vec::new();
        visit(*node, &graph.backward, &mut seen, &mut component);
        numbers.extend(component.into_iter().map(|member| (member, number)));
    }
    numbers
}

/// Depth first from `start`; puts nodes into `finished` when all behind them is seen.
fn visit(
    start: Node,
    edges: &BTreeMap<Node, BTreeSet<Node>>,
    seen: &mut BTreeSet<Node>,
    finished: &mut Vec<Node>,
) {
    if !seen.insert(start) {
        return;
    }
    let next = |node: &Node| {
        edges
            .get(node)
            .into_iter()
            .flatten()
            .copied()
            .collect::<Vec<_>>()
    };
    let mut open = vec![(start, next(&start))];
    while let Some((node, rest)) = open.last_mut() {
        match rest.pop() {
            Some(child) if seen.insert(child) => {
                let behind = next(&child);
                open.push((child, behind));
            }
            Some(_) => {}
            None => {
                finished.push(*node);
                open.pop();
            }
        }
    }
}
