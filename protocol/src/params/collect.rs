//! Flattens what was sent into checked names, one by one, so that a hostile message never grows in memory.

use super::{ParamError, name};
use crate::limits;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::fmt;

/// What was read so far.
#[derive(Default)]
pub(super) struct Collector {
    pairs: Vec<(String, String)>,
    /// Counts repeated names as well: each costs a comparison with all others.
    read: usize,
}

impl Collector {
    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.pairs
    }

    pub(super) fn add(&mut self, name: &str, value: String) -> Result<(), ParamError> {
        name::check(name)?;
        self.read += 1;
        if self.read > limits::MAX_PARAMS {
            return Err(ParamError::TooMany);
        }
        let name = name::number(name, &self.pairs)?;
        if self.pairs.iter().any(|(other, _)| name::is_within(other, &name) || name::is_within(&name, other))
        {
            return Err(ParamError::Conflict);
        }
        match self.pairs.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((name, value)),
        }
        Ok(())
    }

    pub(super) fn read<'de>(&mut self, data: impl Deserializer<'de>) -> Result<(), ParamError> {
        let mut error = None;
        let node = Node { collector: self, error: &mut error, name: None };
        node.deserialize(data).map_err(|_| error.unwrap_or(ParamError::Shape))
    }
}

/// A value somewhere in the message: all of it where it has no name, else the parameter of that name.
struct Node<'c> {
    collector: &'c mut Collector,
    error: &'c mut Option<ParamError>,
    name: Option<&'c str>,
}

impl Node<'_> {
    fn value<E: Error>(self, value: String) -> Result<(), E> {
        let result = match self.name {
            Some(name) => self.collector.add(name, value),
            None => Err(ParamError::Shape),
        };
        keep(result, self.error)
    }

    /// What has this name. The name is checked before its value is looked at.
    fn child<'s, E: Error>(&'s mut self, name: &'s str) -> Result<Node<'s>, E> {
        keep(name::check(name), self.error)?;
        Ok(Node { collector: self.collector, error: self.error, name: Some(name) })
    }

    fn name_of(&self, key: &str) -> String {
        self.name.map_or_else(|| key.to_owned(), |name| format!("{name}[{key}]"))
    }
}

/// Carries a refusal past the deserializer, whose own errors are texts.
fn keep<T, E: Error>(result: Result<T, ParamError>, kept: &mut Option<ParamError>) -> Result<T, E> {
    result.map_err(|error| {
        *kept = Some(error);
        E::custom("refused")
    })
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<(), D::Error> {
        data.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings and numbers")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.value(if flag { "1" } else { "" }.to_owned())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.value(number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.value(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("not a number"))?;
        self.value(number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.value(text.to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        if self.name.is_none() {
            // The `[]` that PHP writes for an empty object: nothing may stand in it.
            let empty = list.next_element::<IgnoredAny>()?.is_none();
            return keep(if empty { Ok(()) } else { Err(ParamError::Shape) }, self.error);
        }
        for index in 0_usize.. {
            let name = self.name_of(&index.to_string());
            let child = self.child(&name)?;
            if list.next_element_seed(child)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let name = self.name_of(&key);
            let child = self.child(&name)?;
            map.next_value_seed(child)?;
        }
        Ok(())
    }
}
