//! What the broker's dynamic security answers: outcomes, lists of clients, and its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::dynsec::{Client, Clients, answered};
use remoteaccess_protocol::Site;

fuzz_target!(|message: &[u8]| {
    let site = Site::new("alice").expect("this is one");
    for (_, outcome) in answered(message) {
        let Ok(data) = outcome else { continue };
        if let Ok(page) = serde_json::from_value::<Clients>(data.clone()) {
            for client in page.clients {
                check(&client, &site);
            }
        }
        if let Ok(client) = serde_json::from_value::<Client>(data["client"].clone()) {
            check(&client, &site);
        }
    }
});

fn check(client: &Client, site: &Site) {
    assert!(!client.is_home_of(site) || client.is_home(), "one home's rights are a home's");
}
