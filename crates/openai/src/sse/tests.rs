use proptest::prelude::*;
use serde_json::json;

use super::{DONE, DONE_DATA, Event, EventDecoder, KEEP_ALIVE, SseError, event};

fn decode(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = EventDecoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(decoder.push(piece).unwrap());
    }
    events.extend(decoder.finish().unwrap());
    events.into_iter().map(|event| event.data).collect()
}

#[test]
fn an_event_is_one_data_line_and_an_empty_one() {
    assert_eq!(
        &event(&json!({"a": "x\ny"})).unwrap()[..],
        b"data: {\"a\":\"x\\ny\"}\n\n"
    );
    assert_eq!(decode(&[DONE]), [DONE_DATA]);
    assert!(decode(&[KEEP_ALIVE]).is_empty());
}

#[test]
fn line_ends_comments_fields_and_the_byte_order_mark_are_read_as_the_standard_says() {
    assert_eq!(
        decode(&[b"data: a\r\n\r\ndata:b\r\rdata:  c\n\n"]),
        ["a", "b", " c"]
    );
    assert_eq!(decode(&[b"data: a\r", b"\n\r", b"\n"]), ["a"]);
    assert_eq!(decode(&[b"\xef\xbb\xbfdata: a\n\n"]), ["a"]);
    assert_eq!(
        decode(&[b": note\nid: 7\nretry: 1\ndata: a\ndata: b\ndata\n\n"]),
        ["a\nb\n"]
    );
    assert_eq!(decode(&[b"\n\n\nid: 7\n\n"]), Vec::<String>::new());
    assert_eq!(decode(&[b"data: [DONE]"]), ["[DONE]"]);
    let mut decoder = EventDecoder::default();
    let read = decoder.push(b"event: error\ndata: x\n\n").unwrap();
    assert_eq!(
        read,
        [Event {
            name: "error".to_owned(),
            data: "x".to_owned()
        }]
    );
}

#[test]
fn an_event_over_the_limit_is_an_error_however_it_is_cut() {
    let mut decoder = EventDecoder::with_limit(100);
    let error = (0..20).find_map(|_| decoder.push(b"0123456789").err());
    assert_eq!(error, Some(SseError::EventTooLong { limit_bytes: 100 }));
    let mut decoder = EventDecoder::with_limit(100);
    let error = (0..20).find_map(|_| decoder.push(b"data: 0123456789\n").err());
    assert_eq!(error, Some(SseError::EventTooLong { limit_bytes: 100 }));
}

#[test]
fn broken_utf8_is_an_error() {
    assert_eq!(
        EventDecoder::default().push(b"data: \xff\n\n"),
        Err(SseError::NotUtf8)
    );
}

proptest! {
    #[test]
    fn where_a_stream_is_cut_does_not_matter(
        texts in prop::collection::vec("[^\r\n]{0,20}", 0..6),
        cuts in prop::collection::vec(0_usize..200, 0..20),
    ) {
        let mut whole = Vec::new();
        for text in &texts {
            whole.extend_from_slice(&event(text).unwrap());
        }
        let expected: Vec<String> = texts.iter().map(|text| serde_json::to_string(text).unwrap()).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&whole[from..cut]);
            from = cut;
        }
        pieces.push(&whole[from..]);
        prop_assert_eq!(decode(&pieces), expected);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic_or_hold_more_than_its_limit(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
    ) {
        let mut decoder = EventDecoder::with_limit(50);
        for piece in pieces {
            if decoder.push(&piece).is_err() {
                break;
            }
            prop_assert!(decoder.line.len() + decoder.data.len() <= 2 * 50);
        }
    }
}
