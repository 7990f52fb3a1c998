//! Which public functions of the Move source are for some callers only.

use std::{fs, io, path::Path};

/// Types whose holder is known by them. A function that takes one is privileged.
const RIGHTS: [&str; 7] = [
    "AdminCap",
    "PauseCap",
    "NodeCap",
    "PayerCap",
    "StakePosition",
    "UnbondPosition",
    "Report",
];

/// A public function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Its module.
    pub module: String,
    /// Its name.
    pub name: String,
}

/// Every public function of `move/atoma` that takes a right, or whose body asks who sent the transaction
/// in order to refuse. Pure readers, which take nothing mutably and give no object, are left out.
///
/// # Errors
/// If the source cannot be read.
pub fn privileged() -> io::Result<Vec<Function>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../move/atoma/sources");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.extend(of_module(&fs::read_to_string(entry?.path())?));
    }
    found.sort();
    Ok(found)
}

fn of_module(source: &str) -> Vec<Function> {
    let module = source
        .split_once("\nmodule ")
        .and_then(|(_, rest)| rest.split([':', ';']).nth(2))
        .unwrap_or_default();
    source
        .split("\npublic fun ")
        .skip(1)
        .filter_map(|text| {
            let first_line = text.lines().next()?;
            let text = if first_line.ends_with('}') {
                first_line
            } else {
                &text[..text.find("\n}\n").unwrap_or(text.len())]
            };
            let name = text.split(['(', '<']).next()?;
            let (params, body) = text.split_once('{')?;
            let (inputs, output) = params.split_once(')')?;
            let takes = |right: &&str| {
                inputs
                    .split([' ', '&', ',', '\n'])
                    .any(|word| word == *right)
            };
            let asks = body.contains("ctx.sender() ==") || body.contains("&ctx.sender()");
            let is_privileged = asks || RIGHTS.iter().any(takes) && !is_reader(inputs, output);
            is_privileged.then(|| Function {
                module: module.to_owned(),
                name: name.to_owned(),
            })
        })
        .collect()
}

/// Whether a signature can change nothing: shared references only, and it returns plain data.
fn is_reader(inputs: &str, output: &str) -> bool {
    !inputs.contains("&mut") && !inputs.contains("ctx") && output.trim_start().starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_and_senders_are_found_and_readers_are_not() {
        let source = "\nmodule atoma::a;\n\npublic fun take(a: &mut A, cap: &AdminCap) {\n    x();\n}\n\
            \npublic fun is(a: &A, cap: &PayerCap): bool { true }\n\
            \npublic fun who<T>(a: &mut A, ctx: &TxContext) {\n    assert!(ctx.sender() == a.b, E);\n}\n\
            \npublic fun end(report: Report) {\n    y();\n}\n\
            \npublic fun all(a: &mut A) { z() }\n";
        let names: Vec<_> = of_module(source).into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["take", "who", "end"]);
        assert_eq!(of_module(source)[0].module, "a");
    }
}
