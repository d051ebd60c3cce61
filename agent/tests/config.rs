//! `remoteaccess.json` as it is found in the field, and as people get it wrong.

use remoteaccess_agent::config::Config;
use remoteaccess_protocol::{Endpoint, Rights};
use serde_json::{Value, json};

fn file(change: impl FnOnce(&mut Value)) -> String {
    let mut file = json!({
        "APP_ENV": "production", "APIKEY_WRITE": "w0", "APIKEY_READ": "r0",
        "MQTT_HOST": "mqtt.example.org", "MQTT_USERNAME": "alice", "MQTT_PASSWORD": "secret-1",
        "ACCESS_CONTROL": {"feed/list": "read"}
    });
    change(&mut file);
    file.to_string()
}

fn error(change: impl FnOnce(&mut Value)) -> String {
    Config::parse(&file(change)).expect_err("it should not be accepted").to_string()
}

#[test]
fn a_file_of_the_old_client_works_with_the_safe_defaults() {
    let config = Config::parse(&file(|_| {})).unwrap();
    let broker = config.broker.unwrap();
    assert!(config.enabled && broker.tls && !broker.websockets);
    assert_eq!((broker.port, broker.site.as_str()), (8883, "alice"));
    assert_eq!(config.emoncms.url, "http://localhost/emoncms");
}

#[test]
fn numbers_and_switches_may_be_strings_as_php_forms_send_them() {
    let text = file(|file| {
        file["MQTT_PORT"] = json!("9001");
        file["MQTT_TLS"] = json!("false");
        file["MQTT_TRANSPORT"] = json!("websockets");
        file["MQTT_USERNAME"] = json!(12345);
        file["ENABLED"] = json!(1);
    });
    let broker = Config::parse(&text).unwrap().broker.unwrap();
    assert_eq!(
        (broker.port, broker.tls, broker.websockets, broker.site.as_str()),
        (9001, false, true, "12345")
    );
}

#[test]
fn each_mistake_is_named() {
    let cases: [(&str, Value, &str); 12] = [
        ("MQTT_HOST", json!(""), "MQTT_HOST is missing"),
        ("MQTT_HOST", json!("https://mqtt.example.org/"), "without a scheme"),
        ("MQTT_PORT", json!(0), "MQTT_PORT"),
        ("MQTT_PORT", json!("secure"), "MQTT_PORT"),
        ("MQTT_USERNAME", json!("a/b"), "MQTT_USERNAME"),
        ("MQTT_USERNAME", json!("+"), "MQTT_USERNAME"),
        ("MQTT_PASSWORD", Value::Null, "MQTT_PASSWORD is missing"),
        ("MQTT_TLS", json!("perhaps"), "MQTT_TLS must be true or false"),
        ("MQTT_TRANSPORT", json!("quic"), "MQTT_TRANSPORT"),
        ("EMONCMS_URL", json!("file:///etc"), "EMONCMS_URL"),
        ("APIKEY_READ", json!("r\n0"), "APIKEY_READ"),
        ("ACCESS_CONTROL", json!({"feed/list": "all"}), "feed/list"),
    ];
    for (key, value, expected) in cases {
        let error = error(|file| file[key] = value.clone());
        assert!(error.contains(expected), "{key}={value}: {error}");
    }
    assert!(Config::parse("{\"MQTT_HOST\":").unwrap_err().to_string().contains("not valid JSON"));
    assert!(Config::parse("[1]").unwrap_err().to_string().contains("JSON object"));
}

#[test]
fn an_access_list_with_one_wrong_entry_is_not_taken_in_part() {
    let error = error(|file| file["ACCESS_CONTROL"] = json!({"feed/list": "read", "feed/list?x=1": "write"}));
    assert!(error.contains("feed/list?x=1"), "{error}");
}

#[test]
fn what_the_list_does_not_say_is_not_allowed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for list in [Value::Null, json!([]), json!({})] {
        let config = Config::parse(&file(|file| file["ACCESS_CONTROL"] = list)).unwrap();
        let endpoint = Endpoint::parse("feed/list").unwrap();
        assert!(config.access.check(&endpoint, Rights::Write).is_err());
        assert!(config.remarks().iter().any(|remark| remark.contains("allows nothing")));
    }
}

#[test]
fn switched_off_it_needs_no_server() {
    let text = file(|file| {
        file["ENABLED"] = json!(false);
        file["MQTT_PASSWORD"] = Value::Null;
    });
    let config = Config::parse(&text).unwrap();
    assert!(!config.enabled && config.broker.is_none());
}

#[test]
fn secrets_do_not_show_when_a_configuration_is_printed() {
    let printed = format!("{:?}", Config::parse(&file(|_| {})).unwrap());
    for secret in ["secret-1", "w0", "r0"] {
        assert!(!printed.contains(&format!("\"{secret}\"")), "{printed}");
    }
    assert!(printed.contains("MASKED"));
}

#[test]
fn what_is_probably_a_mistake_is_remarked_upon() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = file(|file| {
        file["ENABELD"] = json!(false);
        file["MQTT_CA_FILE"] = json!("/nowhere/ca.pem");
        file["ACCESS_CONTROL_CUSTOM"] = json!({});
    });
    let remarks = Config::parse(&text).unwrap().remarks().join("\n");
    assert!(remarks.contains("ENABELD is no setting"), "{remarks}");
    assert!(
        remarks.contains("/nowhere/ca.pem, cannot be read: No such file or directory. Check"),
        "{remarks}"
    );
    assert_eq!(remarks.lines().count(), 2, "{remarks}");
}

#[test]
fn blanks_may_be_part_of_a_password() {
    let config = Config::parse(&file(|file| file["MQTT_PASSWORD"] = json!(" p "))).unwrap();
    assert_eq!(config.broker.unwrap().password.expose(), " p ");
}

#[test]
fn the_shipped_example_is_valid_and_changes_nothing_at_home() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::parse(include_str!("../remoteaccess.example.json")).unwrap();
    assert_eq!(config.remarks(), Vec::<String>::new());
    for path in ["feed/list", "feed/data", "feed/csvexport", "input/list", "graph/getall"] {
        assert_eq!(config.access.check(&Endpoint::parse(path).unwrap(), Rights::Write), Ok(Rights::Read));
    }
    // Its answer carries device keys.
    assert!(config.access.check(&Endpoint::parse("device/list").unwrap(), Rights::Write).is_err());
}

#[test]
fn endpoints_that_emoncms_router_would_shorten_are_recognised() {
    let cuts = |url: &str, path: &str| {
        let config = Config::parse(&file(|file| file["EMONCMS_URL"] = json!(url))).unwrap();
        config.emoncms.would_cut(&Endpoint::parse(path).unwrap())
    };
    assert!(cuts("http://localhost/energy", "feed/a/energypi"));
    assert!(cuts("http://localhost/my/energy/", "feed/energy"));
    assert!(!cuts("http://localhost/energy", "energy/list"));
    assert!(!cuts("http://localhost/energy", "feed/my-energy"));
    assert!(!cuts("http://localhost:8080", "feed/list"));
}
