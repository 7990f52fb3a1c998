//! Files that are not what they say they are: each a typed error, none a panic.

use std::fs;
use std::path::{Path, PathBuf};

use atoma_engine_candle::testing::{TinyModel, tiny_model};
use atoma_engine_candle::{LoadError, LoadedModel};
use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{self, Content, Value};
use proptest::prelude::*;

/// Tokens of context in these tests.
const CONTEXT: usize = 128;

fn tiny() -> (tempfile::TempDir, TinyModel) {
    let dir = tempfile::tempdir().unwrap();
    let model = tiny_model(dir.path()).unwrap();
    (dir, model)
}

fn load(path: &Path) -> Result<LoadedModel, LoadError> {
    LoadedModel::load(path, CONTEXT)
}

/// Writes the model's GGUF file anew with changed values.
fn changed(model: &TinyModel, change: impl FnOnce(&mut Vec<(String, Value)>)) -> PathBuf {
    let mut file = fs::File::open(&model.gguf).unwrap();
    let content = Content::read(&mut file).unwrap();
    let mut values: Vec<(String, Value)> = content.metadata.clone().into_iter().collect();
    change(&mut values);
    let tensors: Vec<(String, QTensor)> = content
        .tensor_infos
        .keys()
        .map(|name| {
            (
                name.clone(),
                content.tensor(&mut file, name, &Device::Cpu).unwrap(),
            )
        })
        .collect();
    let path = model.gguf.with_file_name("changed.gguf");
    let values: Vec<(&str, &Value)> = values
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let tensors: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    gguf_file::write(&mut fs::File::create(&path).unwrap(), &values, &tensors).unwrap();
    path
}

fn with(model: &TinyModel, key: &str, value: Value) -> Result<LoadedModel, LoadError> {
    load(&changed(model, |values| {
        values.retain(|(name, _)| name != key);
        values.push((key.to_owned(), value));
    }))
}

#[test]
fn what_is_no_model_is_told_apart_from_what_is_not_there() {
    let (dir, _) = tiny();
    assert!(matches!(
        load(&dir.path().join("absent")),
        Err(LoadError::Io { .. })
    ));
    assert!(matches!(load(dir.path()), Err(LoadError::NotAModel { .. })));
    for content in [&b""[..], b"GG", b"hello, this is text", b"PK\x03\x04"] {
        let path = dir.path().join("other");
        fs::write(&path, content).unwrap();
        assert!(matches!(load(&path), Err(LoadError::NotAModel { .. })));
    }
}

#[test]
fn a_truncated_file_is_damaged_wherever_it_is_cut() {
    let (dir, model) = tiny();
    let whole = fs::read(&model.gguf).unwrap();
    let path = dir.path().join("cut.gguf");
    for part in [
        4,
        8,
        24,
        100,
        whole.len() / 20,
        whole.len() / 3,
        whole.len() - whole.len() / 10,
    ] {
        fs::write(&path, &whole[..part]).unwrap();
        let error = load(&path).unwrap_err();
        assert!(
            matches!(error, LoadError::Damaged { .. }),
            "{part}: {error:?}"
        );
    }
}

#[test]
fn a_missing_value_is_named() {
    let (_dir, model) = tiny();
    for key in [
        "general.architecture",
        "llama.block_count",
        "llama.context_length",
        "llama.embedding_length",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon",
        "tokenizer.ggml.model",
        "tokenizer.ggml.tokens",
        "tokenizer.ggml.merges",
        "tokenizer.chat_template",
    ] {
        let error = load(&changed(&model, |values| {
            values.retain(|(name, _)| name != key)
        }))
        .unwrap_err();
        assert!(
            matches!(&error, LoadError::Missing { key: missing } if missing == key),
            "{key}: {error:?}"
        );
    }
}

#[test]
fn absurd_and_wrong_values_are_errors() {
    let (_dir, model) = tiny();
    for (key, value) in [
        ("llama.block_count", Value::U32(u32::MAX)),
        ("llama.block_count", Value::U32(0)),
        ("llama.block_count", Value::U32(100)),
        ("llama.context_length", Value::U32(0)),
        ("llama.context_length", Value::I64(-1)),
        ("llama.embedding_length", Value::U64(u64::MAX)),
        ("llama.embedding_length", Value::U32(65)),
        ("llama.feed_forward_length", Value::U32(1 << 30)),
        ("llama.attention.head_count", Value::U32(0)),
        (
            "llama.attention.head_count",
            Value::String("four".to_owned()),
        ),
        ("llama.attention.head_count_kv", Value::U32(0)),
        ("llama.attention.head_count_kv", Value::U32(3)),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Value::F32(f32::NAN),
        ),
        ("llama.rope.freq_base", Value::F32(f32::INFINITY)),
        ("llama.rope.dimension_count", Value::U32(7)),
        ("llama.rope.scaling.type", Value::String("yarn".to_owned())),
        ("llama.expert_count", Value::U32(8)),
        ("general.architecture", Value::String("mamba".to_owned())),
        ("general.alignment", Value::U32(0)),
        ("tokenizer.ggml.model", Value::String("llama".to_owned())),
        ("tokenizer.ggml.pre", Value::String("unheard-of".to_owned())),
        ("tokenizer.ggml.eos_token_id", Value::U32(1_000_000)),
        (
            "tokenizer.ggml.tokens",
            Value::Array(vec![
                Value::String("a".to_owned()),
                Value::String("a".to_owned()),
            ]),
        ),
        ("tokenizer.ggml.tokens", Value::Array(Vec::new())),
        (
            "tokenizer.ggml.merges",
            Value::Array(vec![Value::String("nopair".to_owned())]),
        ),
        (
            "tokenizer.ggml.merges",
            Value::Array(vec![Value::String("not there".to_owned())]),
        ),
        (
            "tokenizer.chat_template",
            Value::String("{% for".to_owned()),
        ),
    ] {
        let shown = format!("{key} = {value:?}");
        let error = with(&model, key, value).expect_err(&shown);
        assert!(!error.to_string().is_empty(), "{shown}");
    }
}

#[test]
fn a_folder_with_a_part_missing_or_broken_is_an_error() {
    let (_dir, model) = tiny();
    for file in [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ] {
        let path = model.folder.join(file);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(load(&model.folder).is_err(), "{file} missing");
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let error = load(&model.folder).unwrap_err();
        assert!(
            matches!(error, LoadError::Damaged { .. } | LoadError::Tokenizer(_)),
            "{file}: {error:?}"
        );
        fs::write(&path, &whole).unwrap();
    }
    assert!(load(&model.folder).is_ok());
    let config = model.folder.join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    for (from, to) in [
        ("\"llama\"", "\"gpt_neox\""),
        ("\"silu\"", "\"gelu\""),
        ("\"hidden_size\": 64", "\"hidden_size\": 32"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
        (
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 18446744073709551615",
        ),
        ("\"vocab_size\": 400", "\"vocab_size\": 10"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&config, text.replace(from, to)).unwrap();
        assert!(load(&model.folder).is_err(), "{to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_an_error_or_another_model_and_never_a_crash(
        changes in prop::collection::vec((0_usize..8_000, any::<u8>()), 1..6),
    ) {
        let (dir, model) = tiny();
        let mut bytes = fs::read(&model.gguf).unwrap();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let path = dir.path().join("flipped.gguf");
        fs::write(&path, bytes).unwrap();
        if let Ok(loaded) = load(&path) {
            prop_assert!(loaded.decoder.config().layers <= 1_024);
        }
    }
}
