//! `feed/data` and `feed/csvexport`.

use super::calendar::{self, Interval};
use super::feeds::{Feed, State, number};
use super::http::{Answer, Seen};
use super::series::INTERVAL;
use serde_json::{Value, json};

const MOST_POINTS: i64 = 20_000;

/// What was asked for, or the answer that says what is wrong with it.
struct Question {
    ids: Vec<String>,
    single: bool,
    start: i64,
    end: i64,
    interval: Interval,
    average: bool,
    delta: bool,
    skip_missing: bool,
    decimals: Option<i32>,
    time_format: String,
}

type Point = (i64, Option<f64>);

/// `feed/data.json`
pub(super) fn data(state: &State, seen: &Seen) -> Answer {
    let question = match Question::read(state, seen, "unixms") {
        Ok(question) => question,
        Err(answer) => return *answer,
    };
    let answers = question.ids.iter().map(|id| {
        let points = state.feed(id).map(|feed| question.points(state, feed)).unwrap_or_default();
        let points: Value = points.into_iter().map(|point| question.json(point)).collect();
        (id, points)
    });
    let body = match question.single {
        true => answers.map(|(_, points)| points).next().unwrap_or_default(),
        false => answers.map(|(id, points)| json!({"feedid": id, "data": points})).collect(),
    };
    Answer::new(200, "application/json", body.to_string())
}

/// `feed/csvexport.json`, a download whatever its extension says.
pub(super) fn csv_export(state: &State, seen: &Seen) -> Answer {
    let default = if seen.query("ids").is_some() { "unixms" } else { "unix" };
    let question = match Question::read(state, seen, default) {
        Ok(question) => question,
        Err(answer) => return *answer,
    };
    let feeds = question.ids.iter().filter_map(|id| state.feed(id));
    let columns: Vec<_> = feeds.map(|feed| question.points(state, feed)).collect();
    let mut text = String::new();
    for row in 0..columns.first().map_or(0, Vec::len) {
        text += question.time(columns[0][row].0).to_string().trim_matches('"');
        for column in &columns {
            let value = column.get(row).and_then(|point| point.1);
            text += &value
                .map_or_else(|| ",null".to_owned(), |value| format!(",{}", (value * 100.0).round() / 100.0));
        }
        text.push('\n');
    }
    let mut answer = Answer::new(200, "application/octet-stream", text);
    let file = question.ids.join("-");
    answer.headers.extend([
        ("Cache-Control", "no-cache, no-store, must-revalidate".to_owned()),
        ("Content-Description", "File Transfer".to_owned()),
        ("Content-Disposition", format!("attachment; filename={file}.csv")),
        ("Expires", "0".to_owned()),
        ("Pragma", "no-cache".to_owned()),
    ]);
    answer
}

impl Question {
    fn read(state: &State, seen: &Seen, time_format: &str) -> Result<Self, Box<Answer>> {
        let text = |text: &str| Box::new(Answer::new(200, "text/plain;charset=UTF-8", text));
        let refuse = |value: Value| Box::new(Answer::new(200, "application/json", value.to_string()));
        let wrong = |message: &str| refuse(json!({"success": false, "message": message}));

        let start = seen.query("start").ok_or_else(|| text("missing start parameter"))?;
        let end = seen.query("end").ok_or_else(|| text("missing end parameter"))?;
        let (single, ids) = match (seen.query("id"), seen.query("ids")) {
            (_, Some(ids)) => (false, ids.split(',').map(str::to_owned).collect()),
            (id, None) => (true, vec![id.unwrap_or("0").to_owned()]),
        };
        let ids: Vec<String> = ids;
        if let Some(id) = ids.iter().find(|id| state.feed(id).is_none()) {
            let id: i64 = id.parse().unwrap_or(0);
            let message = format!("feed {id} does not exist");
            return Err(refuse(json!({"success": false, "message": message, "feeds": [id]})));
        }
        let (start, end) = (seconds(start), seconds(end));
        if end < start || (end == start && seen.query("start") > seen.query("end")) {
            return Err(wrong("Request end time before start time"));
        }
        let interval = match seen.query("interval") {
            Some("original") => Interval::Seconds(INTERVAL),
            Some(text) => Interval::parse(text),
            // As many points as a screen is wide.
            None if end - start < 800 => return Err(wrong("Invalid interval")),
            None => Interval::Seconds((end - start) / 800),
        };
        if let Interval::Seconds(seconds) = interval {
            let points = (end - start) / seconds;
            if points > MOST_POINTS {
                let advice = "increase request interval or reduce time range, requested datapoints";
                return Err(wrong(&format!(
                    "request datapoint limit reached ({MOST_POINTS}), {advice} = {points}"
                )));
            }
        }
        let time_format = seen.query("timeformat").unwrap_or(time_format);
        if !["unix", "unixms", "excel", "iso8601", "notime"].contains(&time_format) {
            return Err(wrong("Invalid time format"));
        }
        let flag = |name| seen.query(name).is_some_and(|value| value != "0");
        Ok(Self {
            ids,
            single,
            start,
            end,
            interval,
            average: flag("average"),
            delta: flag("delta"),
            skip_missing: flag("skipmissing"),
            decimals: seen.query("dp").and_then(|dp| dp.parse().ok()),
            time_format: time_format.to_owned(),
        })
    }

    fn points(&self, state: &State, feed: &Feed) -> Vec<Point> {
        let known = state.start..=state.end();
        let value = |time: i64| -> Option<f64> {
            let inserted = feed.inserted.filter(|(at, _)| at - at.rem_euclid(INTERVAL) == time);
            let value = || known.contains(&time).then(|| state.house.value(feed.quantity, time)).flatten();
            inserted.map(|(_, value)| value).or_else(|| value().map(f64::from))
        };
        let aligned = |time: i64| time - time.rem_euclid(INTERVAL);
        let average = |from: i64, to: i64| {
            let (from, to) = (aligned(from).max(*known.start()), aligned(to).min(*known.end() + INTERVAL));
            let values: Vec<f64> =
                (from..to).step_by(INTERVAL.unsigned_abs() as usize).filter_map(value).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let mut points = Vec::new();
        let end = match self.interval {
            _ if !self.delta => self.end,
            Interval::Seconds(seconds) => self.end - self.end.rem_euclid(seconds) + seconds,
            calendar => calendar.next(self.end),
        };
        let mut time = self.interval.begin(self.start);
        while time <= end {
            let next = self.interval.next(time);
            let now = if self.average { average(time, next) } else { value(aligned(time)) };
            points.push((time, now));
            time = next;
        }
        if self.delta {
            points = difference(&points, state.last(feed));
        }
        points.retain(|(_, value)| value.is_some() || !self.skip_missing);
        if let Some(decimals) = self.decimals {
            let factor = 10_f64.powi(decimals);
            points.iter_mut().for_each(|(_, value)| *value = value.map(|v| (v * factor).round() / factor));
        }
        points
    }

    fn json(&self, (time, value): Point) -> Value {
        let value = value.map_or(Value::Null, number);
        if self.time_format == "notime" { value } else { json!([self.time(time), value]) }
    }

    fn time(&self, time: i64) -> Value {
        match self.time_format.as_str() {
            "iso8601" => json!(calendar::iso8601(time)),
            "excel" => json!(calendar::excel(time)),
            // An export of one feed has seconds whatever was asked for.
            "unixms" => json!(time * 1000),
            _ => json!(time),
        }
    }
}

/// Each value becomes what was added until the next; the last value known closes an open day.
fn difference(points: &[Point], last: (i64, f64)) -> Vec<Point> {
    let pairs = points.windows(2).map(|pair| {
        let ((from, begin), (to, end)) = (pair[0], pair[1]);
        let end = end.or((from < last.0 && last.0 <= to).then_some(last.1));
        (from, begin.zip(end).map(|(begin, end)| end - begin))
    });
    pairs.collect()
}

/// Seconds or milliseconds, told apart by their size.
fn seconds(text: &str) -> i64 {
    let number: f64 = text.parse().unwrap_or(0.0);
    (if number / 1e9 > 100.0 { number / 1000.0 } else { number }).floor() as i64
}
