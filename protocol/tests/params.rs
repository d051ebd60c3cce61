//! Which parameters are relayed, and that PHP sees in them what was checked here.

use remoteaccess_protocol::Params;
use remoteaccess_protocol::limits::{MAX_NAME_BYTES, MAX_PARAMS};
use remoteaccess_protocol::params::ParamError;
use serde_json::{Value, json};

fn pairs(given: &[(&str, &str)]) -> Result<Vec<(String, String)>, ParamError> {
    Params::from_pairs(given.iter().copied()).map(|params| owned(&params))
}

fn read(given: &Value) -> Result<Vec<(String, String)>, ParamError> {
    Params::from_json(given).map(|params| owned(&params))
}

fn owned(params: &Params) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn names_that_php_would_read_differently_are_refused_from_a_query_and_from_a_message() {
    let hostile = [
        "",
        " q",
        "  id",
        "\tid",
        "\0",
        "q\0",
        "id\0x",
        "a.b",
        "a b",
        "a+b",
        "a%20",
        "a&b",
        "a=b",
        "a/b",
        "[x]",
        "[]",
        "[",
        "]",
        "a[",
        "a]",
        "a[b",
        "a[b]]",
        "a[[b]",
        "a[[b]]",
        "a[b]c",
        "a[b].c",
        "a[b][",
        "a[b]]c]",
        "a[ b]",
        "a[b ]",
        "a[b.c]",
        "a[\0]",
        "a[b\0]",
        "a[../b]",
        "é",
        "a[é]",
        "\u{200b}q",
        "ｑ",
        "a\nb",
    ];
    for name in hostile {
        assert_eq!(pairs(&[(name, "1")]), Err(ParamError::Name), "{name:?} in a query");
        assert_eq!(read(&json!({name: "1"})), Err(ParamError::Name), "{name:?} in a message");
    }
}

#[test]
fn a_bad_name_is_refused_whatever_stands_under_it() {
    for value in [json!(null), json!([]), json!({}), json!([null]), json!({"x": {}})] {
        assert_eq!(read(&json!({" q": value})), Err(ParamError::Name), "{value}");
        assert_eq!(read(&json!({"apikey": value})), Err(ParamError::Reserved("apikey")), "{value}");
        assert_eq!(read(&json!({"a": {" b": value}})), Err(ParamError::Name), "{value}");
    }
}

#[test]
fn names_that_emoncms_uses_for_itself_are_refused_in_any_case_and_as_lists() {
    for reserved in ["q", "apikey", "devicekey", "readkey", "embed", "_method"] {
        let upper = reserved.to_uppercase();
        for name in [reserved.to_owned(), upper, format!("{reserved}[]"), format!("{reserved}[x][y]")] {
            assert_eq!(pairs(&[(&name, "1")]), Err(ParamError::Reserved(reserved)), "{name}");
            assert_eq!(read(&json!({name: "1"})), Err(ParamError::Reserved(reserved)));
        }
        assert_eq!(read(&json!({reserved: {"x": "1"}})), Err(ParamError::Reserved(reserved)));
    }
}

#[test]
fn names_that_only_resemble_reserved_ones_are_relayed() {
    for name in ["qq", "query", "apikeys", "api_key", "embed2", "method", "id", "Id-2_x", "0", "-", "_"] {
        assert_eq!(pairs(&[(name, "1")]), Ok(expected(&[(name, "1")])));
    }
    assert!(pairs(&[("a[q]", "1"), ("a[apikey]", "2")]).is_ok(), "a key inside of a list is no parameter");
}

#[test]
fn a_name_has_64_bytes_at_most_and_so_has_each_key() {
    let (longest, longer) = ("n".repeat(MAX_NAME_BYTES), "n".repeat(MAX_NAME_BYTES + 1));
    assert!(pairs(&[(&longest, "1"), (&format!("a[{longest}]"), "2")]).is_ok());
    assert_eq!(pairs(&[(&longer, "1")]), Err(ParamError::Name));
    assert_eq!(pairs(&[(&format!("a[{longer}]"), "1")]), Err(ParamError::Name));
}

#[test]
fn lists_nest_three_deep_at_most() {
    assert!(pairs(&[("a[b][c][d]", "1")]).is_ok());
    assert!(read(&json!({"a": {"b": {"c": {"d": 1}}}})).is_ok());
    assert_eq!(pairs(&[("a[b][c][d][e]", "1")]), Err(ParamError::TooDeep));
    assert_eq!(read(&json!({"a": {"b": {"c": {"d": {"e": 1}}}}})), Err(ParamError::TooDeep));
    assert_eq!(read(&json!({"a[b][c]": [[1]]})), Err(ParamError::TooDeep));
    assert_eq!(pairs(&[(&format!("a{}", "[x]".repeat(100_000)), "1")]), Err(ParamError::TooDeep));
}

#[test]
fn five_hundred_parameters_are_relayed_and_one_more_is_not() {
    let many = |count: usize| (0..count).map(|n| (format!("p{n}"), "1"));
    assert!(Params::from_pairs(many(MAX_PARAMS)).is_ok());
    assert_eq!(Params::from_pairs(many(MAX_PARAMS + 1)), Err(ParamError::TooMany));
    assert_eq!(read(&json!({"a": vec![1; MAX_PARAMS + 1]})), Err(ParamError::TooMany));
    let repeated = std::iter::repeat_n(("id", "1"), MAX_PARAMS + 1);
    assert_eq!(Params::from_pairs(repeated), Err(ParamError::TooMany));
}

#[test]
fn lists_are_numbered_as_php_does_it() {
    let list = pairs(&[("ids[]", "7"), ("ids[]", "8"), ("ids[5]", "9"), ("ids[]", "10"), ("ids[x]", "11")]);
    let numbered = [("ids[0]", "7"), ("ids[1]", "8"), ("ids[5]", "9"), ("ids[6]", "10"), ("ids[x]", "11")];
    assert_eq!(list, Ok(expected(&numbered)));
    let rows = pairs(&[("a[][x]", "1"), ("a[][x]", "2"), ("a[1][]", "3"), ("a[1][]", "4")]);
    assert_eq!(rows, Ok(expected(&[("a[0][x]", "1"), ("a[1][x]", "2"), ("a[1][0]", "3"), ("a[1][1]", "4")])));
    assert_eq!(pairs(&[("a[07]", "1"), ("a[]", "2")]), Ok(expected(&[("a[07]", "1"), ("a[0]", "2")])));
    assert_eq!(pairs(&[("a[-5]", "1"), ("a[]", "2")]), Ok(expected(&[("a[-5]", "1"), ("a[-4]", "2")])));
    let full = i64::MAX.to_string();
    assert_eq!(pairs(&[(&format!("a[{full}]"), "1"), ("a[]", "2")]), Err(ParamError::Name));
}

#[test]
fn of_a_repeated_name_the_last_value_counts_at_the_first_ones_place() {
    let given = pairs(&[("id", "1"), ("x", "2"), ("id", "3"), ("a[0]", "4"), ("a[0]", "5"), ("a[]", "6")]);
    assert_eq!(given, Ok(expected(&[("id", "3"), ("x", "2"), ("a[0]", "5"), ("a[1]", "6")])));
    let params = Params::from_pairs([("id", "1"), ("id", "3")]).unwrap();
    assert_eq!(params.get("id"), Some("3"));
    assert_eq!(params.get("x"), None);
}

#[test]
fn a_name_is_either_a_value_or_a_list() {
    for (first, second) in [("a", "a[]"), ("a[]", "a"), ("a[b]", "a[b][c]"), ("a[b][c]", "a")] {
        assert_eq!(pairs(&[(first, "1"), (second, "2")]), Err(ParamError::Conflict), "{first} and {second}");
    }
    assert!(pairs(&[("a", "1"), ("ab[]", "2"), ("a_[x]", "3")]).is_ok());
}

#[test]
fn values_become_texts_as_php_writes_them() {
    let data = json!({"a": "1", "b": 2, "c": -3, "d": 1.5, "e": true, "f": false, "g": null, "h": [1, [2]]});
    let flat = [("a", "1"), ("b", "2"), ("c", "-3"), ("d", "1.5"), ("e", "1"), ("f", ""), ("h[0]", "1")];
    let mut flat = expected(&flat);
    flat.push(("h[1][0]".to_owned(), "2".to_owned()));
    assert_eq!(read(&data), Ok(flat));
}

#[test]
fn data_is_an_object_or_php_s_empty_list() {
    for empty in [json!({}), json!([]), json!(null)] {
        assert_eq!(read(&empty), Ok(Vec::new()));
    }
    for other in [json!(["a"]), json!([{}]), json!("a=b"), json!(1), json!(true)] {
        assert_eq!(read(&other), Err(ParamError::Shape), "{other}");
    }
}

#[test]
fn a_value_may_hold_anything() {
    let odd = "a&b=c\0\r\n%00é[]\u{1f600}";
    assert_eq!(pairs(&[("x", odd)]), Ok(expected(&[("x", odd)])));
}
