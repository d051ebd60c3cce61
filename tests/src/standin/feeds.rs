//! The feeds, and what can be asked about them beside their data.

use super::series::{House, INTERVAL, Quantity, Source};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the stand-in knows beyond what it computes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) feeds: Vec<Feed>,
    pub(super) house: House,
    pub(super) start: i64,
    /// Process lists of inputs, by input id.
    pub(super) processes: HashMap<u64, String>,
    /// Values posted to inputs, by node and name.
    pub(super) posted: HashMap<(String, String), f64>,
}

/// Which time it is in this house.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) stopped_at: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Feed {
    pub(super) id: u64,
    pub(super) tag: &'static str,
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) quantity: Quantity,
    /// The last value that was inserted by a request.
    pub(super) inserted: Option<(i64, f64)>,
}

const DAY: i64 = 86_400;
/// How much was measured before the stand-in was started.
const DAYS: i64 = 366;

impl Clock {
    pub(super) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        self.stopped_at.unwrap_or_else(|| i64::try_from(since.as_secs()).expect("it is not that late yet"))
    }
}

impl State {
    pub(super) fn new() -> Self {
        let clock = Clock::default();
        let today = clock.now() - clock.now().rem_euclid(DAY);
        let start = today - DAYS * DAY;
        let (solar, house) = (Source::Solar, Source::House);
        let (pump, heat) = (Source::HeatPump, Source::Heat);
        let feeds = [
            ("solar", "solar", "W", Quantity::Power(solar)),
            ("solar", "solar_kwh", "kWh", Quantity::Energy(solar)),
            ("house", "use", "W", Quantity::Power(house)),
            ("house", "use_kwh", "kWh", Quantity::Energy(house)),
            ("house", "grid", "W", Quantity::Grid),
            ("heatpump", "heatpump_elec", "W", Quantity::Power(pump)),
            ("heatpump", "heatpump_elec_kwh", "kWh", Quantity::Energy(pump)),
            ("heatpump", "heatpump_heat", "W", Quantity::Power(heat)),
            ("heatpump", "heatpump_heat_kwh", "kWh", Quantity::Energy(heat)),
            ("heatpump", "heatpump_flowT", "°C", Quantity::Flow),
            ("heatpump", "heatpump_outsideT", "°C", Quantity::Outside),
        ];
        let feeds = feeds.into_iter().zip(1..).map(|((tag, name, unit, quantity), id)| Feed {
            id,
            tag,
            name: name.to_owned(),
            unit,
            quantity,
            inserted: None,
        });
        Self {
            clock,
            feeds: feeds.collect(),
            // It may run over midnight.
            house: House::new(start, DAYS + 30),
            start,
            processes: HashMap::new(),
            posted: HashMap::new(),
        }
    }

    pub(super) fn feed(&self, id: &str) -> Option<&Feed> {
        let id: u64 = id.trim().parse().ok()?;
        self.feeds.iter().find(|feed| feed.id == id)
    }

    /// The time of the last value of all feeds.
    pub(super) fn end(&self) -> i64 {
        let now = self.clock.now();
        now - now.rem_euclid(INTERVAL)
    }

    pub(super) fn points(&self) -> i64 {
        (self.end() - self.start) / INTERVAL + 1
    }

    pub(super) fn list(&self, with_meta: bool) -> Value {
        self.feeds.iter().map(|feed| Value::Object(self.describe(feed, with_meta))).collect()
    }

    pub(super) fn describe(&self, feed: &Feed, with_meta: bool) -> Map<String, Value> {
        let last = self.last(feed);
        let mut map = Map::new();
        map.insert("id".into(), json!(feed.id.to_string()));
        map.insert("userid".into(), json!("1"));
        map.insert("name".into(), json!(feed.name));
        map.insert("tag".into(), json!(feed.tag));
        map.insert("public".into(), json!(""));
        map.insert("size".into(), json!((self.points() * 4 + 16).to_string()));
        map.insert("engine".into(), json!("5"));
        map.insert("unit".into(), json!(feed.unit));
        map.insert("time".into(), json!(last.0));
        map.insert("value".into(), number(last.1));
        if with_meta {
            map.insert("start_time".into(), json!(self.start));
            map.insert("end_time".into(), json!(self.end()));
            map.insert("interval".into(), json!(INTERVAL));
            map.insert("npoints".into(), json!(self.points()));
        }
        map
    }

    pub(super) fn meta(&self, feed: &Feed) -> Value {
        json!({
            "id": feed.id, "interval": INTERVAL, "start_time": self.start,
            "npoints": self.points(), "end_time": self.end(),
        })
    }

    pub(super) fn last(&self, feed: &Feed) -> (i64, f64) {
        feed.inserted.unwrap_or_else(|| {
            let values = (0..100).map(|back| self.end() - back * INTERVAL);
            let value = values.filter_map(|time| self.house.value(feed.quantity, time)).next();
            (self.end(), f64::from(value.unwrap_or_default()))
        })
    }

    /// `feed/set`: `fields` is a JSON object.
    pub(super) fn set(&mut self, id: &str, fields: &str) -> Value {
        let Some(index) =
            self.feed(id).and_then(|feed| self.feeds.iter().position(|other| other.id == feed.id))
        else {
            return missing();
        };
        let fields: Map<String, Value> = serde_json::from_str(fields).unwrap_or_default();
        let Some(name) = fields.get("name").and_then(Value::as_str) else {
            return json!({"success": false, "message": "Field could not be updated"});
        };
        let tag = self.feeds[index].tag;
        if self.feeds.iter().any(|feed| feed.tag == tag && feed.name == name) {
            return json!({"success": false, "message": "fields tag:name must be unique"});
        }
        name.clone_into(&mut self.feeds[index].name);
        let id = self.feeds[index].id;
        json!({"success": true, "message": "Field updated", "feedid": id, "fields": {"name": name}})
    }

    /// `feed/insert`.
    pub(super) fn insert(&mut self, id: &str, time: Option<&str>, value: Option<&str>) -> Value {
        let now = self.clock.now();
        let index = self.feed(id).map(|feed| feed.id);
        let Some(feed) = self.feeds.iter_mut().find(|feed| Some(feed.id) == index) else { return missing() };
        let Some(value) = value else {
            return json!({"success": false, "message": "missing data parameter"});
        };
        let value = value.parse().unwrap_or_default();
        feed.inserted = Some((time.and_then(|time| time.parse().ok()).unwrap_or(now), value));
        number(value)
    }

    /// `feed/delete`.
    pub(super) fn delete(&mut self, id: &str) -> Value {
        let Some(id) = self.feed(id).map(|feed| feed.id) else { return missing() };
        self.feeds.retain(|feed| feed.id != id);
        json!({"success": true, "message": "Feed removed successfully."})
    }
}

pub(super) fn missing() -> Value {
    json!({"success": false, "message": "Feed does not exist"})
}

/// PHP writes whole numbers without a fraction.
pub(super) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}
