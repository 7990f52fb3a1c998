//! Basic blocks of a function.

use std::collections::BTreeSet;

use super::broken;
use crate::binary::{CodeUnit, Instruction};
use crate::error::VmResult;

/// Most basic blocks of a function.
const MAX_BLOCKS: usize = 1_024;

/// A run of instructions that is entered at its start and left at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) start: usize,
    /// One past the last instruction.
    pub(super) end: usize,
    /// First instructions of the blocks that may follow.
    pub(super) successors: Vec<usize>,
}

/// Cuts code into blocks, in order of place; refuses code that runs past its end.
pub(super) fn blocks(unit: &CodeUnit) -> VmResult<Vec<Block>> {
    let code = &unit.code;
    let Some(last) = code.last() else {
        return Err(broken("function without code"));
    };
    if falls_through(last) {
        return Err(broken("code runs past its end"));
    }
    let mut starts = BTreeSet::from([0]);
    for (pc, instruction) in code.iter().enumerate() {
        let targets = targets(unit, instruction);
        if is_branch(instruction) && pc + 1 < code.len() {
            starts.insert(pc + 1);
        }
        starts.extend(targets);
    }
    if starts.len() > MAX_BLOCKS {
        return Err(broken("too many basic blocks"));
    }
    let ends = starts.iter().copied().skip(1).chain([code.len()]);
    Ok(starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| {
            let last = &code[end - 1];
            let mut successors = targets(unit, last);
            if falls_through(last) {
                successors.push(end);
            }
            successors.sort_unstable();
            successors.dedup();
            Block {
                start,
                end,
                successors,
            }
        })
        .collect())
}

fn targets(unit: &CodeUnit, instruction: &Instruction) -> Vec<usize> {
    match instruction {
        Instruction::BrTrue(target)
        | Instruction::BrFalse(target)
        | Instruction::Branch(target) => {
            vec![usize::from(*target)]
        }
        Instruction::VariantSwitch(table) => unit.jump_tables[usize::from(*table)]
            .offsets
            .iter()
            .map(|offset| usize::from(*offset))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether control may go on to the next instruction.
const fn falls_through(instruction: &Instruction) -> bool {
    !matches!(
        instruction,
        Instruction::Ret
            | Instruction::Abort
            | Instruction::Branch(_)
            | Instruction::VariantSwitch(_)
    )
}

const fn is_branch(instruction: &Instruction) -> bool {
    !falls_through(instruction)
        || matches!(
            instruction,
            Instruction::BrTrue(_) | Instruction::BrFalse(_)
        )
}
