//! Every role a process of its own, over the state of one market; each is killed or stopped in turn.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use atoma_chain::Client;
use atoma_env::Env;
use atoma_market::MarketConfig;
use atoma_protocol::{ids::ChannelId, money::Amount};
use atoma_sequencer::api_key;

use crate::{
    binary::{LIMIT, Process, Up, chain},
    chat::Chat,
};

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(100);
/// Settles at once.
const SOON_MS: u64 = 500;
/// How long the chain is away: several times what the roles wait between two calls to it.
const OUTAGE: Duration = Duration::from_secs(4);
/// Settles long after the test.
const LATE_MS: u64 = 3_600_000;

/// The folder that all roles share, made by one `atoma up`.
struct State {
    folder: PathBuf,
    api_key: String,
    models: Vec<String>,
}

impl State {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Writes settings and gives the path.
    fn settings(&self, role: &str, toml: &str) -> String {
        let path = self.path(&format!("{role}.toml"));
        std::fs::write(&path, toml).unwrap();
        path
    }

    /// Starts a role that needs the chain.
    fn role(&self, role: &str, rpc: &str, args: &[&str]) -> Process {
        let (deployment, root) = (self.path("market.json"), self.path("simulated-root.key"));
        let mut all = vec![role, "--rpc", rpc, "--deployment", &deployment];
        all.extend(["--dev-simulated-root", &root]);
        all.extend(args);
        Process::start(&all)
    }

    fn localnet(&self, listen: &str) -> Process {
        // Without quotes as a person would type it: what is no TOML value is a text.
        let (state, listen) = (
            format!("state={}", self.path("localnet")),
            format!("listen={listen}"),
        );
        Process::start(&["localnet", "--set", &state, "--set", &listen])
    }

    fn attestor(&self, rpc: &str) -> Process {
        let (state, key) = (
            format!("state_dir={}", self.path("")),
            format!("key_file={}", self.path("attestor.key")),
        );
        let sets = [
            "--set",
            &state,
            "--set",
            &key,
            "--set",
            "listen=127.0.0.1:0",
        ];
        self.role("attestor", rpc, &sets)
    }

    fn sequencer(&self, rpc: &str, attestor: &str) -> Process {
        let entry = api_key::Entry::new("test", &self.api_key.clone().into());
        let toml = format!(
            "state_dir = {state:?}\n\
             listen = \"127.0.0.1:0\"\n\
             listen_nodes = \"127.0.0.1:0\"\n\
             evidence_archives = [{attestor:?}]\n\
             need = \"{need}\"\n\
             [[api_keys]]\n\
             label = \"test\"\n\
             hash = {hash:?}\n",
            state = self.path(""),
            need = MarketConfig::need(),
            hash = entry.hash,
        );
        let config = self.settings("sequencer", &toml);
        self.role("sequencer", rpc, &["--config", &config])
    }

    fn node(&self, rpc: &str, attestor: &str, sequencer: &str, settle_ms: u64) -> Process {
        let mut toml = format!(
            "state_dir = {state:?}\n\
             sequencers = [{sequencer:?}]\n\
             attestors = [{attestor:?}]\n\
             [settle]\n\
             interval_ms = {settle_ms}\n",
            state = self.path("node-1"),
        );
        for model in &self.models {
            toml += &format!(
                "[[models]]\nname = {model:?}\ninput_price = 100000\noutput_price = 400000\n"
            );
        }
        let config = self.settings("node", &toml);
        self.role("node", rpc, &["--scripted", "--config", &config])
    }
}

/// What the receipts add up to, a channel each.
struct Owed {
    chat: Chat,
    env: Env,
    fees: BTreeMap<ChannelId, Amount>,
}

impl Owed {
    /// Asks until there is an answer: a node that has just started attaches a little later.
    async fn ask_once_served(&mut self) {
        let mut refusal = String::new();
        let asking = async {
            loop {
                match self.chat.ask().await {
                    Ok(answer) => return answer,
                    Err(refused) => refusal = refused,
                }
                self.env.sleep(POLL).await;
            }
        };
        let answer = tokio::time::timeout(LIMIT, asking).await;
        let (channel, fee) = answer.unwrap_or_else(|_| panic!("no answer: {refusal}"));
        self.add(channel, fee);
    }

    /// Asks once; that must be answered.
    async fn ask(&mut self) {
        let (channel, fee) = self.chat.ask().await.unwrap();
        self.add(channel, fee);
    }

    fn add(&mut self, channel: ChannelId, fee: Amount) {
        assert!(fee > Amount::ZERO);
        let sum = self.fees.entry(channel).or_default();
        *sum = sum.checked_add(fee).unwrap();
    }

    /// What the chain has paid on the channels.
    async fn paid(&self, chain: &Client) -> Option<BTreeMap<ChannelId, Amount>> {
        let mut paid = BTreeMap::new();
        for channel in self.fees.keys() {
            paid.insert(*channel, chain.channel(*channel).await.ok()?.paid);
        }
        Some(paid)
    }

    /// Waits until the chain has paid all that was receipted, and not a unit more.
    async fn settled(&self, chain: &Client) {
        let mut last = None;
        let settling = async {
            loop {
                last = self.paid(chain).await;
                let enough = |paid: &BTreeMap<_, _>| {
                    self.fees.iter().all(|(channel, fee)| paid[channel] >= *fee)
                };
                if last.as_ref().is_some_and(enough) {
                    return;
                }
                self.env.sleep(POLL).await;
            }
        };
        let in_time = tokio::time::timeout(LIMIT, settling).await;
        assert_eq!(last.as_ref(), Some(&self.fees), "{in_time:?}");
    }
}

/// Makes the market, and stops it: what is left is its folder.
fn make(folder: &Path) -> State {
    let up = Up::start(&["--nodes", "1", "--state", folder.to_str().unwrap()]);
    let state = State {
        folder: folder.to_owned(),
        api_key: up.ready.api_key.clone(),
        models: up.ready.models.clone(),
    };
    assert!(up.interrupt().success());
    state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_alone_survives_a_kill_of_another() {
    let env = Env::system();
    let folder = tempfile::tempdir().unwrap();
    let state = make(folder.path());
    let localnet = state.localnet("127.0.0.1:0");
    let rpc = localnet.said("rpc_url");
    let chain = chain(&rpc, folder.path(), &env);
    let attestor = state.attestor(&rpc);
    let archive = attestor.said("url");
    let sequencer = state.sequencer(&rpc, &archive);
    let door = sequencer.said("nodes_url");
    let mut owed = Owed {
        chat: Chat {
            gateway_url: sequencer.said("gateway_url"),
            api_key: state.api_key.clone(),
        },
        env: env.clone(),
        fees: BTreeMap::new(),
    };

    // Asked, answered, settled; and what is not yet settled is when the node stops.
    let node = state.node(&rpc, &archive, &door, SOON_MS);
    owed.ask_once_served().await;
    owed.settled(&chain).await;
    owed.ask().await;
    assert!(node.interrupt().success());
    owed.settled(&chain).await;

    // The node dies between receipt and settlement.
    let node = state.node(&rpc, &archive, &door, LATE_MS);
    owed.ask_once_served().await;
    assert_ne!(owed.paid(&chain).await.as_ref(), Some(&owed.fees));
    node.kill();
    let node = state.node(&rpc, &archive, &door, SOON_MS);
    owed.settled(&chain).await;
    owed.ask_once_served().await;
    owed.settled(&chain).await;

    // The chain dies: requests are answered all the same, and settled once it is back.
    localnet.kill();
    let outage = std::time::Instant::now();
    while outage.elapsed() < OUTAGE {
        owed.ask().await;
    }
    let localnet = state.localnet(rpc.strip_prefix("http://").unwrap());
    assert_eq!(localnet.said("rpc_url"), rpc);
    owed.settled(&chain).await;
    owed.ask().await;
    owed.settled(&chain).await;

    for process in [node, sequencer, attestor, localnet] {
        let ready = process.ready.clone();
        assert!(process.interrupt().success(), "{ready}");
    }
}
