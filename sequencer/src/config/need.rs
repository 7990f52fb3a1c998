//! A grade in settings: its names as it prints them, as in `vendor-chain+measurement`.
//!
//! Not a number: the bit of simulated evidence does not fit the integers of TOML.

use std::borrow::Cow;

use atoma_protocol::statement::Grade;
use serde::{Deserialize, Deserializer, Serializer, de, ser};

/// Every bit that has a name.
const NAMED: [Grade; 6] = [
    Grade::VENDOR_CHAIN,
    Grade::MEASUREMENT,
    Grade::TCB,
    Grade::GPU_BOUND,
    Grade::PLATFORM_REGISTERED,
    Grade::SIMULATED,
];

fn parse(text: &str) -> Result<Grade, String> {
    if text == Grade::default().to_string() {
        return Ok(Grade::default());
    }
    text.split('+').try_fold(Grade::default(), |grade, name| {
        let bit = NAMED
            .into_iter()
            .find(|bit| bit.to_string().eq_ignore_ascii_case(name.trim()));
        bit.map(|bit| grade.union(bit)).ok_or_else(|| {
            let all = NAMED.map(|bit| bit.to_string()).join("+");
            format!("{name:?} is nothing that evidence can prove: choose from {all}")
        })
    })
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(super) fn serialize<S: Serializer>(grade: &Grade, to: S) -> Result<S::Ok, S::Error> {
    let text = grade.to_string();
    if parse(&text).as_ref() == Ok(grade) {
        to.serialize_str(&text)
    } else {
        Err(ser::Error::custom("`need` has bits without a name"))
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Grade, D::Error> {
    parse(&Cow::<str>::deserialize(from)?).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SequencerConfig;

    #[test]
    fn a_grade_is_written_by_name_and_read_back() {
        for bit in NAMED {
            let config = SequencerConfig {
                need: bit.union(Grade::MEASUREMENT),
                ..SequencerConfig::default()
            };
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(
                serde_json::from_str::<SequencerConfig>(&text).unwrap(),
                config
            );
        }
        assert_eq!(parse("nothing"), Ok(Grade(0)));
        assert_eq!(
            parse("simulated + measurement"),
            Ok(Grade::SIMULATED.union(Grade::MEASUREMENT))
        );
    }

    #[test]
    fn what_has_no_name_is_refused() {
        for wrong in ["", "measurement+", "simulatd", "3"] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains("vendor-chain+measurement"), "{error}");
        }
        let nameless = SequencerConfig {
            need: Grade(1 << 40),
            ..SequencerConfig::default()
        };
        assert!(serde_json::to_string(&nameless).is_err());
    }
}
