//! What an operator sets.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use atoma_chain::wallet::{KeyFileError, Wallet};
use atoma_env::Env;
use atoma_link::message::{MAX_MODELS, MAX_NAME_BYTES};
use atoma_protocol::{
    ids::ModelId,
    money::{Amount, Bps, Price, Prices, TokenCount, Tokens, fee},
    statement::EvidenceKind,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most sequencers that one node dials.
pub const MAX_SEQUENCERS: usize = 32;
/// Most attestors that one node asks.
pub const MAX_ATTESTORS: usize = 32;
/// Output tokens that a channel must be lent at least: a stream makes a few of them between two vouchers.
pub const LEAST_CREDIT_TOKENS: TokenCount = TokenCount::new(Tokens::ZERO, tokens(64));
/// Most tasks that one node may be told to run at once.
pub const MAX_TASKS: u32 = 4_096;

/// Settings of a node. Every field has a default but `sequencers` and `models`, which a node that is to
/// earn something needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeConfig {
    /// Folder of the node's state, in a folder `node` of its own. Default `./state`.
    pub state_dir: PathBuf,
    /// The operator's key: owns the `NodeCap`, pays for gas and stake. Made if it is missing.
    /// Default `node/operator.key` in `state_dir`.
    pub key_file: Option<PathBuf>,
    /// Sequencers to dial, as `http://host:port` or `https://host:port`. Default none.
    pub sequencers: Vec<String>,
    /// Attestors to ask for verdicts, as `http://host:port` or `https://host:port`. Default none: then
    /// the node waits until somebody else brings the grade.
    pub attestors: Vec<String>,
    /// What is served. Default none.
    pub models: Vec<ModelConfig>,
    /// Where evidence comes from. Default `simulated`, which counts on development networks only.
    pub evidence: Evidence,
    /// Own stake to register with, in base units of the stake coin; at least the network's minimum.
    /// Default exactly that minimum.
    pub stake: Option<Amount>,
    /// The operator's part of what stakers and operator earn together, in basis points. Default 1,000.
    pub commission_bps: Bps,
    /// The most that `commission_bps` can ever become; fixed at registration. Default 2,000.
    pub max_commission_bps: Bps,
    /// Tasks that run at once, over all sequencers. Default 16.
    pub max_tasks: u32,
    /// When earnings are settled.
    pub settle: SettleConfig,
    /// Time between taking matured dues out of the vault, in milliseconds; 0 leaves that to
    /// `atoma node withdraw`. Default 0.
    pub withdraw_interval_ms: u64,
    /// Age at which a key epoch is replaced by a new one, in milliseconds; 0 for three quarters of what the
    /// network lets evidence live. Default 0.
    pub rotate_after_ms: u64,
    /// How long streams may take to end when the node stops or its keys rotate, in milliseconds.
    /// Default 30,000.
    pub drain_ms: u64,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("state"),
            key_file: None,
            sequencers: Vec::new(),
            attestors: Vec::new(),
            models: Vec::new(),
            evidence: Evidence::default(),
            stake: None,
            commission_bps: bps(1_000),
            max_commission_bps: bps(2_000),
            max_tasks: 16,
            settle: SettleConfig::default(),
            withdraw_interval_ms: 0,
            rotate_after_ms: 0,
            drain_ms: 30_000,
        }
    }
}

/// One model that is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Name in requests; the engine must serve a model of this name.
    pub name: String,
    /// Name of the engine that serves it. Default `default`.
    #[serde(default = "default_engine")]
    pub engine: String,
    /// The model's id on-chain. Default none: the node registers the model once and remembers the id.
    #[serde(default)]
    pub model_id: Option<ModelId>,
    /// Where its weights can be had, for a model that this node registers. Default empty.
    #[serde(default)]
    pub weights_uri: String,
    /// Base units per 1,000,000 input tokens.
    pub input_price: Price,
    /// Base units per 1,000,000 output tokens.
    pub output_price: Price,
    /// Base units that a channel is served ahead of its vouchers, at most; at least the price of
    /// [`LEAST_CREDIT_TOKENS`]. Default 10,000.
    #[serde(default = "default_credit")]
    pub credit: Amount,
    /// The most that a channel may give to its router, in basis points. Default 1,000.
    #[serde(default = "default_max_routing_bps")]
    pub max_routing_bps: Bps,
    /// Least deposit of a channel, in base units. Default 1,000,000.
    #[serde(default = "default_min_deposit")]
    pub min_deposit: Amount,
}

impl ModelConfig {
    /// A model under `name`, everything else at its default.
    #[must_use]
    pub fn new(name: impl Into<String>, prices: Prices) -> Self {
        Self {
            name: name.into(),
            engine: default_engine(),
            model_id: None,
            weights_uri: String::new(),
            input_price: prices.input,
            output_price: prices.output,
            credit: default_credit(),
            max_routing_bps: default_max_routing_bps(),
            min_deposit: default_min_deposit(),
        }
    }

    /// Both prices.
    #[must_use]
    pub const fn prices(&self) -> Prices {
        Prices {
            input: self.input_price,
            output: self.output_price,
        }
    }
}

/// When earnings are settled on-chain; besides, before a window closes, at rotation and on shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettleConfig {
    /// Unsettled earnings of one channel that are worth a transaction, in base units. Default 1,000,000.
    pub threshold: Amount,
    /// Time after which any unsettled earnings are settled, in milliseconds. Default 600,000.
    pub interval_ms: u64,
}

impl Default for SettleConfig {
    fn default() -> Self {
        Self {
            threshold: Amount(1_000_000),
            interval_ms: 600_000,
        }
    }
}

impl SettleConfig {
    /// [`Self::interval_ms`].
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }
}

/// Where a node's evidence comes from. Real platforms join this list with their modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Evidence {
    /// No TEE at all: proves nothing, counts on development networks only.
    #[default]
    Simulated,
}

impl Evidence {
    /// The kind as posted on-chain.
    #[must_use]
    pub const fn kind(self) -> EvidenceKind {
        match self {
            Self::Simulated => EvidenceKind::Simulated,
        }
    }
}

/// What is wrong with a [`NodeConfig`], and what to change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is nothing to serve.
    #[error("`models` is empty: name at least one model with its prices")]
    NoModels,
    /// Too many entries.
    #[error("`{field}` has {count} entries: at most {limit} are allowed")]
    TooMany {
        /// The field.
        field: &'static str,
        /// How many entries there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Two models of one name.
    #[error("`models` names `{0}` twice: give each model a name of its own")]
    SameModel(String),
    /// A model's name is empty or too long.
    #[error("a model's `name` has {0} bytes: use 1 to {MAX_NAME_BYTES}")]
    ModelName(usize),
    /// A URL that cannot be dialled.
    #[error("`{field}` holds {url:?}: write http://host:port or https://host:port")]
    Url {
        /// The field.
        field: &'static str,
        /// What it holds.
        url: String,
    },
    /// The commission exceeds its own cap.
    #[error("`commission_bps` is above `max_commission_bps`: lower it or raise the cap")]
    Commission,
    /// A number outside its range.
    #[error("`{field}` is {value}: use {least} to {most}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
}

impl NodeConfig {
    /// The folder that holds all state of the node.
    #[must_use]
    pub fn node_dir(&self) -> PathBuf {
        self.state_dir.join("node")
    }

    /// The operator's key file.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        self.key_file
            .clone()
            .unwrap_or_else(|| self.node_dir().join("operator.key"))
    }

    /// Loads the operator's key, or makes one.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn open_wallet(&self, env: &Env) -> Result<Wallet, KeyFileError> {
        Wallet::load_or_create(&self.key_path(), env)
    }

    /// How long streams may take to end.
    #[must_use]
    pub const fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    /// Checks what can be checked without a chain.
    ///
    /// # Errors
    /// [`ConfigError`]: the first thing to change.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.models.is_empty() {
            return Err(ConfigError::NoModels);
        }
        at_most("models", self.models.len(), MAX_MODELS)?;
        at_most("sequencers", self.sequencers.len(), MAX_SEQUENCERS)?;
        at_most("attestors", self.attestors.len(), MAX_ATTESTORS)?;
        let mut names = BTreeSet::new();
        for model in &self.models {
            if !(1..=MAX_NAME_BYTES).contains(&model.name.len()) {
                return Err(ConfigError::ModelName(model.name.len()));
            }
            if !names.insert(&model.name) {
                return Err(ConfigError::SameModel(model.name.clone()));
            }
            let least = fee(LEAST_CREDIT_TOKENS, model.prices()).unwrap_or(Amount::MAX);
            in_range("credit", model.credit.0, least.0.max(1), u64::MAX)?;
        }
        check_urls("sequencers", &self.sequencers)?;
        check_urls("attestors", &self.attestors)?;
        if self.commission_bps > self.max_commission_bps {
            return Err(ConfigError::Commission);
        }
        in_range("max_tasks", self.max_tasks.into(), 1, MAX_TASKS.into())?;
        in_range("settle.interval_ms", self.settle.interval_ms, 100, u64::MAX)
    }
}

fn at_most(field: &'static str, count: usize, limit: usize) -> Result<(), ConfigError> {
    if count <= limit {
        Ok(())
    } else {
        Err(ConfigError::TooMany {
            field,
            count,
            limit,
        })
    }
}

fn in_range(field: &'static str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange {
            field,
            value,
            least,
            most,
        })
    }
}

fn check_urls(field: &'static str, urls: &[String]) -> Result<(), ConfigError> {
    let is_dialable = |url: &str| {
        reqwest::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    };
    match urls.iter().find(|url| !is_dialable(url)) {
        None => Ok(()),
        Some(url) => Err(ConfigError::Url {
            field,
            url: url.clone(),
        }),
    }
}

const fn tokens(count: u64) -> Tokens {
    match Tokens::new(count) {
        Ok(tokens) => tokens,
        Err(_) => panic!("a default count is far below the limit"),
    }
}

const fn bps(value: u16) -> Bps {
    match Bps::new(value) {
        Ok(bps) => bps,
        Err(_) => panic!("a default share is at most the whole"),
    }
}

fn default_engine() -> String {
    "default".to_owned()
}

const fn default_credit() -> Amount {
    Amount(10_000)
}

const fn default_max_routing_bps() -> Bps {
    bps(1_000)
}

const fn default_min_deposit() -> Amount {
    Amount(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> NodeConfig {
        NodeConfig {
            sequencers: vec!["http://127.0.0.1:1".to_owned()],
            models: vec![ModelConfig::new("m", Prices::default())],
            ..NodeConfig::default()
        }
    }

    fn check(change: impl FnOnce(&mut NodeConfig), says: &str) {
        let mut config = good();
        change(&mut config);
        let error = config.validate().expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_config_is_refused_with_what_to_change() {
        assert_eq!(good().validate(), Ok(()));
        check(|config| config.models.clear(), "`models` is empty");
        check(
            |config| config.models.push(config.models[0].clone()),
            "names `m` twice",
        );
        check(|config| config.models[0].name.clear(), "has 0 bytes");
        check(
            |config| config.models[0].output_price = Price::new(1_000_000_000).unwrap(),
            "`credit` is 10000: use 64000",
        );
        for url in ["ftp://host", "host:80", "http://", ""] {
            check(
                |config| config.sequencers.push(url.to_owned()),
                "`sequencers` holds",
            );
        }
        check(
            |config| config.attestors.push("x".to_owned()),
            "`attestors` holds",
        );
        check(
            |config| config.commission_bps = bps(2_001),
            "above `max_commission_bps`",
        );
        check(|config| config.max_tasks = 0, "`max_tasks` is 0");
        check(|config| config.settle.interval_ms = 0, "settle.interval_ms");
        check(
            |config| config.sequencers = vec!["http://h:1".to_owned(); MAX_SEQUENCERS + 1],
            "at most",
        );
    }

    #[test]
    fn a_short_file_is_enough_and_a_misspelt_field_is_refused() {
        let text = r#"{"models": [{"name": "m", "input_price": 100, "output_price": 200}]}"#;
        let config: NodeConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.models[0].prices().output.get(), 200);
        assert_eq!(config.max_tasks, 16);
        assert!(serde_json::from_str::<NodeConfig>(r#"{"modles": []}"#).is_err());
    }
}
