//! Days, weeks, months and years in UTC, as emoncms counts them.

use time::{Date, Duration, Month, OffsetDateTime, Time};

/// How long a data point of `feed/data` lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Seconds(i64),
    Daily,
    Weekly,
    Monthly,
    Annual,
}

impl Interval {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "daily" => Self::Daily,
            "weekly" => Self::Weekly,
            "monthly" => Self::Monthly,
            "annual" => Self::Annual,
            // What is not a number is 0 to PHP, and emoncms takes at least 1.
            number => Self::Seconds(number.parse().unwrap_or(0).max(1)),
        }
    }

    /// Where the first point begins for a request that starts at `time`.
    pub(super) fn begin(self, time: i64) -> i64 {
        let date = date(time);
        let date = match self {
            Self::Seconds(_) => return time,
            Self::Daily => date,
            // "this monday": today, or the next one.
            Self::Weekly => {
                let days = (7 - i64::from(date.weekday().number_days_from_monday())) % 7;
                date + Duration::days(days)
            }
            Self::Monthly => first_of(date.year(), date.month()),
            Self::Annual => first_of(date.year(), Month::January),
        };
        timestamp(date)
    }

    /// Where the point after the one at `time` begins.
    pub(super) fn next(self, time: i64) -> i64 {
        let date = date(time);
        match self {
            Self::Seconds(seconds) => time + seconds,
            Self::Daily => time + 86_400,
            Self::Weekly => time + 7 * 86_400,
            Self::Monthly if date.month() == Month::December => {
                timestamp(first_of(date.year() + 1, Month::January))
            }
            Self::Monthly => timestamp(first_of(date.year(), date.month().next())),
            Self::Annual => timestamp(first_of(date.year() + 1, Month::January)),
        }
    }
}

/// `2026-11-20T18:24:30+00:00`
pub(super) fn iso8601(time: i64) -> String {
    let time = moment(time);
    let (date, clock) = (time.date(), time.time());
    format!("{date}T{:02}:{:02}:{:02}+00:00", clock.hour(), clock.minute(), clock.second())
}

/// `20/11/2026 18:24:30`
pub(super) fn excel(time: i64) -> String {
    let time = moment(time);
    let (day, month, year) = (time.day(), u8::from(time.month()), time.year());
    format!("{day:02}/{month:02}/{year} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// Which day of the year, from 0.
pub(super) fn day_of_year(time: i64) -> u16 {
    date(time).ordinal() - 1
}

fn moment(time: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(time).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn date(time: i64) -> Date {
    moment(time).date()
}

fn first_of(year: i32, month: Month) -> Date {
    Date::from_calendar_date(year, month, 1).expect("every month has a first day")
}

fn timestamp(date: Date) -> i64 {
    date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp()
}
