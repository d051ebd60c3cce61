//! The web view's files.

use crate::support::{World, request};

async fn names(world: &World) -> Vec<String> {
    let page = world.send(request("GET", "/", &[], "")).await;
    let text = page.text().to_owned();
    text.split('"').filter(|part| part.starts_with("/-/")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_view_brings_nothing_from_elsewhere_and_nothing_inline() {
    let world = World::new().await;
    let page = world.send(request("GET", "/", &[], "")).await;
    assert!(
        !page.text().contains("<script>") && !page.text().contains("http") && !page.text().contains("style=")
    );
    let mut uris = names(&world).await;
    uris.push("/".to_owned());
    for uri in uris {
        let answer = world.send(request("GET", &uri, &[], "")).await;
        assert_eq!(answer.status, 200, "{uri}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{uri}: {policy}");
        assert!(!policy.contains("unsafe"), "{uri}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let missing = world.send(request("GET", "/-/assets/x.js", &[], "")).await;
    assert_eq!(missing.error(), (404, "not_relayed".into()));
}

#[tokio::test]
async fn what_never_changes_is_kept_for_ever_and_the_page_is_asked_for() {
    let world = World::new().await;
    for uri in names(&world).await {
        let caching = world.send(request("GET", &uri, &[], "")).await.header("cache-control").to_owned();
        assert_eq!(caching.contains("immutable"), uri.starts_with("/-/assets/"), "{uri}: {caching}");
    }
    let page = world.send(request("GET", "/", &[], "")).await;
    assert_eq!(page.header("cache-control"), "no-cache");
    let again = world.send(request("GET", "/", &[("if-none-match", page.header("etag"))], "")).await;
    assert_eq!((again.status.as_u16(), again.text()), (304, ""));
    let other = world.send(request("GET", "/", &[("if-none-match", "W/\"other\"")], "")).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn files_come_packed_as_the_caller_takes_them() {
    let world = World::new().await;
    let script = names(&world).await.into_iter().find(|name| name.ends_with(".js")).unwrap();
    let mut sizes = Vec::new();
    for (takes, encoding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", ""),
        ("", ""),
    ] {
        let answer = world.send(request("GET", &script, &[("accept-encoding", takes)], "")).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{takes}");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        sizes.push(answer.body.unwrap().len());
    }
    assert!(sizes[0] < sizes[1] && sizes[1] < sizes[3], "{sizes:?}");
}
