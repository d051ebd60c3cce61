//! Parameters as PHP understands them, flat and checked.
//!
//! PHP reads more into a parameter's name than stands there: it drops leading spaces, cuts at NUL, turns `.` and
//! space into `_`, numbers `[]`. Names are therefore checked against a narrow alphabet, numbered here, and written
//! again by whoever sends them on, so that what was checked and what PHP sees cannot differ.

mod collect;
mod name;

use collect::Collector;
use serde::{Deserializer, Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// Checked parameters, each name once, in order: `("id", "1")`, `("ids[0]", "7")`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// Why parameters were refused; the text is for the caller.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A name outside `[A-Za-z0-9_-]+` with optional `[…]`.
    #[error("a parameter name may hold letters, digits, _ and - only")]
    Name,
    /// A name that emoncms uses for itself.
    #[error("the parameter '{0}' cannot be relayed")]
    Reserved(&'static str),
    /// More than [`limits::MAX_PARAMS`](crate::limits::MAX_PARAMS).
    #[error("there are too many parameters")]
    TooMany,
    /// More than [`limits::MAX_PARAM_DEPTH`](crate::limits::MAX_PARAM_DEPTH) lists in one another.
    #[error("parameters are nested too deep")]
    TooDeep,
    /// One name for a value and for a list: PHP would keep only one of them.
    #[error("a parameter is both a value and a list")]
    Conflict,
    /// Neither an object nor an empty list.
    #[error("parameters must be an object of strings and numbers")]
    Shape,
}

impl Params {
    /// Checks pairs as they come from a query or a form. `name[]` is numbered as PHP does it; of a repeated name
    /// the last value counts.
    ///
    /// # Errors
    /// The first thing that must not be relayed.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, ParamError>
    where
        K: AsRef<str>,
        V: Into<String>,
    {
        let mut collector = Collector::default();
        for (name, value) in pairs {
            collector.add(name.as_ref(), value.into())?;
        }
        Ok(Self(collector.into_pairs()))
    }

    /// Reads `data` as it stands in a message: an object, or `[]` where PHP had nothing to put in. Values are
    /// strings, numbers, booleans (as PHP's `1` and ``), lists and objects of these; `null` is left out.
    ///
    /// # Errors
    /// The first thing that must not be relayed.
    pub fn from_json(data: &Value) -> Result<Self, ParamError> {
        Self::read(data)
    }

    /// Reads `data` without building it in memory first.
    pub(crate) fn from_json_text(data: &str) -> Result<Self, ParamError> {
        Self::read(&mut serde_json::Deserializer::from_str(data))
    }

    fn read<'de>(data: impl Deserializer<'de>) -> Result<Self, ParamError> {
        let mut collector = Collector::default();
        collector.read(data)?;
        Ok(Self(collector.into_pairs()))
    }

    /// Name and value of each parameter, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(given, _)| *given == name).map(|(_, value)| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
