//! What holds for every message, whoever made it.

mod strategies;

use proptest::prelude::*;
use remoteaccess_protocol::first_generation::{Answer, encode_answer, encode_refusal};
use remoteaccess_protocol::frame::is_etag;
use remoteaccess_protocol::request::{is_id, parse};
use remoteaccess_protocol::topic::ToBridge;
use remoteaccess_protocol::{Body, Endpoint, Frame, Incoming, Params, Presence, Request, limits};
use strategies::{bytes, frame_parts, json, presence, request, site_and_client};

fn is_name(text: &str) -> bool {
    (1..=limits::MAX_NAME_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `a[b][0]`, without anything that PHP reads more into.
fn is_plain(name: &str) -> bool {
    let Some((base, rest)) = name.split_once('[') else { return is_name(name) };
    let keys: Option<Vec<&str>> = rest.strip_suffix(']').map(|keys| keys.split("][").collect());
    is_name(base)
        && keys.is_some_and(|keys| keys.len() <= limits::MAX_PARAM_DEPTH && keys.into_iter().all(is_name))
}

fn check_params(params: &Params) {
    let names: Vec<&str> = params.iter().map(|(name, _)| name).collect();
    assert!(names.len() <= limits::MAX_PARAMS);
    for name in &names {
        assert!(is_plain(name), "{name:?}");
        let base = name.split('[').next().unwrap_or_default().to_ascii_lowercase();
        assert!(
            !["q", "apikey", "devicekey", "readkey", "embed", "_method"].contains(&base.as_str()),
            "{name}"
        );
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name} stands there twice");
    }
}

fn check_endpoint(endpoint: &Endpoint) {
    assert!(is_name(&endpoint.controller) && is_name(&endpoint.action), "{endpoint}");
    assert!(endpoint.subaction.as_deref().is_none_or(is_name), "{endpoint}");
}

fn check_request(request: &Request) {
    check_endpoint(&request.endpoint);
    check_params(&request.data);
    if let Some(v2) = &request.v2 {
        assert!(is_id(&v2.id));
        assert!(v2.etag.as_deref().is_none_or(is_etag));
        if let Some(Body::Form(form)) = &v2.body {
            check_params(form);
        }
    }
    let again = request.encode();
    if again.len() <= limits::MAX_REQUEST_BYTES {
        assert_eq!(parse(&again), Ok(Incoming::Request(Box::new(request.clone()))));
    }
}

fn check_any(message: &[u8]) {
    match parse(message) {
        Ok(Incoming::Request(request)) => {
            assert!(message.len() <= limits::MAX_REQUEST_BYTES);
            check_request(&request);
            assert!(
                encode_refusal(message, "no").is_some(),
                "a request can always be refused in its own form"
            );
        }
        Ok(Incoming::Credit { id, .. } | Incoming::Cancel { id, .. }) => assert!(is_id(&id)),
        Ok(Incoming::Ignored) => assert!(message.starts_with(b"DISCONNECTED")),
        Err(refused) if refused.reply.is_some() => assert!(encode_refusal(message, "no").is_some()),
        Err(_) => {}
    }
    if let Ok(frame) = Frame::parse(message) {
        if let Frame::Piece { id, seq, last, start, body } = &frame {
            assert!(is_id(id) && body.len() <= limits::MAX_FRAME_BODY_BYTES);
            assert!(*last || body.len() >= limits::MIN_FRAME_BODY_BYTES);
            assert_eq!(start.is_some(), *seq == 0);
        }
        assert!(Frame::parse(&frame.encode()).is_ok());
    }
    if let Some(answer) = Answer::parse(message) {
        assert!(is_id(&answer.id));
    }
    if let Some(presence) = Presence::parse(message) {
        assert!(message.len() <= limits::MAX_PRESENCE_BYTES && presence.v >= 2);
    }
    if let Ok(text) = std::str::from_utf8(message) {
        if let Some(ToBridge::Status(site) | ToBridge::Response(site)) = ToBridge::parse(text) {
            assert!(text.starts_with(&format!("user/{site}/")));
        }
        if let Some(endpoint) = Endpoint::parse(text) {
            check_endpoint(&endpoint);
            assert_eq!(endpoint.to_string(), text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_parser_panics_and_what_it_reads_keeps_the_rules(message in bytes()) {
        check_any(&message);
    }

    #[test]
    fn parameters_from_any_json_keep_the_rules(data in json()) {
        if let Ok(params) = Params::from_json(&data) {
            check_params(&params);
        }
    }

    #[test]
    fn parameters_from_any_pairs_keep_the_rules(
        pairs in prop::collection::vec(("[ab0q\\[\\]. _\0-]{0,9}|\\PC{0,9}", ".{0,3}"), 0..12)
    ) {
        if let Ok(params) = Params::from_pairs(pairs) {
            check_params(&params);
        }
    }

    #[test]
    fn a_request_survives_the_wire(request in request()) {
        let message = request.encode();
        prop_assert_eq!(parse(&message), Ok(Incoming::Request(Box::new(request))));
    }

    #[test]
    fn a_frame_survives_the_wire((frame, body) in frame_parts()) {
        let frame = frame.with(&body);
        let message = frame.encode();
        prop_assert!(message.len() <= limits::MAX_HEAD_BYTES + limits::MAX_FRAME_BODY_BYTES);
        prop_assert_eq!(Frame::parse(&message), Ok(frame));
    }

    #[test]
    fn a_first_generation_answer_survives_the_wire(request in request(), result in json()) {
        let (message, result) = (request.encode(), result.to_string());
        let answer = encode_answer(&message, result.as_bytes()).expect("both are JSON");
        let id = request.v2.map(|v2| v2.id);
        prop_assert_eq!(Answer::parse(&answer), id.map(|id| Answer { id, result: &result }));
    }

    #[test]
    fn presence_survives_the_wire(presence in presence()) {
        prop_assert_eq!(Presence::parse(&presence.encode()), Some(presence));
    }

    #[test]
    fn topics_survive_the_wire((site, client) in site_and_client()) {
        prop_assert_eq!(ToBridge::parse(&site.response_topic(&client)), Some(ToBridge::Response(site.clone())));
        prop_assert_eq!(ToBridge::parse(&site.status_topic()), Some(ToBridge::Status(site)));
    }
}
