//! Runs `atoma` as a process of its own.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, mpsc},
    thread::JoinHandle,
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

/// A running command that says on one line that it is ready; killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// The line, as JSON.
    pub(crate) ready: serde_json::Value,
    log: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = atoma(args)
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
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut process = Self {
            child,
            ready: serde_json::Value::Null,
            log: Some(log),
        };
        let line = line.recv_timeout(LIMIT).unwrap_or_default();
        match serde_json::from_str(&line) {
            Ok(ready) => process.ready = ready,
            Err(error) => panic!("{args:?} is not ready: {line:?}: {error}"),
        }
        process
    }

    /// What it said of itself under `field`.
    pub(crate) fn said(&self, field: &str) -> String {
        self.ready[field].as_str().unwrap().to_owned()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as Ctrl-C would, and waits.
    pub(crate) fn interrupt(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let signal = |name: &str| {
            let sent = Command::new("kill").args([name, &pid]).status().unwrap();
            assert!(sent.success());
        };
        std::thread::scope(|scope| {
            let (sender, ended) = mpsc::channel();
            let child = &mut self.child;
            scope.spawn(move || sender.send(child.wait().unwrap()));
            signal("-INT");
            ended.recv_timeout(LIMIT).unwrap_or_else(|_| {
                signal("-KILL");
                panic!("process {pid} does not end on Ctrl-C");
            })
        })
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "says why a test failed")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log.take().map(JoinHandle::join);
        if let (true, Some(Ok(log))) = (std::thread::panicking(), log) {
            eprintln!("{} {}: {log}", self.child.id(), self.ready);
        }
    }
}

/// A running `atoma up`; killed when dropped.
pub(crate) struct Up {
    process: Process,
    pub(crate) ready: Ready,
}

impl Up {
    /// Starts a market with scripted answers on free ports and waits until it is ready.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut all = vec!["up", "--scripted", "--port-base", "0", "--json"];
        all.extend(args);
        let process = Process::start(&all);
        let ready = serde_json::from_value(process.ready.clone()).unwrap();
        Self { process, ready }
    }

    /// As [`Process::kill`].
    pub(crate) fn kill(self) {
        self.process.kill();
    }

    /// As [`Process::interrupt`].
    pub(crate) fn interrupt(self) -> ExitStatus {
        self.process.interrupt()
    }

    /// The market's chain, read over its RPC. `state` is the market's folder.
    pub(crate) fn chain(&self, state: &Path, env: &Env) -> Client {
        chain(&self.ready.rpc_url, state, env)
    }
}

/// The chain of the market whose folder is `state`, read over the RPC at `url`.
pub(crate) fn chain(url: &str, state: &Path, env: &Env) -> Client {
    #[derive(serde::Deserialize)]
    struct Saved {
        deployment: Deployment,
    }
    let saved = std::fs::read_to_string(state.join("market.json")).unwrap();
    let saved: Saved = serde_json::from_str(&saved).unwrap();
    let rpc = GrpcRpc::new(url, GrpcConfig::default(), env.clone()).unwrap();
    let rpc: Arc<dyn Rpc> = Arc::new(rpc);
    Client::unchecked(rpc, saved.deployment, env.clone())
}
