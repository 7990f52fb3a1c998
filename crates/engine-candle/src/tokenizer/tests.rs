use proptest::prelude::*;

use crate::testing::tiny_tokenizer;

use super::ModelTokenizer;

fn tokenizer() -> ModelTokenizer {
    ModelTokenizer::new(tiny_tokenizer()).unwrap()
}

fn one_by_one(tokenizer: &ModelTokenizer, tokens: &[u32]) -> String {
    let mut incremental = tokenizer.incremental();
    let mut text: String = tokens
        .iter()
        .map(|token| incremental.push(*token))
        .collect();
    text.push_str(&incremental.finish());
    text
}

#[test]
fn special_tokens_are_found_in_text_and_left_out_of_answers() {
    let tokenizer = tokenizer();
    let end = tokenizer.special("<|im_end|>").unwrap();
    let tokens = tokenizer.encode("a<|im_end|>b").unwrap();
    assert_eq!(tokens.iter().filter(|token| **token == end).count(), 1);
    assert_eq!(tokenizer.decode(&tokens).unwrap(), "ab");
    assert_eq!(one_by_one(&tokenizer, &tokens), "ab");
}

proptest! {
    #[test]
    fn any_text_survives_and_pieces_make_the_whole(text in "\\PC{0,40}|[\\s\\d'é漢🙂]{0,40}") {
        let tokenizer = tokenizer();
        let tokens = tokenizer.encode(&text).unwrap();
        prop_assert_eq!(&tokenizer.decode(&tokens).unwrap(), &text);
        prop_assert_eq!(&one_by_one(&tokenizer, &tokens), &text);
    }

    #[test]
    fn any_tokens_decode_alike_at_once_and_one_by_one(tokens in prop::collection::vec(0_u32..600, 0..40)) {
        let tokenizer = tokenizer();
        prop_assert_eq!(one_by_one(&tokenizer, &tokens), tokenizer.decode(&tokens).unwrap());
    }
}
