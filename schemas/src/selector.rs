//! Selectors: which runs a query is about.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::label::is_key;

/// A conjunction of conditions on labels, such as `runtime=runc,workload=redis-bench-get`.
///
/// `key=a|b` accepts either value and `key!=a` everything but `a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The conditions; a run has to meet every one of them.
    pub conditions: Vec<Condition>,
}

/// One condition of a [`Selector`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The label's key.
    pub key: String,
    /// The values named.
    pub values: Vec<String>,
    /// Whether the values are those left out.
    pub negated: bool,
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectorError {
    /// A part has no `=`.
    #[error("selector part {0:?} has no '=': write key=value[,key=value]")]
    NoEquals(String),
    /// A key is empty or has a character that is not allowed.
    #[error("selector key {0:?} must be letters, digits, '_', '-' or '.'")]
    BadKey(String),
}

impl Selector {
    /// The keys of its conditions.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.conditions.iter().map(|condition| &condition.key)
    }
}

impl Condition {
    /// Whether a run with this value of the key (none: the label is not there) meets the condition.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        let named = value.is_some_and(|value| self.values.iter().any(|other| other == value));
        named != self.negated
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let conditions = text.split(',').map(condition).collect::<Result<_, _>>()?;
        Ok(Self { conditions })
    }
}

fn condition(part: &str) -> Result<Condition, SelectorError> {
    let (key, values) = part.split_once('=').ok_or_else(|| SelectorError::NoEquals(part.to_owned()))?;
    let (key, negated) = key.strip_suffix('!').map_or((key, false), |key| (key, true));
    if !is_key(key) {
        return Err(SelectorError::BadKey(key.to_owned()));
    }
    Ok(Condition { key: key.to_owned(), values: values.split('|').map(str::to_owned).collect(), negated })
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.conditions.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let equals = if condition.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{equals}{}", condition.key, condition.values.join("|"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Selector, SelectorError};

    #[test]
    fn every_condition_counts_and_a_value_may_be_one_of_several() {
        let selector: Selector = "runtime=runc|crun,set!=special".parse().unwrap();
        let [runtime, set] = selector.conditions.as_slice() else { panic!("two conditions") };
        assert_eq!(
            [Some("runc"), Some("crun"), Some("kata"), None].map(|v| runtime.accepts(v)),
            [true, true, false, false]
        );
        assert_eq!([Some("special"), Some("study"), None].map(|v| set.accepts(v)), [false, true, true]);
        assert_eq!(selector.to_string(), "runtime=runc|crun,set!=special");
    }

    #[test]
    fn a_part_without_equals_sign_is_an_error() {
        assert_eq!("runc".parse::<Selector>(), Err(SelectorError::NoEquals("runc".into())));
    }
}
