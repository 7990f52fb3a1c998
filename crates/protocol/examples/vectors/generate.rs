//! The golden vectors as text. `tests/it/vectors.rs` asserts that `vectors/` holds exactly these.

mod commitments;
mod fee;
mod keys;
mod merkle;
mod sealed;
mod statements;

use std::fmt::Write;

/// Each file's name and content.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    vec![
        ("commitments.json", json(&commitments::vectors())),
        ("fee.json", json(&fee::vectors())),
        ("keys.json", json(&keys::vectors())),
        ("merkle.json", json(&merkle::vectors())),
        ("sealed.json", json(&sealed::vectors())),
        ("statements.json", json(&statements::vectors())),
    ]
}

/// One vector: fields in the order in which they are written.
pub(crate) type Vector = Vec<(&'static str, Value)>;

/// Everything is text; numbers are decimal, bytes hexadecimal.
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
}

impl<T: ToString> From<T> for Value {
    fn from(value: T) -> Self {
        Self::Text(value.to_string())
    }
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::Text(format!("0x{}", hex::encode(bytes)))
}

pub(crate) fn hex_list<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::List(
        items
            .into_iter()
            .map(|item| format!("0x{}", hex::encode(item)))
            .collect(),
    )
}

fn json(vectors: &[Vector]) -> String {
    let mut out = String::from("[\n");
    for (index, vector) in vectors.iter().enumerate() {
        out.push_str("  {\n");
        for (at, (name, value)) in vector.iter().enumerate() {
            let comma = if at + 1 < vector.len() { "," } else { "" };
            writeln!(out, "    {}: {}{comma}", quoted(name), value.json())
                .expect("writing to memory cannot fail");
        }
        out.push_str(if index + 1 < vectors.len() {
            "  },\n"
        } else {
            "  }\n"
        });
    }
    out.push_str("]\n");
    out
}

impl Value {
    fn json(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text always encodes")
}
