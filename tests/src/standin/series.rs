//! A year of a house with solar panels and a heat pump, computed from the time alone.
//!
//! Power is a sum of smooth bumps over the day, so that the energy up to any moment has a closed form and the kWh
//! feeds fit the power feeds.

use super::calendar::day_of_year;
use std::f64::consts::{PI, TAU};

/// The seconds between two values.
pub const INTERVAL: i64 = 10;
const DAY: i64 = 86_400;

/// What a feed measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Power in W.
    Power(Source),
    /// Energy since the feed's start in kWh.
    Energy(Source),
    /// From the grid, in W; negative when feeding in.
    Grid,
    /// Outside, in °C.
    Outside,
    /// Of the heating's flow, in °C.
    Flow,
}

/// Where power comes from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The panels on the roof.
    Solar,
    /// Lights, kitchen, screens.
    House,
    /// What the heat pump takes.
    HeatPump,
    /// What the heat pump gives.
    Heat,
}

/// All feeds of a house, from `start` (midnight).
#[derive(Clone, Debug)]
pub struct House {
    start: i64,
    /// kWh at each midnight since `start`, for each source.
    midnight: [Vec<f64>; 4],
}

/// A hill of power: `peak` W, between two hours of the day.
struct Bump {
    peak: f64,
    from: f64,
    to: f64,
}

impl House {
    /// A house that was measured from `start`, a midnight, for so many days.
    pub fn new(start: i64, days: i64) -> Self {
        let sources = [Source::Solar, Source::House, Source::HeatPump, Source::Heat];
        let midnight = sources.map(|source| {
            let mut sum = 0.0;
            let ends = (0..=days).map(|day| {
                let begin = sum;
                sum += energy(source, start + day * DAY, 24.0);
                begin
            });
            ends.collect()
        });
        Self { start, midnight }
    }

    /// The value at `time`, as PHPFina would have stored it. `None` outside of what was measured.
    pub fn value(&self, quantity: Quantity, time: i64) -> Option<f32> {
        let time = time - time.rem_euclid(INTERVAL);
        let day = usize::try_from((time - self.start).div_euclid(DAY)).ok()?;
        // One in 5000 values is missing, as it is in any real feed.
        if matches!(quantity, Quantity::Power(_)) && noise(time / INTERVAL, 99) > 0.9996 {
            return None;
        }
        let value = match quantity {
            Quantity::Power(source) => power(source, time),
            Quantity::Energy(source) => {
                let begin = self.midnight[source as usize].get(day)?;
                begin + energy(source, time, hour(time))
            }
            Quantity::Grid => {
                power(Source::House, time) + power(Source::HeatPump, time) - power(Source::Solar, time)
            }
            Quantity::Outside => outside(time) + 0.3 * smooth(time, 1800, 5),
            Quantity::Flow => 28.0 + (18.0 - outside(time)).max(0.0) * 0.6 + smooth(time, 900, 6),
        };
        // Kept with two decimals, as emonHub sends them.
        Some(((value * 100.0).round() / 100.0) as f32)
    }
}

fn power(source: Source, time: i64) -> f64 {
    let clean: f64 = bumps(source, time).iter().map(|bump| bump.power(hour(time))).sum();
    let restless = match source {
        // Clouds: they take and, at their edges, give.
        Source::Solar => 0.35 * smooth(time, 600, 1) + 0.05 * noise(time / INTERVAL, 1),
        Source::House => 0.20 * smooth(time, 300, 2) + 0.08 * noise(time / INTERVAL, 2),
        Source::HeatPump | Source::Heat => 0.10 * smooth(time, 900, 3),
    };
    (clean * (1.0 + restless)).max(0.0)
}

/// kWh from midnight to `hour` of the day that `time` is in.
fn energy(source: Source, time: i64, hour: f64) -> f64 {
    bumps(source, time).iter().map(|bump| bump.energy(hour)).sum::<f64>() / 1000.0
}

fn bumps(source: Source, time: i64) -> Vec<Bump> {
    let day = time.div_euclid(DAY);
    let luck = |seed| 0.5 + 0.5 * noise(day, seed);
    let bump = |peak, from, to| Bump { peak, from, to };
    match source {
        Source::Solar => {
            let summer = 0.5 - 0.5 * (TAU * (f64::from(day_of_year(time)) + 10.0) / 365.25).cos();
            let half_day = 3.8 + 4.4 * summer;
            let peak = (700.0 + 2800.0 * summer) * (0.25 + 0.75 * luck(11));
            vec![bump(peak, 12.2 - half_day, 12.2 + half_day)]
        }
        Source::House => vec![
            bump(260.0, -14.0, 38.0),
            bump(900.0 * (0.6 + luck(12)), 6.2, 8.6),
            bump(600.0 * luck(13), 11.5, 13.5),
            bump(1500.0 * (0.6 + luck(14)), 16.8, 22.8),
        ],
        Source::HeatPump => {
            let cold = (15.0 - outside_mean(time)).max(0.0) + 1.0;
            vec![bump(55.0 * cold, -3.0, 9.0), bump(48.0 * cold, 8.0, 26.0), bump(1400.0, 12.8, 13.8)]
        }
        Source::Heat => {
            let efficiency = 3.0 + 0.07 * outside_mean(time);
            let mut bumps = bumps(Source::HeatPump, time);
            bumps.iter_mut().for_each(|bump| bump.peak *= efficiency);
            bumps
        }
    }
}

impl Bump {
    fn power(&self, hour: f64) -> f64 {
        let x = (hour - self.from) / (self.to - self.from);
        if (0.0..=1.0).contains(&x) { self.peak * (PI * x).sin().powi(2) } else { 0.0 }
    }

    /// Wh from midnight to `hour`.
    fn energy(&self, hour: f64) -> f64 {
        let length = self.to - self.from;
        let up_to = |hour: f64| {
            let x = ((hour - self.from) / length).clamp(0.0, 1.0);
            self.peak * length * (x / 2.0 - (TAU * x).sin() / (2.0 * TAU))
        };
        up_to(hour) - up_to(0.0)
    }
}

fn outside_mean(time: i64) -> f64 {
    let season = (TAU * (f64::from(day_of_year(time)) - 20.0) / 365.25).cos();
    10.5 - 7.5 * season + 3.0 * smooth(time - time.rem_euclid(DAY), 4 * DAY, 4)
}

fn outside(time: i64) -> f64 {
    outside_mean(time) - 3.5 * (TAU * (hour(time) - 3.0) / 24.0).cos()
}

fn hour(time: i64) -> f64 {
    time.rem_euclid(DAY) as f64 / 3600.0
}

/// Random, between -1 and 1, but the same every time.
fn noise(index: i64, seed: u64) -> f64 {
    let mut x = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Noise that changes over `period` seconds.
fn smooth(time: i64, period: i64, seed: u64) -> f64 {
    let (index, rest) = (time.div_euclid(period), time.rem_euclid(period));
    let x = rest as f64 / period as f64;
    let x = x * x * (3.0 - 2.0 * x);
    noise(index, seed) * (1.0 - x) + noise(index + 1, seed) * x
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_006_400 - 1_700_006_400 % DAY;

    #[test]
    fn the_energy_feeds_fit_the_power_feeds() {
        let house = House::new(START, 30);
        for source in [Source::Solar, Source::House, Source::HeatPump, Source::Heat] {
            let at = |time| f64::from(house.value(Quantity::Energy(source), time).unwrap());
            let counted = at(START + 20 * DAY) - at(START);
            let powers = (START..START + 20 * DAY).step_by(INTERVAL as usize);
            let summed: f64 =
                powers.filter_map(|time| house.value(Quantity::Power(source), time)).map(f64::from).sum();
            let summed = summed * INTERVAL as f64 / 3_600_000.0;
            assert!(
                (summed / counted - 1.0).abs() < 0.06,
                "{source:?}: {counted} kWh counted, {summed} kWh summed"
            );
        }
    }

    #[test]
    fn energy_never_falls() {
        let house = House::new(START, 10);
        let quantity = Quantity::Energy(Source::Solar);
        let values: Vec<_> =
            (START..START + 3 * DAY).step_by(60).map(|time| house.value(quantity, time)).collect();
        assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_sun_does_not_shine_at_night() {
        let house = House::new(START, 10);
        assert_eq!(house.value(Quantity::Power(Source::Solar), START + 3600), Some(0.0));
    }
}
