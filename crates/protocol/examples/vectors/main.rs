//! Writes the golden vectors: `cargo run -p atoma-protocol --example vectors`.

// By path, as the tests have it: its modules then lie beside it for both.
#[path = "generate.rs"]
mod generate;

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for (name, content) in generate::files() {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}
