//! Stop sequences over token boundaries.

/// Watches generated text for stop sequences and holds back what may yet become one.
#[derive(Debug, Clone, Default)]
pub struct StopMatcher {
    sequences: Vec<String>,
    held: String,
    stopped: bool,
}

impl StopMatcher {
    /// Makes a matcher for these sequences; empty ones are ignored.
    #[must_use]
    pub fn new(sequences: &[String]) -> Self {
        let sequences = sequences
            .iter()
            .filter(|sequence| !sequence.is_empty())
            .cloned()
            .collect();
        Self {
            sequences,
            held: String::new(),
            stopped: false,
        }
    }

    /// Takes generated text and returns what may be shown of it and of what was held back.
    ///
    /// Once a sequence is found nothing more comes: neither the sequence nor what follows it.
    pub fn push(&mut self, text: &str) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(text);
        let found = self
            .sequences
            .iter()
            .filter_map(|sequence| self.held.find(sequence.as_str()))
            .min();
        if let Some(at) = found {
            self.stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let keep_from = self.held.len() - self.longest_beginning();
        let rest = self.held.split_off(keep_from);
        std::mem::replace(&mut self.held, rest)
    }

    /// Ends the text and returns what was held back for nothing.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Whether a sequence was found.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Bytes at the end of the held text that begin some sequence.
    ///
    /// Both are UTF-8, so a match begins and ends at a character.
    fn longest_beginning(&self) -> usize {
        let beginning = |sequence: &String| {
            let most = sequence.len().saturating_sub(1).min(self.held.len());
            (1..=most).rev().find(|&length| {
                self.held
                    .as_bytes()
                    .ends_with(&sequence.as_bytes()[..length])
            })
        };
        self.sequences
            .iter()
            .filter_map(beginning)
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::StopMatcher;

    fn run(sequences: &[&str], pieces: &[&str]) -> (Vec<String>, bool) {
        let sequences: Vec<String> = sequences
            .iter()
            .map(|&sequence| sequence.to_owned())
            .collect();
        let mut matcher = StopMatcher::new(&sequences);
        let mut shown: Vec<String> = pieces.iter().map(|piece| matcher.push(piece)).collect();
        shown.push(matcher.finish());
        (shown, matcher.is_stopped())
    }

    #[test]
    fn a_sequence_over_several_pieces_is_found_and_never_shown() {
        let (shown, stopped) = run(&["END"], &["a E", "N", "D b"]);
        assert_eq!(shown, ["a ", "", "", ""]);
        assert!(stopped);
        let (shown, stopped) = run(&["END"], &["a E", "N", "X b"]);
        assert_eq!(shown, ["a ", "", "ENX b", ""]);
        assert!(!stopped);
        let (shown, stopped) = run(&["END"], &["a EN"]);
        assert_eq!(shown, ["a ", "EN"]);
        assert!(!stopped);
        let (shown, _) = run(&["b", "ab"], &["xxab"]);
        assert_eq!(shown, ["xx", ""]);
    }

    #[test]
    fn characters_that_share_bytes_with_a_sequence_are_not_cut() {
        // é is c3 a9, è is c3 a8.
        assert_eq!(run(&["éx"], &["è", "é", "y"]).0, ["è", "", "éy", ""]);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_text_up_to_the_first_sequence(
            pieces in prop::collection::vec("[abé]{0,4}", 0..8),
            sequences in prop::collection::vec("[abé]{1,4}", 0..3),
        ) {
            let whole = pieces.concat();
            let first = sequences.iter().filter_map(|sequence| whole.find(sequence.as_str())).min();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let sequences: Vec<&str> = sequences.iter().map(String::as_str).collect();
            let (shown, stopped) = run(&sequences, &pieces);
            prop_assert_eq!(stopped, first.is_some());
            // A sequence found late may begin before one found early; both end at or before the later one's place.
            match first {
                None => prop_assert_eq!(shown.concat(), whole),
                Some(_) => prop_assert!(whole.starts_with(&shown.concat())),
            }
        }
    }
}
