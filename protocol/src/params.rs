//! Parameters as PHP understands them, flat and checked.
//!
//! PHP reads more into a parameter's name than stands there: it drops leading spaces, cuts at NUL, turns `.` and
//! space into `_`. Names are therefore checked against a narrow alphabet and written again by whoever sends
//! them on, so that what was checked and what PHP sees cannot differ.

use crate::{is_name, limits};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// emoncms takes its route (`q`), keys and page layout (`embed`) from parameters; a caller must not set them.
const RESERVED: [&str; 5] = ["q", "apikey", "devicekey", "readkey", "embed"];

/// How deep lists and objects may nest in a first-generation `data`.
const MAX_DEPTH: usize = 3;

/// Checked parameters, in order: `("id", "1")`, `("ids[0]", "7")`.
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
    /// More than [`limits::MAX_PARAMS`].
    #[error("there are too many parameters")]
    TooMany,
    /// Neither an object nor an empty list, or nested too deep.
    #[error("parameters must be an object of strings and numbers")]
    Shape,
}

impl Params {
    /// Checks pairs as they come from a query or a form. A repeated `name[]` is counted up, as PHP does.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, ParamError>
    where
        K: AsRef<str>,
        V: Into<String>,
    {
        let mut params = Self::default();
        for (name, value) in pairs {
            let name = name.as_ref();
            let numbered = name.strip_suffix("[]").map(|base| params.next_index(base));
            params.push(numbered.unwrap_or_else(|| name.to_owned()), value.into())?;
        }
        Ok(params)
    }

    /// Reads `data` as it stands in a message: an object, or `[]` where PHP had nothing to put in. Values are
    /// strings, numbers, booleans (as PHP's `1` and ``), lists and objects of these; `null` is left out.
    pub fn from_json(data: &Value) -> Result<Self, ParamError> {
        let mut params = Self::default();
        match data {
            Value::Null => {}
            Value::Array(list) if list.is_empty() => {}
            Value::Object(map) => {
                for (name, value) in map {
                    params.flatten(name.clone(), value, MAX_DEPTH)?;
                }
            }
            _ => return Err(ParamError::Shape),
        }
        Ok(params)
    }

    /// Name and value of each parameter, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of `name`; of several, the last, as in PHP.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().filter(|(given, _)| *given == name).map(|(_, value)| value).last()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn flatten(&mut self, name: String, value: &Value, depth: usize) -> Result<(), ParamError> {
        let nested = |key: &str| format!("{name}[{key}]");
        match value {
            Value::Null => Ok(()),
            Value::Bool(flag) => self.push(name, if *flag { "1" } else { "" }.into()),
            Value::Number(number) => self.push(name, number.to_string()),
            Value::String(text) => self.push(name, text.clone()),
            Value::Array(_) | Value::Object(_) if depth == 0 => Err(ParamError::Shape),
            Value::Array(list) => (list.iter().enumerate())
                .try_for_each(|(index, item)| self.flatten(nested(&index.to_string()), item, depth - 1)),
            Value::Object(map) => {
                map.iter().try_for_each(|(key, item)| self.flatten(nested(key), item, depth - 1))
            }
        }
    }

    fn push(&mut self, name: String, value: String) -> Result<(), ParamError> {
        check_name(&name)?;
        if self.0.len() == limits::MAX_PARAMS {
            return Err(ParamError::TooMany);
        }
        self.0.push((name, value));
        Ok(())
    }

    fn next_index(&self, base: &str) -> String {
        let of_this_list = |name: &str| name.strip_prefix(base).is_some_and(|rest| rest.starts_with('['));
        format!("{base}[{}]", self.iter().filter(|(name, _)| of_this_list(name)).count())
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

fn check_name(name: &str) -> Result<(), ParamError> {
    let (base, mut rest) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    if !is_name(base) {
        return Err(ParamError::Name);
    }
    if let Some(reserved) = RESERVED.into_iter().find(|reserved| reserved.eq_ignore_ascii_case(base)) {
        return Err(ParamError::Reserved(reserved));
    }
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        match inner {
            Some((key, after)) if key.is_empty() || is_name(key) => rest = after,
            _ => return Err(ParamError::Name),
        }
    }
    Ok(())
}
