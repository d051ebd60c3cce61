//! What homes refuse, and what is refused of theirs.

use crate::support::{World, get, start};
use remoteaccess_protocol::{ErrorCode, Refusal, Start, limits::MAX_FRAME_BODY_BYTES};

const JSON: &str = "application/json";

#[tokio::test]
async fn refusals_from_home_pass_and_keep_their_status() {
    let world = World::new().await;
    for (code, status) in [(ErrorCode::Denied, 403), (ErrorCode::EmoncmsTimeout, 504), (ErrorCode::Busy, 503)]
    {
        let answer = world.start(get("/feed/list.json"));
        let id = world.request("ann").await.v2.unwrap().id;
        world.refuse("ann", &id, Refusal::new(code, "no <b>way</b>"));
        let answer = answer.await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["message"]), (status, &"no <b>way</b>".into()));
        assert_eq!(answer.header("retry-after"), if code == ErrorCode::Busy { "1" } else { "" });
    }
}

#[tokio::test]
async fn what_only_the_bridge_knows_is_not_taken_from_a_home() {
    let world = World::new().await;
    for code in
        [ErrorCode::Unauthorized, ErrorCode::BrokerOffline, ErrorCode::NotRelayed, ErrorCode::HomeOffline]
    {
        let answer = world.start(get("/feed/list.json"));
        let id = world.request("ann").await.v2.unwrap().id;
        world.refuse("ann", &id, Refusal::new(code, "no"));
        assert_eq!(answer.await.unwrap().error(), (502, "bad_answer".into()), "{code:?}");
    }
}

#[tokio::test]
async fn a_homes_sentence_cannot_play_tricks_on_its_reader() {
    let world = World::new().await;
    let answer = world.start(get("/feed/list.json"));
    let id = world.request("ann").await.v2.unwrap().id;
    let sly = "żółć 😀\u{1b}[2J\r\n\u{202e}gnp.\u{2066}x\u{200f}\u{85}";
    world.refuse("ann", &id, Refusal::new(ErrorCode::Denied, sly));
    let expected = "żółć 😀\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}gnp.\u{fffd}x\u{fffd}\u{fffd}";
    assert_eq!(answer.await.unwrap().json()["message"], expected);
}

#[tokio::test]
async fn only_statuses_that_are_answers_pass() {
    let world = World::new().await;
    for (status, passed) in [
        (200, "[]"),
        (204, ""),
        (205, ""),
        (404, "[]"),
        (500, "[]"),
        (100, "refused"),
        (101, "refused"),
        (301, "refused"),
        (304, "refused"),
        (600, "refused"),
        (999, "refused"),
    ] {
        let answer = world.start(get("/feed/list.json"));
        let id = world.request("ann").await.v2.unwrap().id;
        let start = start(JSON).map(|start| Start { status, ..start });
        world.piece("ann", &id, 0, true, start, b"[]");
        let answer = answer.await.unwrap();
        match passed {
            "refused" => assert_eq!(answer.error(), (502, "bad_answer".into()), "{status}"),
            body => assert_eq!((answer.status.as_u16(), answer.text()), (status, body)),
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_known_to_be_broken_does_not_begin() {
    let world = World::new().await;
    let piece = vec![b'x'; MAX_FRAME_BODY_BYTES];
    for (end, code) in
        [("gap", (502, "bad_answer")), ("refusal", (502, "too_large")), ("offline", (503, "home_offline"))]
    {
        for pieces in 1..3 {
            world.presence("ann", "online");
            let answer = world.start(get("/feed/csvexport"));
            let id = world.request("ann").await.v2.unwrap().id;
            for seq in 0..pieces {
                world.piece("ann", &id, seq, false, start("text/csv").filter(|_| seq == 0), &piece);
            }
            match end {
                "gap" => world.piece("ann", &id, 7, true, None, b"end"),
                "refusal" => world.refuse("ann", &id, Refusal::new(ErrorCode::TooLarge, "")),
                _ => world.presence("ann", "offline"),
            }
            assert_eq!(answer.await.unwrap().error(), (code.0, code.1.to_owned()), "{end} after {pieces}");
        }
    }
}
