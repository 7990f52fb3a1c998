//! Runs `atoma` as a process of its own.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

use atoma_chain::{
    Client, Deployment, Rpc,
    rpc::{GrpcConfig, GrpcRpc},
};
use atoma_env::Env;
use atoma_market::Ready;

/// How long anything may take on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A command of the binary under test.
pub(crate) fn atoma(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atoma"));
    command
        .args(args)
        .env_remove("ATOMA_STATE")
        .stdin(Stdio::null());
    command
}

/// A running `atoma up`; killed when dropped.
pub(crate) struct Up {
    child: Child,
    pub(crate) ready: Ready,
}

impl Up {
    /// Starts a market with scripted answers on free ports and waits until it is ready.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut all = vec!["up", "--scripted", "--port-base", "0", "--json"];
        all.extend(args);
        let mut child = atoma(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            BufReader::new(stdout).read_line(&mut text).unwrap();
            let _ = sender.send(text);
        });
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let line = line.recv_timeout(LIMIT).unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            let _ = child.kill();
            panic!("no market: {}", log.join().unwrap());
        };
        Self { child, ready }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as Ctrl-C would, and waits.
    pub(crate) fn interrupt(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap()
    }

    /// The market's chain, read over its RPC. `state` is the market's folder.
    pub(crate) fn chain(&self, state: &Path, env: &Env) -> Client {
        #[derive(serde::Deserialize)]
        struct Saved {
            deployment: Deployment,
        }
        let saved = std::fs::read_to_string(state.join("market.json")).unwrap();
        let saved: Saved = serde_json::from_str(&saved).unwrap();
        let rpc = GrpcRpc::new(&self.ready.rpc_url, GrpcConfig::default(), env.clone()).unwrap();
        let rpc: Arc<dyn Rpc> = Arc::new(rpc);
        Client::unchecked(rpc, saved.deployment, env.clone())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
