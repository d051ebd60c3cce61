//! Asks PHP itself what it sees: run with `cargo test -p remoteaccess-protocol --test php -- --ignored`.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use remoteaccess_protocol::Params;
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads one query a line and prints what PHP makes of it, flat, a JSON list of pairs a line.
const SCRIPT: &str = r#"
    function flat($value, $name, &$pairs) {
        if (!is_array($value)) { $pairs[] = [$name, $value]; return; }
        foreach ($value as $key => $inner) flat($inner, $name === null ? "$key" : "{$name}[$key]", $pairs);
    }
    while (($query = fgets(STDIN)) !== false) {
        parse_str(rtrim($query, "\n"), $seen);
        $pairs = [];
        flat($seen, null, $pairs);
        echo json_encode($pairs, JSON_THROW_ON_ERROR), "\n";
    }
"#;

fn php(queries: &[String]) -> Vec<Vec<(String, String)>> {
    let mut php = Command::new("php")
        .args(["-d", "max_input_vars=10000", "-r", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("PHP is installed");
    let input = queries.join("\n") + "\n";
    let mut stdin = php.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = php.wait_with_output().expect("PHP ends");
    writer.join().expect("no panic").expect("PHP reads all");
    let lines = std::str::from_utf8(&output.stdout).expect("text").lines();
    lines.map(|line| serde_json::from_str(line).expect("pairs")).collect()
}

fn query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// PHP keeps the keys of one list together, wherever they stood.
fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

#[test]
#[ignore = "needs PHP's command line"]
fn php_sees_in_accepted_parameters_what_was_checked() {
    let name = "[ab]{1,2}(\\[[a05]{0,2}\\]){0,4}|[ aq.\\[\\]\0_-]{0,5}|[qQ](\\[\\])?|apikey";
    let value = "[a\0&=%+ é]{0,3}";
    let cases = prop::collection::vec((name, value), 1..7);
    let mut runner = TestRunner::deterministic();
    let mut accepted = Vec::new();
    while accepted.len() < 2_000 {
        let given = cases.new_tree(&mut runner).expect("a case").current();
        if let Ok(params) = Params::from_pairs(given.clone()) {
            accepted.push((given, params));
        }
    }
    let as_given: Vec<_> = accepted
        .iter()
        .map(|(given, _)| query(given.iter().map(|(n, v)| (n.as_str(), v.as_str()))))
        .collect();
    let as_sent: Vec<_> = accepted.iter().map(|(_, params)| query(params.iter())).collect();
    let (given_to_php, sent_to_php) = (php(&as_given), php(&as_sent));
    assert_eq!((given_to_php.len(), sent_to_php.len()), (accepted.len(), accepted.len()));
    for (((given, params), of_given), of_sent) in accepted.into_iter().zip(given_to_php).zip(sent_to_php) {
        let ours = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let ours = sorted(ours);
        assert_eq!(sorted(of_sent), ours, "sent on, {given:?}");
        assert_eq!(sorted(of_given), ours, "sent directly, {given:?}");
    }
}
