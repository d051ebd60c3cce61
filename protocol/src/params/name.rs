//! A parameter's name: which ones are relayed, and which number PHP gives to a `[]`.

use super::ParamError;
use crate::{is_name, limits};

/// What emoncms takes from parameters whatever the endpoint: its route (`q`), keys, page layout (`embed`), and up
/// to 11.4.9 another HTTP method (`_method`). A caller must not set them.
const RESERVED: [&str; 6] = ["q", "apikey", "devicekey", "readkey", "embed", "_method"];

/// Checks a name such as `id`, `ids[]` or `a[b][0]`.
pub(super) fn check(name: &str) -> Result<(), ParamError> {
    let (base, mut rest) = split(name);
    if !is_name(base) {
        return Err(ParamError::Name);
    }
    if let Some(reserved) = RESERVED.into_iter().find(|reserved| reserved.eq_ignore_ascii_case(base)) {
        return Err(ParamError::Reserved(reserved));
    }
    let mut depth = 0;
    while !rest.is_empty() {
        let (key, after) =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or(ParamError::Name)?;
        if !key.is_empty() && !is_name(key) {
            return Err(ParamError::Name);
        }
        depth += 1;
        if depth > limits::MAX_PARAM_DEPTH {
            return Err(ParamError::TooDeep);
        }
        rest = after;
    }
    Ok(())
}

/// Gives each `[]` of a checked `name` the number that follows the largest one that its list has among `known`.
pub(super) fn number(name: &str, known: &[(String, String)]) -> Result<String, ParamError> {
    let mut parts = name.split("[]");
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let largest = known.iter().filter_map(|(other, _)| index_in(other, &numbered)).max();
        let next = largest.map_or(Some(0), |largest| largest.checked_add(1)).ok_or(ParamError::Name)?;
        numbered = format!("{numbered}[{next}]{part}");
    }
    Ok(numbered)
}

/// Whether PHP would make a list of what `outer` names in order to hold `inner`: `a` and `a[0]`.
pub(super) fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('['))
}

/// The number of `name` in `list`: 7 for `ids[7]` or `ids[7][x]` in `ids`. PHP takes only the plain decimal form of
/// a number for one: `ids[07]` has a text as its key.
fn index_in(name: &str, list: &str) -> Option<i64> {
    let (key, _) = name.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
    key.parse().ok().filter(|index: &i64| index.to_string() == key)
}

fn split(name: &str) -> (&str, &str) {
    name.find('[').map_or((name, ""), |at| name.split_at(at))
}
