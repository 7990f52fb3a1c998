//! The official OpenAI client, unmodified.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::binary::{Up, atoma};

#[test]
fn the_official_client_works() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openai");
    assert!(
        folder.join("node_modules/openai").exists(),
        "the OpenAI client is not installed: run `npm ci --prefix crates/cli/tests/openai`, as scripts/test does"
    );
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let up = Up::start(&["--state", state]);
    let ready = &up.ready;
    let output = Command::new("node")
        .arg(folder.join("check.mjs"))
        .args([&ready.gateway_url, &ready.api_key, "scripted/echo"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        said["models"],
        json!(
            ready
                .models
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
        )
    );
    assert_eq!(said["whole"], "one two three");
    assert_eq!(said["streamed"], "one two three");
    assert_eq!(said["finish"], "stop");
    assert_eq!(said["usage"], said["whole_usage"]);
    assert_eq!(said["usage"]["completion_tokens"], 3);
    let refusals = &said["refusals"];
    assert_eq!(refusals["unknown_model"]["type"], "NotFoundError");
    assert_eq!(refusals["unknown_model"]["code"], "model_not_found");
    assert_eq!(refusals["wrong_key"]["type"], "AuthenticationError");
    assert_eq!(refusals["bad_value"]["type"], "BadRequestError");
    // The money adds up to the base unit, derived anew from the raw events.
    let audit = atoma(&["audit", "--json", "--state", state])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{told}");
    assert!(up.interrupt().success());
}

#[test]
fn a_demo_ends_with_everything_checked() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let up = Up::start(&["--state", state, "--settle-interval-ms", "500"]);
    let demo = atoma(&[
        "demo",
        "--json",
        "--state",
        state,
        "--model",
        "scripted/echo",
    ]);
    let demo = { demo }.output().unwrap();
    let told = String::from_utf8_lossy(&demo.stdout);
    assert!(
        demo.status.success(),
        "{told} {}",
        String::from_utf8_lossy(&demo.stderr)
    );
    assert!(up.interrupt().success());
    // Without a market there is nothing to check, and that is no success.
    assert!(
        !atoma(&["demo", "--json", "--state", state])
            .output()
            .unwrap()
            .status
            .success()
    );
}
