//! The engine that a node or a market serves with.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow};
use atoma_engine::{
    Engine, Manifest, ManifestFile, Modality, ModelInfo, ScriptedEngine, UpstreamConfig,
    UpstreamEngine, upstream::UpstreamModel,
};
use atoma_engine_candle::{CandleEngine, EngineOptions, Hub, ModelSource, hub};
use atoma_env::Env;
use atoma_protocol::money::Tokens;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

/// Context of an upstream model unless said otherwise, in tokens.
const UPSTREAM_CONTEXT: usize = 8_192;

/// Which engine answers.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct EngineArgs {
    /// Embedded engine: a GGUF file, a model folder, or a Hugging Face id such as
    /// `org/name` or `org/name:file.gguf` (fetched once, from `HF_ENDPOINT` if set).
    #[arg(long, value_name = "PATH|ID")]
    model: Option<String>,
    /// An OpenAI-compatible server, as `http://host:port/v1`, with `--upstream-model`.
    #[arg(long, value_name = "URL", requires = "upstream_model")]
    upstream: Option<String>,
    /// Scripted answers instead of a model: for trying things out and for tests.
    #[arg(long)]
    scripted: bool,
}

/// How it is offered.
#[derive(Debug, Args)]
pub(crate) struct EngineOptionArgs {
    /// Name under which the model is offered. Default the model's own.
    #[arg(long, value_name = "NAME")]
    model_name: Option<String>,
    /// Model to ask the upstream server for.
    #[arg(long, value_name = "NAME", requires = "upstream")]
    upstream_model: Option<String>,
    /// Tokens of prompt and answer together, at most.
    #[arg(long, value_name = "TOKENS")]
    max_context: Option<usize>,
}

/// Makes the engine.
///
/// # Errors
/// For people: what is missing or wrong.
pub(crate) async fn make(
    args: &EngineArgs,
    options: &EngineOptionArgs,
    env: &Env,
) -> anyhow::Result<Arc<dyn Engine>> {
    if args.scripted {
        return Ok(Arc::new(ScriptedEngine::new(env.clone())));
    }
    if let Some(url) = &args.upstream {
        return upstream(url, options);
    }
    let model = args
        .model
        .as_deref()
        .ok_or_else(|| anyhow!("name a model with --model"))?;
    let path = match ModelSource::parse(model).with_context(|| format!("--model {model}"))? {
        ModelSource::Path(path) => path,
        ModelSource::Id(id) => fetch(&id).await?,
    };
    let mut engine = EngineOptions {
        name: options.model_name.clone(),
        ..EngineOptions::default()
    };
    if let Some(max_context) = options.max_context {
        engine.max_context = max_context;
    }
    let env = env.clone();
    let loading = tokio::task::spawn_blocking(move || load(&path, engine, env));
    Ok(Arc::new(loading.await.context("loading the model")??))
}

fn load(path: &Path, options: EngineOptions, env: Env) -> anyhow::Result<CandleEngine> {
    CandleEngine::load(path, options, env)
        .with_context(|| format!("cannot load the model at {}", path.display()))
}

/// What runs behind an upstream server cannot be seen: its manifest names the model and holds no file.
fn upstream(url: &str, options: &EngineOptionArgs) -> anyhow::Result<Arc<dyn Engine>> {
    let upstream_name = options.upstream_model.clone().unwrap_or_default();
    let name = options
        .model_name
        .clone()
        .unwrap_or_else(|| upstream_name.clone());
    let max_context = u64::try_from(options.max_context.unwrap_or(UPSTREAM_CONTEXT))?;
    let file = ManifestFile {
        name: upstream_name.clone(),
        size_bytes: 0,
        blake3: [0; 32],
    };
    let manifest = Manifest::new(vec![file]);
    let info = ModelInfo {
        name,
        context_length: Tokens::new(max_context)?,
        manifest_hash: manifest.hash(),
        engine_class: "upstream/1".to_owned(),
        modality: Modality::Text,
    };
    let config = UpstreamConfig::new(
        url,
        vec![UpstreamModel {
            info,
            upstream_name,
        }],
    );
    Ok(Arc::new(
        UpstreamEngine::new(config).with_context(|| format!("--upstream {url}"))?,
    ))
}

/// Downloads a model once, with a progress bar.
async fn fetch(id: &hub::ModelId) -> anyhow::Result<PathBuf> {
    let endpoint =
        std::env::var(hub::ENDPOINT_VARIABLE).unwrap_or_else(|_| hub::DEFAULT_ENDPOINT.to_owned());
    let hub = Hub::new(&endpoint, cache_folder()?)?;
    let bar = ProgressBar::new(0);
    let style = "{msg} {bar:30} {bytes}/{total_bytes} {eta}";
    bar.set_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut progress = |progress: hub::Progress<'_>| {
        bar.set_message(progress.file.to_owned());
        bar.set_length(progress.total_bytes.unwrap_or(progress.done_bytes));
        bar.set_position(progress.done_bytes);
    };
    let path = hub
        .get(id, &mut progress)
        .await
        .with_context(|| format!("cannot fetch {id}"))?;
    bar.finish_and_clear();
    Ok(path)
}

fn cache_folder() -> anyhow::Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let cache = cache.ok_or_else(|| anyhow!("neither XDG_CACHE_HOME nor HOME is set"))?;
    Ok(cache.join("atoma").join("models"))
}
