//! A person with a browser, signed in.

use crate::bridge::PASSWORD;
use crate::client::{Answer, Client};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

/// Somebody who has signed in with a browser.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Where.
    pub client: Client,
    /// What the browser has got for it.
    pub cookie: String,
}

impl Browser {
    /// Signs in with [`PASSWORD`].
    pub async fn sign_in(client: &Client, name: &str) -> Self {
        let login = json!({"username": name, "password": PASSWORD});
        let answer = Answer::of(client.request(Method::POST, "/-/session").json(&login)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        Self { client: client.clone(), cookie: cookie.expect("a cookie has a value").to_owned() }
    }

    /// The same browser at another bridge of the same service.
    pub fn at(&self, client: &Client) -> Self {
        Self { client: client.clone(), cookie: self.cookie.clone() }
    }

    /// Does something on a page of the bridge.
    pub async fn does(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.client.request(method, path).header(COOKIE, &self.cookie);
        let request = if body.is_null() { request } else { request.json(&body) };
        Answer::of(request).await
    }

    /// Its homes.
    pub async fn homes(&self) -> Vec<Value> {
        let answer = self.does(Method::GET, "/-/homes", Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().as_array().expect("homes are a list").clone()
    }

    /// Makes a home and gives the code that connects it.
    pub async fn adds(&self, title: &str) -> (Value, String) {
        let answer = self.does(Method::POST, "/-/homes", json!({"title": title})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let answer = answer.json();
        let code = answer["pairing"]["password"].as_str().expect("a code").to_owned();
        (answer["home"].clone(), code)
    }
}
