//! Labels: `key=value` pairs that name a run.

use std::str::FromStr;

use thiserror::Error;

/// A `key=value` pair. Keys `runtime`, `workload` and `repetition` fill the columns of those names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Letters, digits, `_`, `-` and `.`; never empty.
    pub key: String,
    /// Any text, possibly empty.
    pub value: String,
}

/// Why a text is no label.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabelError {
    /// There is no `=`.
    #[error("label {0:?} has no '=': write key=value")]
    NoEquals(String),
    /// The key is empty or has a character that is not allowed.
    #[error("label key {0:?} must be letters, digits, '_', '-' or '.': choose another")]
    BadKey(String),
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').ok_or_else(|| LabelError::NoEquals(text.to_owned()))?;
        if !is_key(key) {
            return Err(LabelError::BadKey(key.to_owned()));
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

/// Whether a text can be the key of a label.
pub(crate) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::{Label, LabelError};

    #[test]
    fn splits_at_the_first_equals_sign() {
        assert_eq!("a=b=c".parse(), Ok(Label { key: "a".into(), value: "b=c".into() }));
    }

    #[test]
    fn a_text_without_equals_sign_or_with_a_bad_key_is_an_error() {
        assert_eq!("a".parse::<Label>(), Err(LabelError::NoEquals("a".into())));
        assert_eq!("a b=c".parse::<Label>(), Err(LabelError::BadKey("a b".into())));
        assert_eq!("=c".parse::<Label>(), Err(LabelError::BadKey(String::new())));
    }
}
