//! What photovoltaics give: the sun over a place, and clouds before it.
//!
//! Declination and equation of time by Spencer (1971), irradiance of a clear sky on level ground by
//! Haurwitz (1945). Modules lie flat and lose 15 %, as usual between their rating and the meter.
//! Clouds pass for 8 minutes on average and let 20 to 60 % through; how much of the time they pass is
//! the site's.

use super::draw;
use super::model::{Pv, Scenario};
use super::streams::stream;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Power holds for so long.
const STEP: Span = Span::from_s(60);
/// What arrives at the meter of what modules are rated for.
const PERFORMANCE: f64 = 0.85;
const MEAN_CLOUD_S: f64 = 480.0;
const THROUGH_CLOUDS: (f64, f64) = (0.2, 0.6);
/// Power is told in multiples of this, so that the last digits of a machine's sine do not matter.
const GRAIN: Watts = Watts(10);

/// Spells of sky, one after the other: until when, and what share of the light gets through.
type Sky = Vec<(Time, f64)>;

/// What the photovoltaics of a scenario give from an instant on, ascending; nothing before the first.
#[must_use]
pub(super) fn production(scenario: &Scenario, seed: u64) -> Vec<(Time, Watts)> {
    let Some(pv) = &scenario.site.pv else { return Vec::new() };
    let (start, end) = (scenario.start, scenario.start + scenario.duration);
    let sky = sky(pv, start, end, seed);
    let mut steps: Vec<(Time, Watts)> = Vec::new();
    let (mut now, mut spell) = (start, 0);
    while now < end {
        while sky.get(spell).is_some_and(|(until, _)| *until <= now) {
            spell += 1;
        }
        let through = sky.get(spell).map_or(1.0, |(_, through)| *through);
        let watts = pv.peak.0 as f64 * PERFORMANCE * clear_sky(pv, now) / 1000.0 * through;
        let power = Watts(watts.round() as i64).floor_to(GRAIN);
        if steps.last().map_or(Watts::ZERO, |(_, last)| *last) != power {
            steps.push((now, power));
        }
        now += STEP;
    }
    steps
}

/// Irradiance of a clear sky on level ground, W/m2.
fn clear_sky(pv: &Pv, at: Time) -> f64 {
    let height = height(pv, at);
    if height <= 0.0 { 0.0 } else { 1098.0 * height * (-0.057 / height).exp() }
}

/// Sine of the sun's elevation.
fn height(pv: &Pv, at: Time) -> f64 {
    let days = at.0 as f64 / Span::from_s(86_400).0 as f64;
    // The calendar repeats after 365.2425 days; 1970 began with the first day of a year.
    let angle = days.rem_euclid(365.2425) / 365.2425 * std::f64::consts::TAU;
    let (sin, cos) = angle.sin_cos();
    let (sin2, cos2) = (2.0 * angle).sin_cos();
    let (sin3, cos3) = (3.0 * angle).sin_cos();
    let declination = 0.006_918 - 0.399_912 * cos + 0.070_257 * sin - 0.006_758 * cos2
        + 0.000_907 * sin2
        - 0.002_697 * cos3
        + 0.001_480 * sin3;
    let equation_min = 229.18
        * (0.000_075 + 0.001_868 * cos - 0.032_077 * sin - 0.014_615 * cos2 - 0.040_89 * sin2);
    let solar_min = days.rem_euclid(1.0) * 1440.0 + 4.0 * pv.longitude + equation_min;
    let hour_angle = (solar_min / 4.0 - 180.0).to_radians();
    let (north, east) = pv.latitude.to_radians().sin_cos();
    north * declination.sin() + east * declination.cos() * hour_angle.cos()
}

/// Clear and cloudy spells in turn; the first one is drawn as they come.
fn sky(pv: &Pv, start: Time, end: Time, seed: u64) -> Sky {
    let mut rng = stream(seed, "clouds", 0);
    if pv.clouds <= 0.0 {
        return Sky::new();
    }
    let mut sky = Sky::new();
    let mut cloudy = draw::unit(&mut rng) < pv.clouds;
    let mut until = start;
    while until < end {
        let mean_s =
            if cloudy { MEAN_CLOUD_S } else { MEAN_CLOUD_S * (1.0 - pv.clouds) / pv.clouds };
        until += Span::from_s_f64(draw::exponential(&mut rng, mean_s.max(1.0)));
        let through = draw::between(&mut rng, THROUGH_CLOUDS.0, THROUGH_CLOUDS.1);
        sky.push((until, if cloudy { through } else { 1.0 }));
        cloudy = pv.clouds >= 1.0 || !cloudy;
    }
    sky
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMSTERDAM: Pv = Pv { peak: Watts(100_000), latitude: 52.37, longitude: 4.9, clouds: 0.0 };

    fn at(text: &str) -> Time {
        Time::parse_ocpp_exact(text).unwrap()
    }

    fn elevation(pv: &Pv, text: &str) -> f64 {
        height(pv, at(text)).asin().to_degrees()
    }

    #[test]
    fn the_sun_stands_where_almanacs_say() {
        // 90 degrees less the latitude, plus the declination, at solar noon.
        let noon = elevation(&AMSTERDAM, "2026-06-21T11:42:00Z");
        assert!((noon - 61.07).abs() < 0.1, "{noon}");
        let winter = elevation(&AMSTERDAM, "2026-12-21T11:38:00Z");
        assert!((winter - 14.19).abs() < 0.1, "{winter}");
        let equator = Pv { latitude: 0.0, longitude: 0.0, ..AMSTERDAM };
        let zenith = elevation(&equator, "2026-03-20T12:07:00Z");
        assert!(zenith > 89.5, "{zenith}");
        assert!(elevation(&AMSTERDAM, "2026-06-21T23:42:00Z") < 0.0, "it is night");
        let rises = elevation(&AMSTERDAM, "2026-03-20T05:47:00Z");
        assert!(rises.abs() < 1.0, "{rises}: equinox, about 6 h before solar noon");
    }

    #[test]
    fn a_clear_summer_noon_gives_about_four_fifths_of_the_peak() {
        let irradiance = clear_sky(&AMSTERDAM, at("2026-06-21T11:42:00Z"));
        assert!((880.0..920.0).contains(&irradiance), "{irradiance}");
        assert_eq!(clear_sky(&AMSTERDAM, at("2026-06-21T23:42:00Z")), 0.0);
    }

    #[test]
    fn clouds_pass_for_the_share_of_the_time_that_was_said() {
        let pv = Pv { clouds: 0.3, ..AMSTERDAM };
        let (start, end) = (Time(0), Time(0) + Span::from_s(90 * 86_400));
        let sky = sky(&pv, start, end, 7);
        let mut from = start;
        let mut cloudy = Span::ZERO;
        for (until, through) in sky {
            if through < 1.0 {
                assert!((0.2..=0.6).contains(&through));
                cloudy = cloudy + until.since(from);
            }
            from = until;
        }
        let share = cloudy.s() / from.since(start).s();
        assert!((0.27..0.33).contains(&share), "{share}");
    }
}
