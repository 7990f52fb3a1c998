//! The alphabet in which byte-level tokenizers write bytes as characters.
//!
//! Printable bytes stand for themselves; the 68 others, in order, are the characters from U+0100 on.

/// The bytes of a token; characters outside the alphabet stand for their own UTF-8.
pub(super) fn of_token(token: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    for character in token.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

fn byte_of(character: char) -> Option<u8> {
    let point = u32::from(character);
    if let Ok(byte) = u8::try_from(point) {
        return is_printable(byte).then_some(byte);
    }
    let place = usize::try_from(point.checked_sub(0x100)?).ok()?;
    (0..=u8::MAX).filter(|byte| !is_printable(*byte)).nth(place)
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    use super::{byte_of, of_token};

    #[test]
    fn the_alphabet_names_every_byte_once() {
        let bytes: BTreeSet<u8> = ByteLevel::alphabet()
            .into_iter()
            .map(|character| byte_of(character).unwrap())
            .collect();
        assert_eq!(bytes.len(), 256);
        assert_eq!(of_token("ĠHello"), b" Hello");
        assert_eq!(of_token("Ċ"), b"\n");
        assert_eq!(of_token("Ã©"), "é".as_bytes());
    }
}
