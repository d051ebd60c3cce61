//! What an operator relies on: TLS that renews itself, metrics apart, systemd told, a log that tells no secrets.

use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::process::Process;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::World;
use remoteaccess_tests::{binaries, certs, ports};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A bridge alone: its broker is not there.
struct Lonely {
    process: Process,
    folder: TempDir,
    /// Where it listens.
    port: u16,
}

impl Lonely {
    async fn start(lines: impl FnOnce(&Path) -> String, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let lines = lines(folder.path());
        let config = folder.path().join("bridge.toml");
        let broker = ports::free();
        let database = folder.path().join("bridge.db");
        let text = format!(
            "listen = \"127.0.0.1:0\"\nsecret = \"{SECRET}\"\n[database]\nurl = \"sqlite:{}\"\n[broker]\n\
             host = \"127.0.0.1\"\nport = {broker}\n{lines}\n",
            database.display()
        );
        std::fs::write(&config, text).expect("the temporary folder is writable");
        let mut command = Command::new(binaries::path(binaries::BRIDGE));
        command.arg("--config").arg(&config).envs(settings.iter().copied());
        let process = Process::start("the bridge", &command);
        let port = port_of(&process.logged("listening on http").await);
        Self { process, folder, port }
    }

    fn plain(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }
}

/// The port at the end of the address in `line`.
fn port_of(line: &str) -> u16 {
    let address = line.split("://").nth(1).unwrap_or_else(|| panic!("no address: {line}"));
    let port = address.split([' ', '/']).next().and_then(|address| address.rsplit(':').next());
    port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port: {line}"))
}

/// Asks over HTTPS, believing `ca` alone.
async fn https(port: u16, ca: &Path) -> Option<Answer> {
    // Fails only where a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = reqwest::Certificate::from_pem(&std::fs::read(ca).ok()?).ok()?;
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().ok()?;
    let response = http.get(format!("https://localhost:{port}/-/health")).send().await.ok()?;
    Some(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.ok()?.to_vec(),
    })
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_into_use_and_a_broken_one_is_not() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (old, new) = (certs::make(old.path(), &certs::LOCAL), certs::make(new.path(), &certs::LOCAL));
    let copy = |from: &Path, to: &Path| {
        std::fs::copy(from, to).expect("the temporary folder is writable");
    };
    let bridge = Lonely::start(
        |folder| {
            let (certificate, key) = (folder.join("chain.pem"), folder.join("key.pem"));
            copy(&old.certificate, &certificate);
            copy(&old.key, &key);
            format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}")
        },
        &[],
    )
    .await;
    let (certificate, key) = (bridge.folder.path().join("chain.pem"), bridge.folder.path().join("key.pem"));
    let answer = https(bridge.port, &old.ca).await.expect("the old certificate is in use");
    assert_eq!(answer.status, 200);
    assert!(answer.headers.contains_key("strict-transport-security"));
    assert!(https(bridge.port, &new.ca).await.is_none());

    // Half-way through a renewal: the certificate is new, its key is not.
    copy(&new.certificate, &certificate);
    bridge.process.signal(Signal::HUP);
    let line = bridge.process.logged("the certificate in use stays").await;
    assert!(line.contains("do not go together"), "{line}");
    assert!(https(bridge.port, &old.ca).await.is_some());

    copy(&new.key, &key);
    bridge.process.signal(Signal::HUP);
    bridge.process.logged("certificate read anew").await;
    assert!(https(bridge.port, &new.ca).await.is_some());
    assert!(https(bridge.port, &old.ca).await.is_none());

    std::fs::write(&key, "not a key").expect("the temporary folder is writable");
    bridge.process.signal(Signal::HUP);
    until("the bad key to be told", SOON, async || {
        (bridge.process.log().matches("the certificate in use stays").count() == 2).then_some(())
    })
    .await;
    assert!(https(bridge.port, &new.ca).await.is_some());
}

#[tokio::test]
async fn who_does_not_finish_the_greeting_holds_up_nobody() {
    let files = tempfile::tempdir().unwrap();
    let files = certs::make(files.path(), &certs::LOCAL);
    let lines = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n[limits]\nconnections = 20",
        files.certificate, files.key
    );
    let bridge = Lonely::start(|_| lines, &[]).await;
    let mut silent = Vec::new();
    for _ in 0..19 {
        silent.push(tokio::net::TcpStream::connect(("127.0.0.1", bridge.port)).await.unwrap());
    }
    let answer = within("an answer beside silent ones", SOON, https(bridge.port, &files.ca)).await;
    assert_eq!(answer.map(|answer| answer.status), Some(200));
    // Those who say nothing are given up, and so are those beyond the limit let in.
    silent.push(tokio::net::TcpStream::connect(("127.0.0.1", bridge.port)).await.unwrap());
    let answer = within("an answer once the silent are gone", SOON, https(bridge.port, &files.ca)).await;
    assert_eq!(answer.map(|answer| answer.status), Some(200));
}

#[tokio::test]
async fn metrics_have_a_listener_of_their_own() {
    let bridge = Lonely::start(|_| "[metrics]\nlisten = \"127.0.0.1:0\"".to_owned(), &[]).await;
    let port = port_of(&bridge.process.logged("metrics on http://").await);
    let (front, back) = (bridge.plain(), Client::new(&format!("http://127.0.0.1:{port}")));
    assert_eq!(front.get_anonymously("/-/health").await.status, 200);
    let ready = front.get_anonymously("/-/ready").await;
    assert_eq!((ready.status, ready.refusal().1.as_str()), (503, "broker_offline"));
    assert_eq!(front.get_anonymously("/-/metrics").await.status, 404);
    assert_ne!(front.get_anonymously("/metrics").await.status, 200);
    let metrics = back.get_anonymously("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text().contains("remoteaccess_bridge_broker_up 0\n"), "{}", metrics.text());
    assert!(metrics.text().contains("outcome=\"broker_offline\""), "{}", metrics.text());
    assert_eq!(back.get_anonymously("/-/session").await.status, 404);
    assert_eq!(back.get_anonymously("/feed/list.json").await.status, 404);
}

#[tokio::test]
async fn systemd_is_told_when_it_listens_that_it_lives_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let settings = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "6000000")];
    let mut bridge = Lonely::start(|_| String::new(), &settings).await;
    let hears = |wanted: &str| {
        let (mut buffer, mut heard, start) = ([0; 1024], Vec::new(), Instant::now());
        // Beats come for ever: that something comes doesn't say that the wanted comes.
        while start.elapsed() < SOON {
            let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{wanted}: {error}"));
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            if heard.last().is_some_and(|last| last.contains(wanted)) {
                return;
            }
        }
        panic!("{wanted} is not among {heard:?}");
    };
    hears("READY=1");
    hears("STATUS=No connection to the broker");
    hears("WATCHDOG=1");
    hears("WATCHDOG=1");
    bridge.process.signal(Signal::HUP);
    bridge.process.signal(Signal::TERM);
    hears("STOPPING=1");
    assert_eq!(bridge.process.wait(SOON).and_then(|status| status.code()), Some(0));
}

#[tokio::test]
async fn open_pages_do_not_hold_up_the_end() {
    let mut world = World::start().await;
    let login = json!({"username": world.account.name, "password": world.account.password});
    let signed_in = Answer::of(world.client.request(Method::POST, "/-/session").json(&login)).await;
    let cookie = signed_in.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.expect("a cookie for who signed in").to_owned();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let request = world.client.request(Method::GET, "/-/homes/events").header("cookie", &cookie);
        let mut stream = request.send().await.expect("the bridge answers");
        let first = within("a home's state", SOON, stream.chunk()).await.expect("the stream goes on");
        assert!(first.is_some_and(|bytes| bytes.starts_with(b"event: home\n")));
        streams.push(stream);
    }
    // These stay open with nothing asked, as browsers do.
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    let address = world.bridge.url().trim_start_matches("http://").to_owned();
    let _silent = tokio::net::TcpStream::connect(&address).await.expect("the bridge listens");
    let start = Instant::now();
    world.bridge.process().signal(Signal::TERM);
    let ended = world.bridge.process_mut().wait(SOON).and_then(|status| status.code());
    assert_eq!(ended, Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    for mut stream in streams {
        let rest = within("the end of a stream", SOON, async {
            while stream.chunk().await?.is_some() {}
            reqwest::Result::Ok(())
        });
        assert!(rest.await.is_ok(), "it ends in good order, so that the page connects anew at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_bridge_that_is_stopped_warns_of_nothing() {
    let mut world = World::start().await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, key) = (world.client.clone(), world.account.read_key.clone());
        let login = json!({"username": world.account.name, "password": world.account.password});
        callers.spawn(async move {
            loop {
                // Until the bridge is gone.
                let asked =
                    client.request(Method::GET, &format!("/feed/list.json?apikey={key}")).send().await;
                let signs_in = client.request(Method::POST, "/-/session").json(&login).send().await;
                if asked.is_err() && signs_in.is_err() {
                    return;
                }
            }
        });
    }
    world.is_served().await;
    world.bridge.process().signal(Signal::TERM);
    let ended = world.bridge.process_mut().wait(SOON).and_then(|status| status.code());
    assert_eq!(ended, Some(0));
    within("the callers to give up", SOON, async { while callers.join_next().await.is_some() {} }).await;
    let log = world.bridge.process().log();
    let end = log.split("stopping: running requests may finish").nth(1).expect("it says that it ends");
    assert!(!end.contains("WARN") && !end.contains("ERROR"), "{end}");
}

#[tokio::test]
async fn odd_requests_leave_no_secret_in_the_log() {
    let world = World::start().await;
    let secret = "s3cr3t-value";
    let key = world.account.write_key.clone();
    for path in [
        format!("/feed/list.json?apikey={key}&a={secret}"),
        format!("/feed/list.json?apikey={secret}"),
        format!("/-/session?apikey={key}"),
        format!("/{secret}.{secret}/{secret}?{secret}"),
        format!("/-/{secret}?x={secret}"),
        format!("/feed/data.json?apikey={key}&id={secret}&devicekey={secret}"),
        format!("/%00{secret}?{secret}"),
        format!("/nobody/asks.json?apikey={key}&{secret}={secret}"),
    ] {
        let answer = world.client.get_anonymously(&path).await;
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
    for (path, kind, body) in [
        ("/-/session", "application/json", format!(r#"{{"username":"{secret}","password":"{secret}"}}"#)),
        ("/-/session", "application/json", format!("{{{secret}")),
        ("/user/auth.json", "application/x-www-form-urlencoded", format!("username=x&password={secret}")),
        ("/feed/set.json", "application/x-www-form-urlencoded", format!("apikey={key}&id={secret}")),
        ("/feed/set.json", "text/plain", secret.to_owned()),
    ] {
        let request = world.client.request(Method::POST, path).header("content-type", kind);
        Answer::of(request.header("x-odd", secret).header("cookie", format!("session={secret}")).body(body))
            .await;
    }
    let last = world.get("/feed/list.json").await;
    let id = last.headers["x-request-id"].to_str().unwrap().to_owned();
    world.bridge.process().logged(&id).await;
    let log = world.bridge.process().log();
    for word in [secret, &key, &world.account.read_key, &world.broker_password] {
        assert!(!log.contains(word), "the log has {word}:\n{log}");
    }
}

#[tokio::test]
async fn a_backup_made_while_the_bridge_runs_is_a_whole_database() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (copy, config) = (folder.path().join("backup.db"), folder.path().join("bridge.toml"));
    for _ in 0..2 {
        world.bridge.operate(&["backup", copy.to_str().unwrap()], "");
    }
    std::fs::write(folder.path().join("used.db-wal"), "").unwrap();
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    command.arg("--config").arg(world.bridge.folder().join("bridge.toml"));
    let refused = command.arg("backup").arg(folder.path().join("used.db")).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("is a database in use"), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "nobody else may read it");
    let url = copy.display();
    let text = format!(
        "secret = \"{SECRET}\"\n[database]\nurl = \"sqlite:{url}\"\n[broker]\nhost = \"localhost\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    let listed = command.arg("--config").arg(&config).args(["account", "list"]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("alice") && listed.contains("bob"), "{listed}");
}
