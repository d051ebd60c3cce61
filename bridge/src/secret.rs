//! Texts that must not be seen.

use serde::{Deserialize, Deserializer, de::Error};
use std::fmt;

/// A key, a password or a hash of one. Printing it shows that it is there and nothing else.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MASKED")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own error would quote the value that it found.
        let text = String::deserialize(deserializer);
        text.map(Self).map_err(|_| D::Error::custom("a text in quotes is expected here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "MASKED");
    }
}
