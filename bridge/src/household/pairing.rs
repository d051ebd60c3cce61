//! Codes that connect a home once: for who would rather not type the account's password there, or may not.

use crate::accounts::token_hash;
use remoteaccess_common::{Secret, random};

/// How long a code can be used.
pub(super) const SECONDS: i64 = 30 * 60;

/// Without those that look like others: 0 and O, 1, I and L.
const ALPHABET: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
const GROUPS: usize = 4;
const GROUP: usize = 4;

/// A new code, as people read it: `K7XD-29PM-…`. 79 bits.
pub(super) fn new_code() -> Secret {
    // Each letter as likely as the others.
    let fair = u8::MAX - u8::MAX % 31;
    let letters = std::iter::repeat_with(random::bytes::<1>).map(|[byte]| byte).filter(|byte| *byte < fair);
    let letters = letters.map(|byte| char::from(ALPHABET[usize::from(byte % 31)]));
    let letters: Vec<char> = letters.take(GROUPS * GROUP).collect();
    Secret::new(letters.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

/// What is stored of a code, however it was typed; `None` for what cannot be one.
pub fn hash(typed: &Secret) -> Option<String> {
    let letters: String = typed.expose().chars().filter(|c| !matches!(c, '-' | ' ')).take(64).collect();
    let letters = letters.to_ascii_uppercase();
    let fine = letters.len() == GROUPS * GROUP && letters.bytes().all(|b| ALPHABET.contains(&b));
    fine.then(|| token_hash(&format!("pairing\n{letters}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_however_it_is_typed() {
        let code = new_code();
        let text = code.expose();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3), "{text}");
        assert_ne!(new_code(), code);
        let stored = hash(&code);
        assert!(stored.is_some());
        for typed in [text.to_lowercase(), text.replace('-', ""), format!(" {} ", text.replace('-', " "))] {
            assert_eq!(hash(&Secret::new(typed)), stored);
        }
        for other in
            ["", "correct horse", "K7XD-29PM-K7XD-29P", "K7XD-29PM-K7XD-29PO", "K7XD-29PM-K7XD-29PMK"]
        {
            assert_eq!(hash(&Secret::new(other)), None, "{other}");
        }
    }
}
