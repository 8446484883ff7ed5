//! `[[site.windows]]` and `[site.pv]`.

use super::Run;
use super::problems::Problems;
use super::record::Record;
use super::site::power;
use crate::csms::{Calendar, Days, Window};
use crate::scenario::model::Pv;
use crate::scenario::suggest::hint;
use crate::time::Span;
use crate::units::Watts;

/// The windows of the day, if there are any.
pub(super) fn calendar(root: &Record, run: &Run, problems: &mut Problems<'_>) -> Option<Calendar> {
    let site = root.record("site")?;
    let max_power = power(site, "max_power_kw").unwrap_or_default();
    let windows: Vec<Window> = site
        .records("windows")
        .iter()
        .zip(1..)
        .map(|(record, number)| window(record, number, max_power, problems))
        .collect();
    (!windows.is_empty()).then(|| Calendar { time_zone: zone_name(run), windows })
}

fn window(
    record: &Record,
    number: usize,
    connection: Watts,
    problems: &mut Problems<'_>,
) -> Window {
    let (max_power, soft_limit) = (power(record, "max_power_kw"), power(record, "soft_limit_kw"));
    if !record.has("max_power_kw") && !record.has("soft_limit_kw") {
        problems
            .warning(record.span.clone(), "the window limits nothing")
            .label("neither `max_power_kw` nor `soft_limit_kw`")
            .help("say what holds in it, for example `max_power_kw = 60`");
    }
    if let Some(more) = max_power.filter(|power| *power > connection) {
        problems
            .error(record.at("max_power_kw"), "a window cannot raise the grid connection")
            .label(&format!("{} kW; the site has {}", more.kw(), connection.kw()))
            .help("raise `max_power_kw` of the site, and lower it in windows");
    }
    Window {
        name: record.text("name").unwrap_or_else(|| format!("window {number}")),
        from: record.lasting("from").unwrap_or_default(),
        to: record.lasting("to").unwrap_or_default(),
        days: days(record, problems),
        max_power,
        soft_limit,
    }
}

fn days(record: &Record, problems: &mut Problems<'_>) -> Days {
    let texts = record.texts("days");
    let known: Vec<&str> = Days::ALL.names().collect();
    for text in texts.iter().filter(|text| !known.contains(&text.value.as_str())) {
        problems
            .error(text.span.clone(), &format!("`{}` is no day", text.value))
            .label("unknown")
            .help(&hint(&text.value, "days", &known));
    }
    if texts.is_empty() {
        problems
            .error(record.at("days"), "the window has no days")
            .label("an empty list")
            .help("name some, for example [\"mon\", \"fri\"], or leave the key out for all");
    }
    Days::named(texts.iter().map(|text| text.value.as_str())).unwrap_or(Days::ALL)
}

/// As a calendar names it.
fn zone_name(run: &Run) -> String {
    match run.zone.iana_name() {
        Some(name) => name.to_owned(),
        None => offset_name(run.utc_offset),
    }
}

fn offset_name(offset: Span) -> String {
    let minutes = offset.whole_s() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// Photovoltaics, which only a meter behind the same connection sees.
pub(super) fn pv(root: &Record, problems: &mut Problems<'_>) -> Option<Pv> {
    let site = root.record("site")?;
    let record = site.record("pv")?;
    if site.record("base_load").is_none() {
        problems
            .error(site.at("pv"), "no meter sees the photovoltaics")
            .label("the site has no `base_load`")
            .help(
                "add [site.base_load], whose meter tells what other loads take less what feeds in; \
                 with `steps = [{ at = \"00:00\", kw = 0 }]` where there are none",
            );
    }
    Some(Pv {
        peak: power(record, "peak_kw")?,
        latitude: record.number("latitude")?,
        longitude: record.number("longitude")?,
        clouds: record.number("clouds").unwrap_or_default(),
    })
}
