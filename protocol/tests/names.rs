//! What may become part of a topic or of a path at home.

use remoteaccess_protocol::topic::ToBridge;
use remoteaccess_protocol::{ClientId, Endpoint, ErrorCode, Format, Site, limits, request};

#[test]
fn a_site_is_an_account_or_one_of_its_further_homes() {
    let longest = "a".repeat(limits::MAX_NAME_BYTES);
    for good in ["bob", "Bob-2_x", "7", "-", "bob.cabin", &longest, &format!("{longest}.{longest}")] {
        assert_eq!(Site::new(good).map(|site| site.as_str().to_owned()).as_deref(), Some(good));
    }
    let bad = [
        "",
        ".",
        "bob.",
        ".cabin",
        "a.b.c",
        "a..b",
        "a/b",
        "+",
        "#",
        "a+",
        "$SYS",
        "a b",
        "a\0",
        "é",
        "a\n",
        &format!("{longest}a"),
    ];
    for bad in bad {
        assert_eq!(Site::new(bad), None, "{bad:?}");
    }
}

#[test]
fn a_client_id_is_visible_ascii_without_topic_characters() {
    let longest = "c".repeat(limits::MAX_CLIENT_ID_BYTES);
    for good in ["b-4f1d", "123", "mqtt_5f0c1.23", "a:b@c{}", &longest] {
        assert_eq!(ClientId::new(good).map(|id| id.as_str().to_owned()).as_deref(), Some(good));
    }
    let bad = [
        "",
        "a/b",
        "+",
        "a+",
        "#",
        "$SYS",
        "a$",
        "a b",
        "a\"",
        "a\\",
        "\0",
        "\x7f",
        "é",
        &format!("{longest}c"),
    ];
    for bad in bad {
        assert_eq!(ClientId::new(bad), None, "{bad:?}");
    }
}

#[test]
fn topics_stand_under_the_user_s_name() {
    let (site, client) = (Site::new("bob.cabin").unwrap(), ClientId::new("b-4f1d").unwrap());
    assert_eq!(site.request_topic(), "user/bob.cabin/request");
    assert_eq!(site.status_topic(), "user/bob.cabin/status");
    assert_eq!(site.response_topic(&client), "user/bob.cabin/response/b-4f1d");
    assert_eq!(client.all_responses(), "user/+/response/b-4f1d");
}

#[test]
fn a_bridge_knows_its_topics_from_others() {
    let bob = || Site::new("bob").unwrap();
    assert_eq!(ToBridge::parse("user/bob/status"), Some(ToBridge::Status(bob())));
    assert_eq!(ToBridge::parse("user/bob/response/b-1"), Some(ToBridge::Response(bob())));
    for other in [
        "",
        "user",
        "user/",
        "user/bob",
        "user/bob/",
        "user/bob/request",
        "user/bob/status/",
        "user/bob/status/x",
        "user/bob/response",
        "user/bob/response/",
        "user/bob/response/a/b",
        "user/bob/response/+",
        "user//status",
        "user/+/status",
        "user/b/b/status",
        "/user/bob/status",
        "User/bob/status",
        "$SYS/bob/status",
    ] {
        assert_eq!(ToBridge::parse(other), None, "{other}");
    }
}

#[test]
fn an_endpoint_has_two_or_three_steps() {
    for good in ["feed/list", "input/process/set", "Feed/List", "0/0", "a-b/c_d"] {
        assert_eq!(Endpoint::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "feed",
        "/",
        "feed/",
        "/list",
        "feed//set",
        "feed/list/",
        "/feed/list",
        "a/b/c/d",
        "feed/list.json",
        "feed/../x",
        "feed/li st",
        "feed/list?x",
        "feed/%6cist",
        "feed/é",
        "feed\\list/x",
        "feed/*",
    ] {
        assert_eq!(Endpoint::parse(bad), None, "{bad}");
    }
    assert_eq!(Endpoint::new("feed", "list", "").unwrap().subaction, None);
}

#[test]
fn some_endpoints_are_never_relayed_whatever_the_list_says() {
    for never in [
        "admin/view",
        "admin/update/start",
        "remoteaccess/view",
        "config/get",
        "backup/start",
        "setup/setwifi",
        "network/scan",
        "wifi/scan",
        "Admin/view",
        "WIFI/x",
        "feed/api",
        "input/API",
        "feed/api/x",
        "user/auth",
        "user/get",
        "user/newapikeywrite",
        "user/deleteall",
        "user/login",
        "User/Auth",
        "user/sessions",
        // Where emoncms is installed in /emoncms, its router reads these as feed/api, input/apis and user/auth.
        "feed/a/emoncmspi",
        "input/emoncmsapi",
        "user/session/emoncmsX",
        "feed/EmonCMS/x",
    ] {
        assert!(Endpoint::parse(never).unwrap().is_never_relayed(), "{never}");
    }
    for relayed in [
        "feed/list",
        "feed/data",
        "input/process/set",
        "user/session",
        "user/timezone",
        "user/gettimezone",
        "user/gettimezones",
        "user/getuuid",
        "User/Session",
        "app/getconfig",
        "admins/x",
        "feed/apis",
        "graph/getall",
        "device/list",
        "feed/emon",
        "feed/config",
    ] {
        assert!(!Endpoint::parse(relayed).unwrap().is_never_relayed(), "{relayed}");
    }
}

#[test]
fn formats_are_json_csv_and_txt() {
    for format in [Format::Json, Format::Csv, Format::Txt] {
        assert_eq!(Format::parse(format.extension()), Some(format));
    }
    for other in ["html", "", "JSON", ".json", "md", "text", "php"] {
        assert_eq!(Format::parse(other), None, "{other}");
    }
}

#[test]
fn an_id_is_a_name() {
    assert!(request::is_id("a81f-_Z"));
    for bad in ["", "a.b", "a/b", "a b", "é", &"i".repeat(limits::MAX_NAME_BYTES + 1)] {
        assert!(!request::is_id(bad), "{bad}");
    }
}

#[test]
fn each_code_has_its_name_and_its_http_status() {
    let table = [
        (ErrorCode::BadRequest, "bad_request", 400),
        (ErrorCode::Unauthorized, "unauthorized", 401),
        (ErrorCode::Denied, "denied", 403),
        (ErrorCode::NotRelayed, "not_relayed", 404),
        (ErrorCode::RequestTooLarge, "request_too_large", 413),
        (ErrorCode::EmoncmsUnreachable, "emoncms_unreachable", 502),
        (ErrorCode::EmoncmsKey, "emoncms_key", 502),
        (ErrorCode::EmoncmsAnswer, "emoncms_answer", 502),
        (ErrorCode::TooLarge, "too_large", 502),
        (ErrorCode::BadAnswer, "bad_answer", 502),
        (ErrorCode::HomeOffline, "home_offline", 503),
        (ErrorCode::BrokerOffline, "broker_offline", 503),
        (ErrorCode::Busy, "busy", 503),
        (ErrorCode::HomeTimeout, "home_timeout", 504),
        (ErrorCode::EmoncmsTimeout, "emoncms_timeout", 504),
    ];
    for (code, name, status) in table {
        assert_eq!(serde_json::to_value(code).unwrap(), name);
        assert_eq!(code.http_status(), status, "{name}");
    }
}
