//! Who gets a place while bodies are slow.

use crate::support::{ANN_READ, ANN_WRITE, Answer, PASSWORD, World, get, request};
use axum::{body::Body, http::Request};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use remoteaccess_bridge::peer::Peer;
use std::convert::Infallible;
use tokio::{task::JoinHandle, time::Instant};

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A request whose body begins and never ends.
fn slow(uri: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"a=1"))]);
    request("POST", uri, headers, "").map(|_| Body::from_stream(begun.chain(stream::pending())))
}

async fn slow_ones(
    world: &World,
    count: usize,
    uri: &str,
    headers: &[(&str, &str)],
) -> Vec<JoinHandle<Answer>> {
    let started = (0..count).map(|_| world.start(slow(uri, headers))).collect();
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
    started
}

#[tokio::test(start_paused = true)]
async fn slow_strangers_take_no_place_from_those_who_are_known() {
    let world = World::with("requests = 1").await;
    for (uri, header) in
        [("/feed/set.json", JSON), ("/feed/set.json", FORM), ("/-/session", JSON), ("/user/auth.json", FORM)]
    {
        let slow = slow_ones(&world, 70, uri, &[header]).await;
        let known = world.start(get("/feed/list.json"));
        let id = world.request("ann").await.v2.unwrap().id;
        world.piece("ann", &id, 0, true, crate::support::start(JSON.1), b"[]");
        assert_eq!(known.await.unwrap().status, 200, "{uri} {header:?}");
        slow.iter().for_each(JoinHandle::abort);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_strangers_are_not_read_without_end() {
    let world = World::new().await;
    let (slow, start) = (slow_ones(&world, 65, "/feed/set.json", &[FORM]).await, Instant::now());
    let mut answers = Vec::new();
    for answer in slow {
        answers.push(answer.await.unwrap().error());
    }
    assert_eq!(answers.iter().filter(|error| **error == (503, "busy".into())).count(), 1);
    assert_eq!(answers.iter().filter(|error| **error == (400, "bad_request".into())).count(), 64);
    assert!(start.elapsed().as_secs() <= 10);
    let form = format!("a=1&apikey={ANN_WRITE}");
    let known = world.start(request("POST", "/feed/set.json", &[FORM], &form));
    world.request("ann").await;
    known.abort();
}

#[tokio::test(start_paused = true)]
async fn slow_strangers_at_one_address_leave_room_for_those_elsewhere() {
    let world = World::new().await;
    let from = |address: &str, mut request: Request<Body>| {
        request.extensions_mut().insert(Peer::new(address.parse().unwrap()));
        world.start(request)
    };
    let slow: Vec<_> = (0..64).map(|_| from("192.0.2.1", slow("/feed/set.json", &[FORM]))).collect();
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
    let form = format!("a=1&apikey={ANN_WRITE}");
    let form = || request("POST", "/feed/set.json", &[FORM], &form);
    assert_eq!(from("192.0.2.1", form()).await.unwrap().error(), (503, "busy".into()));
    let elsewhere = from("192.0.2.2", form());
    world.request("ann").await;
    elsewhere.abort();
    slow.iter().for_each(JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_slow_bodies_take_their_own_places() {
    let world = World::with("requests_per_home = 2").await;
    let bearer = format!("Bearer {ANN_WRITE}");
    let slow = slow_ones(&world, 2, "/feed/set.json", &[FORM, ("authorization", &bearer)]).await;
    assert_eq!(world.send(get("/feed/list.json")).await.error(), (429, "busy".into()));
    slow.iter().for_each(JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn without_a_key_anywhere_the_body_is_not_looked_at() {
    let world = World::new().await;
    let wrong = format!("/feed/set.json?apikey={}", "0".repeat(32));
    for (uri, header, body) in [
        ("/feed/set.json", JSON, "{".to_owned()),
        ("/feed/set.json", ("content-type", "text/plain"), "x".repeat(1 << 20)),
        ("/feed/set.json", FORM, "a=1".to_owned()),
        (&wrong, FORM, format!("apikey={ANN_WRITE}")),
        (&wrong, FORM, "x".repeat(5 << 20)),
    ] {
        let answer = world.send(request("POST", uri, &[header], &body)).await;
        assert_eq!(answer.error(), (401, "unauthorized".into()), "{uri} {header:?}");
    }
    assert!(world.nothing_published());
}

#[tokio::test]
async fn a_key_in_the_form_wins_over_the_session_and_the_header() {
    let world = World::new().await;
    let login = serde_json::json!({"username": "ann", "password": PASSWORD}).to_string();
    let signed_in = world.send(request("POST", "/-/session", &[JSON], &login)).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap();
    let (read, write) = (format!("Bearer {ANN_READ}"), format!("Bearer {ANN_WRITE}"));
    let wrong = "0".repeat(32);
    for (header, key, rights) in [
        (("cookie", cookie), ANN_READ, Some("Read")),
        (("cookie", cookie), "", Some("Write")),
        (("cookie", cookie), &wrong, None),
        (("cookie", "session=over"), ANN_READ, Some("Read")),
        (("authorization", &read), ANN_WRITE, Some("Write")),
        (("authorization", &write), &wrong, None),
    ] {
        let body = format!("a=1&apikey={key}");
        let answer = world.start(request("POST", "/feed/set.json", &[FORM, header], &body));
        match rights {
            Some(rights) => {
                let v2 = world.request("ann").await.v2.unwrap();
                assert_eq!(format!("{:?}", v2.rights), rights, "{header:?}");
                answer.abort();
            }
            None => assert_eq!(answer.await.unwrap().error(), (401, "unauthorized".into())),
        }
    }
}
