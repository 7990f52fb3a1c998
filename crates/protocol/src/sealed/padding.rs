//! Size classes, so that lengths tell little about what was said.

use super::SealError;

/// Up to here sizes are padded to multiples of [`SMALL_STEP`], above to powers of two.
const SMALL_LIMIT: usize = 4096;
const SMALL_STEP: usize = 256;

/// Bytes before the content that hold its length.
const HEADER: usize = 4;

/// The size class of a plaintext of `len` bytes: with its header of 4 bytes the next multiple of 256
/// up to 4096, the next power of two above.
#[must_use]
pub const fn padded_len(len: usize) -> usize {
    let len = len.saturating_add(HEADER);
    if len <= SMALL_LIMIT {
        len.next_multiple_of(SMALL_STEP)
    } else {
        match len.checked_next_power_of_two() {
            Some(class) => class,
            None => usize::MAX,
        }
    }
}

/// Appends header, content and zeros to `out`, which takes exactly one size class of at most `limit`.
pub(super) fn pad_into(
    out: &mut Vec<u8>,
    content: &[u8],
    what: &'static str,
    limit: usize,
) -> Result<(), SealError> {
    let class = padded_len(content.len());
    let header = u32::try_from(content.len()).ok().filter(|_| class <= limit);
    let Some(header) = header else {
        return Err(SealError::TooLarge {
            what,
            got: content.len(),
            limit,
        });
    };
    let end = out.len() + class;
    out.extend_from_slice(&header.to_le_bytes());
    out.extend_from_slice(content);
    out.resize(end, 0);
    Ok(())
}

/// The content of a padded plaintext, whose size and zeros must be exactly those of [`pad_into`].
pub(super) fn unpad(padded: &[u8]) -> Result<&[u8], SealError> {
    let (header, rest) = padded
        .split_first_chunk::<HEADER>()
        .ok_or(SealError::BadPadding)?;
    let len = usize::try_from(u32::from_le_bytes(*header)).map_err(|_| SealError::BadPadding)?;
    if len > rest.len() || padded_len(len) != padded.len() {
        return Err(SealError::BadPadding);
    }
    let (content, zeros) = rest.split_at(len);
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(SealError::BadPadding);
    }
    Ok(content)
}
