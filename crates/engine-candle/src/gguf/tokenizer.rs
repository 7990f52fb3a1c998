//! The byte-level BPE tokenizer of a GGUF file.

use ahash::AHashMap;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::metadata::Metadata;
use crate::load::LoadError;
use crate::tokenizer::{ModelTokenizer, TokenizerError};

/// Names of tokens that end a turn, in families whose files name only one of several.
const END_OF_TURN: [&str; 5] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|end|>",
];
/// Token types of the format.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// How Llama 3 cuts text before merging.
const LLAMA3_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How Qwen 2 cuts text before merging: as Llama 3, digits one by one.
const QWEN2_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Builds the tokenizer of a file.
///
/// # Errors
/// [`LoadError`]: it is of another kind than byte-level BPE, cuts text in a way this engine does not know, or its
/// tables do not fit each other.
pub fn build(metadata: &Metadata<'_>) -> Result<ModelTokenizer, LoadError> {
    let kind = metadata.text("tokenizer.ggml.model")?;
    if kind != "gpt2" {
        return Err(LoadError::unsupported(format!(
            "tokenizers of kind `{kind}`, only `gpt2` (byte-level BPE)"
        )));
    }
    let tokens = metadata.texts("tokenizer.ggml.tokens")?;
    let family = Family::of(
        metadata
            .optional_text("tokenizer.ggml.pre")?
            .unwrap_or("default"),
    )?;
    let mut vocabulary = AHashMap::with_capacity(tokens.len());
    for (number, token) in tokens.iter().enumerate() {
        let number = u32::try_from(number)
            .map_err(|_| LoadError::bad_value("vocabulary size", "too large"))?;
        if vocabulary.insert((*token).to_owned(), number).is_some() {
            return Err(LoadError::bad_value(
                "tokenizer.ggml.tokens",
                format!("`{token}` is there twice"),
            ));
        }
    }
    let merges = metadata
        .texts("tokenizer.ggml.merges")?
        .into_iter()
        .map(|merge| {
            // A merge is two tokens and a space between; the first of them never begins with one.
            let parts = merge
                .split_once(' ')
                .map(|(left, right)| (left.to_owned(), right.to_owned()));
            parts.ok_or_else(|| {
                LoadError::bad_value("tokenizer.ggml.merges", format!("`{merge}` is not a pair"))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .ignore_merges(family == Family::Llama3)
        .build()
        .map_err(TokenizerError::new)?;
    let mut tokenizer = Tokenizer::new(bpe);
    tokenizer.with_pre_tokenizer(Some(family.pre_tokenizer()?));
    tokenizer.with_decoder(Some(ByteLevel::new(false, false, true)));
    if family == Family::Qwen2 {
        tokenizer
            .with_normalizer(Some(NFC))
            .map_err(TokenizerError::new)?;
    }
    add_marked_tokens(
        &mut tokenizer,
        &tokens,
        &metadata.numbers("tokenizer.ggml.token_type")?,
    )?;
    Ok(ModelTokenizer::new(tokenizer)?)
}

/// The tokens that end an answer.
///
/// # Errors
/// [`LoadError`]: there are none, or one is no token.
pub fn end_tokens(
    metadata: &Metadata<'_>,
    tokenizer: &ModelTokenizer,
) -> Result<Vec<u32>, LoadError> {
    let mut ends = Vec::new();
    for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
        ends.extend(metadata.optional_token(key)?);
    }
    if ends.iter().any(|end| tokenizer.token(*end).is_none()) {
        return Err(LoadError::bad_value(
            "tokenizer.ggml.eos_token_id",
            "there is no such token",
        ));
    }
    ends.extend(
        END_OF_TURN
            .iter()
            .filter_map(|name| tokenizer.special(name)),
    );
    ends.sort_unstable();
    ends.dedup();
    if ends.is_empty() {
        Err(LoadError::missing("tokenizer.ggml.eos_token_id"))
    } else {
        Ok(ends)
    }
}

/// Tokens that are found in text as they are, before anything is merged.
fn add_marked_tokens(
    tokenizer: &mut Tokenizer,
    tokens: &[&str],
    types: &[i64],
) -> Result<(), TokenizerError> {
    let of_type = |wanted: i64, special: bool| {
        let marked = tokens
            .iter()
            .zip(types)
            .filter(move |(_, kind)| **kind == wanted);
        marked
            .map(move |(token, _)| AddedToken::from(*token, special).normalized(false))
            .collect::<Vec<_>>()
    };
    tokenizer
        .add_special_tokens(of_type(CONTROL, true))
        .map_err(TokenizerError::new)?;
    tokenizer
        .add_tokens(of_type(USER_DEFINED, false))
        .map_err(TokenizerError::new)?;
    Ok(())
}

/// Families of tokenizers by how they cut text into words before merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Words with their leading space, as GPT-2 did.
    Gpt2,
    /// The same after digits were cut off one by one.
    SmolLm,
    Llama3,
    Qwen2,
}

impl Family {
    fn of(name: &str) -> Result<Self, LoadError> {
        match name {
            "gpt-2" | "gpt2" | "phi-2" => Ok(Self::Gpt2),
            "smollm" | "codeshell" | "starcoder" | "refact" | "command-r" => Ok(Self::SmolLm),
            "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "smaug-bpe" => Ok(Self::Llama3),
            "qwen2" | "deepseek-r1-qwen" | "stablelm2" => Ok(Self::Qwen2),
            other => Err(LoadError::unsupported(format!(
                "the pre-tokenizer `{other}`"
            ))),
        }
    }

    fn pre_tokenizer(self) -> Result<PreTokenizerWrapper, TokenizerError> {
        // Neither adds a space before the text.
        let words: PreTokenizerWrapper = ByteLevel::new(false, true, true).into();
        let bytes: PreTokenizerWrapper = ByteLevel::new(false, true, false).into();
        let split = |pattern: &str| {
            let pattern = SplitPattern::Regex(pattern.to_owned());
            Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
                .map_err(TokenizerError::new)
        };
        Ok(match self {
            Self::Gpt2 => words,
            Self::SmolLm => Sequence::new(vec![Digits::new(true).into(), words]).into(),
            Self::Llama3 => Sequence::new(vec![split(LLAMA3_SPLIT)?.into(), bytes]).into(),
            Self::Qwen2 => Sequence::new(vec![split(QWEN2_SPLIT)?.into(), bytes]).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    use super::Family;

    fn check(name: &str, expected: &[&str]) {
        let mut text = PreTokenizedString::from("Hello'Ve it's 1234\n\n  foo");
        let cutter = Family::of(name).unwrap().pre_tokenizer().unwrap();
        cutter.pre_tokenize(&mut text).unwrap();
        let words = text.get_splits(OffsetReferential::Original, OffsetType::Byte);
        // Ġ is a space and Ċ a line feed in the alphabet of bytes.
        let words: Vec<&str> = words.into_iter().map(|(word, _, _)| word).collect();
        assert_eq!(words, expected, "{name}");
    }

    #[test]
    fn every_family_cuts_text_its_own_way() {
        check(
            "gpt-2",
            &["Hello", "'", "Ve", "Ġit", "'s", "Ġ1234", "ĊĊĠ", "Ġfoo"],
        );
        check(
            "smollm",
            &[
                "Hello", "'", "Ve", "Ġit", "'s", "Ġ", "1", "2", "3", "4", "ĊĊĠ", "Ġfoo",
            ],
        );
        check(
            "llama-bpe",
            &[
                "Hello", "'Ve", "Ġit", "'s", "Ġ", "123", "4", "ĊĊ", "Ġ", "Ġfoo",
            ],
        );
        check(
            "qwen2",
            &[
                "Hello", "'Ve", "Ġit", "'s", "Ġ", "1", "2", "3", "4", "ĊĊ", "Ġ", "Ġfoo",
            ],
        );
        assert!(Family::of("unheard-of").is_err());
    }
}
