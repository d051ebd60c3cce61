//! Guessing passwords.

use crate::support::{Answer, PASSWORD, World, request};
use remoteaccess_bridge::peer::Peer;
use serde_json::json;

async fn sign_in(world: &World, peer: &str, cookie: &str, name: &str, password: &str) -> Answer {
    let login = json!({"username": name, "password": password}).to_string();
    let headers = [("content-type", "application/json"), ("cookie", cookie)];
    let mut request = request("POST", "/-/session", &headers, &login);
    request.extensions_mut().insert(Peer::new(peer.parse().unwrap()));
    world.send(request).await
}

#[tokio::test]
async fn guessing_ends_for_a_name_that_exists_as_for_one_that_does_not() {
    let world = World::new().await;
    let cookie = sign_in(&world, "::1", "", "ann", PASSWORD).await;
    let cookie = cookie.header("set-cookie").split(';').next().unwrap().to_owned();
    for name in ["ann", "eve"] {
        for n in 0..10 {
            let peer = format!("192.0.2.{n}");
            let answer = sign_in(&world, &peer, "", name, "wrong").await;
            assert_eq!(answer.error(), (401, "unauthorized".into()));
        }
        let answer = sign_in(&world, "192.0.2.99", "", name, PASSWORD).await;
        assert_eq!(answer.error(), (429, "busy".into()), "{name}");
        assert_eq!(answer.json()["message"], "too many attempts to sign in; wait 15 minutes and try again");
        assert!((890..=900).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
        let body = format!("username={name}&password=x");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let answer = world.send(request("POST", "/user/auth.json", &form, &body)).await;
        let expected = json!({"success": false, "message": "Too many attempts, please try again later"});
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    }
    let bobs = sign_in(&world, "::1", "", "bob", PASSWORD).await;
    let bobs = bobs.header("set-cookie").split(';').next().unwrap();
    assert_eq!(sign_in(&world, "192.0.2.99", bobs, "ann", PASSWORD).await.status, 429);
    let known = sign_in(&world, "192.0.2.99", &cookie, "ann", PASSWORD).await;
    assert_eq!(known.status, 200, "strangers do not lock a known browser out");
}

#[tokio::test]
async fn guessing_ends_for_an_address_and_not_for_this_machine() {
    let world = World::new().await;
    for n in 0..20 {
        for peer in ["192.0.2.1", "127.0.0.1"] {
            let name = format!("eve{n}");
            assert_eq!(sign_in(&world, peer, "", &name, "wrong").await.status, 401);
        }
    }
    assert_eq!(sign_in(&world, "192.0.2.1", "", "ann", PASSWORD).await.status, 429);
    for peer in ["192.0.2.2", "127.0.0.1"] {
        assert_eq!(sign_in(&world, peer, "", "ann", PASSWORD).await.status, 200);
    }
}

/// Ten strangers guess Ann's password, each once.
async fn strangers_guess(world: &World) {
    for n in 0..10 {
        assert_eq!(sign_in(world, &format!("192.0.2.{n}"), "", "ann", "wrong").await.status, 401);
    }
    assert_eq!(sign_in(world, "192.0.2.99", "", "ann", PASSWORD).await.status, 429);
}

async fn ask(world: &World, method: &str, uri: &str, cookie: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("cookie", cookie)];
    world.send(request(method, uri, &headers, body)).await
}

#[tokio::test]
async fn strangers_do_not_keep_an_owner_from_their_own_account_and_owners_do_not_guess_either() {
    let world = World::new().await;
    let cookie = sign_in(&world, "::1", "", "ann", PASSWORD).await;
    let cookie = cookie.header("set-cookie").split(';').next().unwrap().to_owned();
    strangers_guess(&world).await;
    let right = json!({"password": PASSWORD}).to_string();
    let wrong = json!({"password": "wrong"}).to_string();
    let uri = "/-/account/second-factor";
    assert_eq!(ask(&world, "POST", uri, &cookie, &right).await.status, 200);
    for _ in 0..10 {
        assert_eq!(ask(&world, "POST", uri, &cookie, &wrong).await.error().0, 401);
    }
    assert_eq!(ask(&world, "POST", uri, &cookie, &right).await.error(), (429, "busy".into()));
}

#[tokio::test]
async fn strangers_do_not_keep_a_pairing_code_from_its_home() {
    let world = World::new().await;
    let account = world.app.store.account_named("ann").await.unwrap().unwrap();
    let home = world.app.store.homes(account.id).await.unwrap().remove(0);
    let code = world.app.household.pair(&home).await.unwrap();
    strangers_guess(&world).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let connect = async |code: &str| {
        let body = format!("username=ann&password={code}&remoteaccess=1");
        world.send(request("POST", "/user/auth.json", &form, &body)).await.json()
    };
    for _ in 0..20 {
        assert_eq!(connect("AAAA-AAAA-AAAA-AAAA").await["success"], false);
    }
    assert_eq!(connect(code.expose()).await["success"], true);
    assert_eq!(connect(code.expose()).await["success"], false, "once");
}
