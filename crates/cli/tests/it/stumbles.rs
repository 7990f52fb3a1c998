//! A newcomer's stumbles: each gets one sentence that says what to do.

use std::net::TcpListener;

use crate::binary::{Up, atoma};

/// Runs a command that must fail; gives what it told.
fn told(args: &[&str]) -> String {
    let output = atoma(args).output().unwrap();
    assert!(!output.status.success(), "{args:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn two_markets_on_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let up = Up::start(&["--state", state]);
    let second = told(&["up", "--scripted", "--port-base", "0", "--state", state]);
    assert!(
        second.contains("another market runs on the state folder"),
        "{second}"
    );
    assert!(second.contains("--ephemeral"), "{second}");
    drop(up);
}

#[test]
fn state_of_another_version() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("market.json"), br#"{"format":0}"#).unwrap();
    let state = folder.path().to_str().unwrap();
    let said = told(&["up", "--scripted", "--port-base", "0", "--state", state]);
    assert!(said.contains("another version of atoma"), "{said}");
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = told(&["up", "--scripted", "--ephemeral", "--port-base", &port]);
    assert!(said.contains("--port-base"), "{said}");
}

#[test]
fn no_engine_a_missing_model_and_an_unknown_setting() {
    assert!(told(&["up", "--ephemeral"]).contains("--model"));
    let missing = told(&[
        "up",
        "--ephemeral",
        "--port-base",
        "0",
        "--model",
        "/no/such.gguf",
    ]);
    assert!(missing.contains("/no/such.gguf"), "{missing}");
    let setting = told(&["localnet", "--set", "lisen=1"]);
    assert!(setting.contains("lisen"), "{setting}");
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        "up",
        "demo",
        "audit",
        "localnet",
        "node",
        "sequencer",
        "attestor",
        "indexer",
    ];
    for command in commands {
        let output = atoma(&[command, "--help"]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && help.len() > 200,
            "{command}: {help}"
        );
    }
}

#[test]
fn printed_settings_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let file = file.to_str().unwrap();
    let on_chain: &[&str] = &["--deployment", "market.json"];
    let roles: [(&[&str], &str); 5] = [
        (&["localnet"], "state=/var/atoma"),
        (&["node", "--scripted"], "settle.interval_ms=1000"),
        (&["sequencer"], "need=measurement+SIMULATED"),
        (&["attestor"], "key_file=/etc/attestor.key"),
        (&["indexer"], "listen=127.0.0.1:1"),
    ];
    for (role, setting) in roles {
        let chain = if role == ["localnet"] { &[] } else { on_chain };
        let print = |from: &[&str]| {
            let output = atoma(&[role, chain, from, &["--print-config"]].concat())
                .output()
                .unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{role:?}: {told}");
            String::from_utf8(output.stdout).unwrap()
        };
        let printed = print(&["--set", setting]);
        assert_ne!(printed, print(&[]), "{role:?}");
        std::fs::write(file, &printed).unwrap();
        assert_eq!(print(&["--config", file]), printed, "{role:?}");
    }
}
