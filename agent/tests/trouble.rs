//! What the owner reads when there is no connection to the server.

use remoteaccess_agent::config::{Broker, Config};
use remoteaccess_agent::link;
use remoteaccess_agent::status::State;
use remoteaccess_agent::trouble::Trouble;
use rumqttc::ConnectionError;
use serde_json::json;
use std::io;
use std::net::TcpListener;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const WAY_OUT: &str =
    " If this network lets only web pages through, choose that under Remote Access, Advanced.";

#[tokio::test]
async fn who_finds_nothing_at_the_port_reads_of_the_way_by_web_unless_it_is_taken_already() {
    for (transport, end) in [("tcp", WAY_OUT), ("websockets", "")] {
        let broker = broker(free_port(), transport);
        let says = format!(
            "127.0.0.1 is there, but nothing answers at port {}. Check the port, or try again later.{end}",
            broker.port
        );
        assert_eq!(connect(&broker).await, Trouble::new(State::Unreachable, says));
    }
}

#[test]
fn who_waits_for_nothing_reads_of_the_way_by_web_unless_it_is_taken_already() {
    for (transport, end) in [("tcp", WAY_OUT), ("websockets", "")] {
        let trouble = Trouble::no_answer(&broker(8883, transport), Duration::from_secs(20));
        assert_eq!(trouble.message, format!("127.0.0.1 did not answer at port 8883 within 20 seconds.{end}"));
    }
}

#[test]
fn a_network_that_turns_away_what_goes_to_the_port_has_the_way_by_web_as_well() {
    for kind in [io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable] {
        let trouble = Trouble::connecting(&broker(8883, "tcp"), &ConnectionError::Io(kind.into()));
        assert_eq!(trouble.message, format!("127.0.0.1 cannot be reached ({kind}).{WAY_OUT}"));
    }
}

#[test]
fn the_way_by_web_is_no_help_where_the_answer_came_from_the_server() {
    let hung_up = ConnectionError::Io(io::ErrorKind::ConnectionReset.into());
    let busy = ConnectionError::ConnectionRefused(rumqttc::ConnectReturnCode::ServiceUnavailable);
    for error in [hung_up, busy] {
        let trouble = Trouble::connecting(&broker(8883, "tcp"), &error);
        assert!(!trouble.message.contains("web pages"), "{}", trouble.message);
    }
}

#[tokio::test]
async fn a_web_server_that_knows_no_mqtt_is_told_from_one_that_is_not_well() {
    for (status, words) in [
        ("404 Not Found", "not by MQTT over WebSocket. Choose the MQTT port instead"),
        ("200 OK", "not by MQTT over WebSocket. Choose the MQTT port instead"),
        ("302 Found", "not by MQTT over WebSocket. Choose the MQTT port instead"),
        ("503 Service Unavailable", "cannot be reached (HTTP error: 503 Service Unavailable)."),
        ("429 Too Many Requests", "cannot be reached (HTTP error: 429 Too Many Requests)."),
    ] {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let broker = broker(server.local_addr().unwrap().port(), "websockets");
        let answers = async {
            let (mut agent, _) = server.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(agent.read_u8().await.unwrap());
            }
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            agent.write_all(answer.as_bytes()).await.unwrap();
        };
        let (trouble, ()) = tokio::join!(connect(&broker), answers);
        assert_eq!(trouble.state, State::Unreachable);
        assert!(trouble.message.contains(words), "{status}: {}", trouble.message);
    }
}

async fn connect(broker: &Broker) -> Trouble {
    let (_mqtt, mut eventloop) =
        link::open(broker, None, Duration::from_secs(30)).expect("there is no TLS to fail");
    let error = eventloop.poll().await.expect_err("there is no broker");
    Trouble::connecting(broker, &error)
}

fn broker(port: u16, transport: &str) -> Broker {
    let file = json!({
        "MQTT_HOST": "127.0.0.1", "MQTT_PORT": port, "MQTT_TLS": false, "MQTT_TRANSPORT": transport,
        "MQTT_USERNAME": "alice", "MQTT_PASSWORD": "secret",
        "APIKEY_READ": "r", "APIKEY_WRITE": "w", "ACCESS_CONTROL": {}
    });
    let config = Config::parse(&file.to_string()).expect("the file is fine");
    config.broker.expect("it names a broker")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are ports");
    listener.local_addr().expect("it is bound").port()
}
