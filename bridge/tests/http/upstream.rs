//! Accounts of an upstream emoncms, which the test plays as emoncms' own `user/auth.json` does.

use crate::support::{Answer, PASSWORD, World, request};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use remoteaccess_bridge::peer::Peer;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, task::JoinHandle};

const CAROL: i64 = 42;
const SECRET: &str = "in the meadow";

/// What can be the matter with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Limited,
    Unverified,
    Broken,
    Hung,
    Page,
    NoAnswer,
    NoNumber,
    Endless,
    Elsewhere,
}

#[derive(Debug)]
struct Emoncms {
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    /// By name in lower case: MySQL compares so.
    users: Mutex<HashMap<String, (i64, String)>>,
}

impl Emoncms {
    /// It, and a bridge that knows of it.
    async fn start() -> (Arc<Self>, World, JoinHandle<()>) {
        // Fails where another test of this process was first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let emoncms = Arc::new(Self {
            mood: Mutex::new(Mood::Well),
            asked: AtomicUsize::new(0),
            users: Mutex::default(),
        });
        emoncms.knows("carol", CAROL, SECRET);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/emoncms", listener.local_addr().unwrap());
        let routes = Router::new().route("/emoncms/user/auth.json", post(answer));
        let routes = routes.with_state(Arc::clone(&emoncms));
        let serving = tokio::spawn(async move { axum_serve(listener, routes).await });
        let world = World::configured(&format!("[upstream]\nurl = \"{url}/\"")).await;
        (emoncms, world, serving)
    }

    fn knows(&self, name: &str, id: i64, password: &str) {
        self.users.lock().unwrap().insert(name.to_owned(), (id, password.to_owned()));
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn login(&self, name: &str, password: &str) -> Value {
        if name.is_empty() || password.is_empty() {
            return json!({"success": false, "message": "Username or password empty"});
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return json!({"success": false, "message": "Username must only contain a-z and 0-9 characters"});
        }
        match self.users.lock().unwrap().get(&name.to_lowercase()) {
            Some((id, known)) if known == password => {
                json!({"success": true, "userid": id, "apikey_write": "w", "apikey_read": "r"})
            }
            _ => json!({"success": false, "message": "Incorrect authentication"}),
        }
    }
}

async fn answer(State(emoncms): State<Arc<Emoncms>>, body: Bytes) -> Response {
    emoncms.asked.fetch_add(1, Ordering::Relaxed);
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let no = |message: &str| json!({"success": false, "message": message}).to_string().into_response();
    let mood = *emoncms.mood.lock().unwrap();
    match mood {
        Mood::Well => emoncms.login(&form["username"], &form["password"]).to_string().into_response(),
        Mood::Limited => no("Too many attempts, please try again later"),
        Mood::Unverified => no("Please verify email address"),
        Mood::Broken => (StatusCode::INTERNAL_SERVER_ERROR, r#"{"success":true,"userid":1}"#).into_response(),
        Mood::Hung => std::future::pending().await,
        Mood::Page => "<html>welcome</html>".into_response(),
        Mood::NoAnswer => "false".into_response(),
        Mood::NoNumber => r#"{"success":true,"userid":0}"#.into_response(),
        Mood::Endless => {
            let piece = Ok::<_, Infallible>(Bytes::from("[[[[[[[["));
            let without_end = futures_util::stream::repeat(piece);
            Body::from_stream(without_end).into_response()
        }
        Mood::Elsewhere => {
            let there = [(header::LOCATION, "/emoncms/user/auth.json")];
            (StatusCode::TEMPORARY_REDIRECT, there, r#"{"success":true,"userid":1}"#).into_response()
        }
    }
}

async fn axum_serve(listener: TcpListener, routes: Router) {
    let service = hyper_util::service::TowerToHyperService::new(routes);
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let service = service.clone();
        tokio::spawn(async move {
            let socket = hyper_util::rt::TokioIo::new(socket);
            hyper::server::conn::http1::Builder::new().serve_connection(socket, service).await.ok();
        });
    }
}

async fn from(peer: &str, world: &World, name: &str, password: &str) -> Answer {
    let login = json!({"username": name, "password": password}).to_string();
    let mut request = request("POST", "/-/session", &[("content-type", "application/json")], &login);
    request.extensions_mut().insert(Peer::new(peer.parse().unwrap()));
    world.send(request).await
}

async fn sign_in(world: &World, name: &str, password: &str) -> Answer {
    from("127.0.0.1", world, name, password).await
}

async fn get(world: &World, signed_in: &Answer, uri: &str) -> Answer {
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    world.send(request("GET", uri, &[("cookie", &cookie)], "")).await
}

fn wrong() -> (u16, String) {
    (401, "unauthorized".to_owned())
}

fn assert_told(answer: &Answer, words: &str) {
    assert_eq!(answer.error(), (503, "upstream".into()), "{words}");
    assert!(answer.text().contains(words), "{}", answer.text());
}

async fn kinds(world: &World, signed_in: &Answer) -> Vec<String> {
    let events = get(world, signed_in, "/-/account/events").await.json();
    events.as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_sign_in_makes_the_account_and_everyday_ones_ask_nobody() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    let first = sign_in(&world, "Carol", SECRET).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let who = first.json();
    assert_eq!(
        (&who["username"], &who["userid"], &who["origin"]),
        (&"Carol".into(), &CAROL.into(), &"emoncms".into())
    );
    assert_eq!(get(&world, &first, "/-/home").await.json()["state"], "never");
    assert_eq!(emoncms.asked(), 1);
    for name in ["carol", "CAROL", "Carol"] {
        assert_eq!(sign_in(&world, name, SECRET).await.json()["username"], "Carol");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let auth = request("POST", "/user/auth.json", &form, "username=carol&password=in+the+meadow");
    let auth = world.send(auth).await.json();
    assert_eq!((&auth["success"], &auth["userid"]), (&true.into(), &CAROL.into()));
    assert_eq!(emoncms.asked(), 1);
    assert!(kinds(&world, &first).await.contains(&"account-made".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_there_is_wrong_here_and_not_asked_again() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    for _ in 0..3 {
        assert_eq!(sign_in(&world, "carol", "guess").await.error(), wrong());
    }
    assert_eq!(emoncms.asked(), 1);
    for (name, password) in [("no name", "x"), ("carol.home", SECRET), ("bridge", "x"), ("carol", "")] {
        assert_eq!(sign_in(&world, name, password).await.error(), wrong(), "{name}");
    }
    assert_eq!(emoncms.asked(), 1, "what cannot be an account there");
    assert_eq!(sign_in(&world, "carol", SECRET).await.status, 200);
}

#[tokio::test]
async fn a_password_changed_there_counts_here_and_ends_what_the_old_one_began() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    let old = sign_in(&world, "carol", SECRET).await;
    emoncms.knows("carol", CAROL, "in the woods");
    let new = sign_in(&world, "carol", "in the woods").await;
    assert_eq!((new.status.as_u16(), new.json()["userid"].as_i64()), (200, Some(CAROL)));
    assert_eq!(get(&world, &old, "/-/session").await.error(), wrong());
    assert!(kinds(&world, &new).await.contains(&"password-changed".to_owned()));
    assert_eq!(sign_in(&world, "carol", SECRET).await.error(), wrong());
    assert_eq!(emoncms.asked(), 3);
}

#[tokio::test]
async fn trouble_there_is_told_and_locks_out_nobody_who_is_known() {
    const LIMITED: &str = "emoncms cannot be asked about it so often";
    const SILENT: &str = "does not answer; try again later";
    for (mood, words) in [
        (Mood::Limited, LIMITED),
        (Mood::Unverified, "email address is verified"),
        (Mood::Broken, SILENT),
        (Mood::Page, SILENT),
        (Mood::NoAnswer, SILENT),
        (Mood::NoNumber, SILENT),
        (Mood::Endless, SILENT),
        (Mood::Elsewhere, SILENT),
    ] {
        let (emoncms, world, _serving) = Emoncms::start().await;
        let carol = sign_in(&world, "carol", SECRET).await;
        assert_eq!(carol.status, 200);
        emoncms.is(mood);
        assert_told(&sign_in(&world, "dave", "x").await, words);
        assert_told(&sign_in(&world, "carol", "another").await, words);
        assert_eq!(sign_in(&world, "carol", SECRET).await.status, 200, "{mood:?}");
        assert_eq!(emoncms.asked(), 3, "{mood:?}: once each, whatever it says");
        assert!(kinds(&world, &carol).await.contains(&"sign-in-refused".to_owned()));
        // Not taken for wrong: it is asked again.
        emoncms.is(Mood::Well);
        emoncms.knows("carol", CAROL, "another");
        assert_eq!(sign_in(&world, "carol", "another").await.status, 200, "{mood:?}");
    }
}

#[tokio::test]
async fn while_it_is_down_nothing_is_spent() {
    let (emoncms, world, serving) = Emoncms::start().await;
    assert_eq!(sign_in(&world, "carol", SECRET).await.status, 200);
    serving.abort();
    serving.await.unwrap_err();
    for _ in 0..8 {
        assert_told(&sign_in(&world, "carol", "another").await, "does not answer; try again later");
    }
    assert_eq!(sign_in(&world, "carol", SECRET).await.status, 200);
    assert_eq!(emoncms.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_it_hangs_the_wait_ends() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    emoncms.is(Mood::Hung);
    let start = tokio::time::Instant::now();
    assert_told(&sign_in(&world, "carol", SECRET).await, "does not answer; try again later");
    assert!(start.elapsed() < std::time::Duration::from_secs(15), "{:?}", start.elapsed());
}

#[tokio::test]
async fn strangers_do_not_spend_what_it_allows() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    assert_eq!(sign_in(&world, "carol", SECRET).await.status, 200);
    for n in 0..5 {
        let answer = from("192.0.2.1", &world, &format!("eve{n}"), "x").await;
        assert_eq!(answer.error().0, if n < 3 { 401 } else { 503 }, "three from one address");
    }
    for n in 0..5 {
        from(&format!("192.0.2.{}", 10 + n), &world, &format!("mallory{n}"), "x").await;
    }
    assert_eq!(emoncms.asked(), 6, "of names that have no account");
    assert_told(&from("192.0.2.30", &world, "mallory9", "x").await, "so often; try again in 15 minutes");
    emoncms.knows("carol", CAROL, "in the woods");
    assert_eq!(from("192.0.2.40", &world, "carol", "in the woods").await.status, 200);
    for n in 0..5 {
        from(&format!("192.0.2.{}", 50 + n), &world, "carol", &format!("guess {n}")).await;
    }
    assert_eq!(emoncms.asked(), 8, "three about one name, the first sign-in being one");
    assert_eq!(from("192.0.2.60", &world, "carol", "in the woods").await.status, 200, "known here now");
}

#[tokio::test]
async fn local_accounts_and_disabled_ones_are_not_asked_about() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    emoncms.knows("ann", 99, "her namesake's");
    assert_eq!(sign_in(&world, "ann", "her namesake's").await.error(), wrong());
    assert_eq!(sign_in(&world, "ann", PASSWORD).await.json()["userid"], 7);
    assert_eq!(emoncms.asked(), 0);

    assert_eq!(sign_in(&world, "carol", SECRET).await.status, 200);
    let carol = world.app.store.account_named("carol").await.unwrap().unwrap();
    world.app.store.set_disabled(carol.id, true).await.unwrap();
    for password in [SECRET, "another"] {
        assert_eq!(sign_in(&world, "carol", password).await.error(), wrong());
    }
    assert_eq!(emoncms.asked(), 1);
    emoncms.knows("caroline", CAROL, SECRET);
    assert_eq!(sign_in(&world, "caroline", SECRET).await.error(), wrong(), "not by a new name either");
    emoncms.knows("ann", CAROL, SECRET);
    assert_eq!(sign_in(&world, "ann", SECRET).await.error(), wrong());
}

#[tokio::test]
async fn an_account_is_its_number_there_and_not_its_name() {
    let (emoncms, world, _serving) = Emoncms::start().await;
    let carol = sign_in(&world, "carol", SECRET).await;
    assert_eq!(carol.status, 200);
    // She took another name, and somebody else hers.
    emoncms.knows("caroline", CAROL, SECRET);
    emoncms.knows("carol", 43, "somebody else's");
    assert_eq!(sign_in(&world, "carol", "somebody else's").await.error(), wrong());
    let renamed = sign_in(&world, "caroline", SECRET).await.json();
    assert_eq!((&renamed["username"], &renamed["userid"]), (&"carol".into(), &CAROL.into()));
    let again = sign_in(&world, "carol", SECRET).await;
    assert_eq!(again.json()["userid"], CAROL);
    let events = get(&world, &again, "/-/account/events").await;
    assert!(events.text().contains("another account of emoncms has this name"), "{}", events.text());
}

#[tokio::test]
async fn two_first_sign_ins_at_once_are_one_account() {
    let (_emoncms, world, _serving) = Emoncms::start().await;
    let (one, other) = tokio::join!(sign_in(&world, "carol", SECRET), sign_in(&world, "CAROL", SECRET));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200));
    assert_eq!(one.json(), other.json());
}
