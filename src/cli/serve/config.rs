//! `ampacity.toml`: what `serve` can be told, from a file and from the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::scenario::suggest::nearest;

/// The commented template, every default in it.
pub(super) const TEMPLATE: &str = include_str!("template.toml");

/// Variables of the environment begin with this.
const PREFIX: &str = "AMPACITY_SERVE_";

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    pub(super) listen: SocketAddr,
    pub(super) data: PathBuf,
    pub(super) security: SecurityConfig,
    pub(super) ocpp: OcppConfig,
    pub(super) history: HistoryConfig,
    pub(super) metrics: MetricsConfig,
    pub(super) log: LogConfig,
    pub(super) journal: JournalConfig,
}

/// `[security]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SecurityConfig {
    pub(super) profile: u8,
    pub(super) certificate: String,
    pub(super) key: String,
    pub(super) client_ca: String,
}

/// `[ocpp]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OcppConfig {
    pub(super) heartbeat_s: u32,
    pub(super) accept_unknown_cards: bool,
    pub(super) accept_without_subprotocol: bool,
    pub(super) ping_interval_s: u32,
}

/// `[history]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HistoryConfig {
    pub(super) retention_days: u32,
}

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MetricsConfig {
    pub(super) open: bool,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LogConfig {
    pub(super) level: Level,
    pub(super) format: Format,
}

/// `[journal]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct JournalConfig {
    pub(super) file: String,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("ampacity-data"),
            security: SecurityConfig::default(),
            ocpp: OcppConfig::default(),
            history: HistoryConfig::default(),
            metrics: MetricsConfig::default(),
            log: LogConfig::default(),
            journal: JournalConfig::default(),
        }
    }
}

impl Default for SecurityConfig {
    fn default() -> SecurityConfig {
        SecurityConfig {
            profile: 1,
            certificate: String::new(),
            key: String::new(),
            client_ca: String::new(),
        }
    }
}

impl Default for OcppConfig {
    fn default() -> OcppConfig {
        OcppConfig {
            heartbeat_s: 900,
            accept_unknown_cards: true,
            accept_without_subprotocol: false,
            ping_interval_s: 60,
        }
    }
}

impl Default for HistoryConfig {
    fn default() -> HistoryConfig {
        HistoryConfig { retention_days: 400 }
    }
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig { level: Level::Info, format: Format::Text }
    }
}

/// The configuration of a file, or the defaults, with the environment's variables on top.
///
/// # Errors
/// When the file cannot be read or something in it, or in a variable, is wrong; the text names
/// the place.
pub(super) fn load(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<Config> {
    let config = match file {
        None => Config::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?
        }
    };
    with_variables(&config, variables)
}

fn with_variables(
    config: &Config,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<Config> {
    let mut table = toml::Table::try_from(config).context("the configuration")?;
    for (name, value) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        set(&mut table, &name, &key.to_ascii_lowercase(), &value)?;
    }
    table.try_into().map_err(|error| anyhow!("in the environment: {error}"))
}

/// Sets `section_key` of the table to a text, read as what stands there now.
fn set(table: &mut toml::Table, name: &str, key: &str, text: &str) -> anyhow::Result<()> {
    let mut places: Vec<(String, &mut toml::Value)> = Vec::new();
    for (section, value) in table.iter_mut() {
        match value {
            toml::Value::Table(inner) => {
                places.extend(
                    inner.iter_mut().map(|(key, value)| (format!("{section}_{key}"), value)),
                );
            }
            plain => places.push((section.clone(), plain)),
        }
    }
    let known: Vec<String> = places.iter().map(|(known, _)| known.clone()).collect();
    let Some((_, place)) = places.into_iter().find(|(known, _)| known == key) else {
        let hint = nearest(key, known.iter().map(String::as_str))
            .map(|near| format!("; did you mean {PREFIX}{}?", near.to_ascii_uppercase()))
            .unwrap_or_default();
        bail!("{name} sets nothing that `serve` knows{hint}");
    };
    *place = match place {
        toml::Value::Boolean(_) => toml::Value::Boolean(
            text.parse().map_err(|_| anyhow!("{name}={text}: write true or false"))?,
        ),
        toml::Value::Integer(_) => toml::Value::Integer(
            text.parse().map_err(|_| anyhow!("{name}={text}: write a whole number"))?,
        ),
        _ => toml::Value::String(text.to_owned()),
    };
    Ok(())
}

/// Checks what cannot be said by types alone.
///
/// # Errors
/// When some settings do not go together; the text names them.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    let security = &config.security;
    let tls = !security.certificate.is_empty() && !security.key.is_empty();
    match security.profile {
        0 if !config.listen.ip().is_loopback() => bail!(
            "security.profile = 0 lets anybody be any charge point: only with a loopback address, \
             not {}",
            config.listen
        ),
        2 | 3 if !tls => bail!(
            "security.profile = {} needs `certificate` and `key`: PEM files of the server",
            security.profile
        ),
        3 if security.client_ca.is_empty() => bail!(
            "security.profile = 3 needs `client_ca`: a PEM file of who signs the charge points' \
             certificates"
        ),
        0..=3 => {}
        other => bail!("security.profile = {other}: OCPP 1.6 has the profiles 0, 1, 2 and 3"),
    }
    if config.ocpp.heartbeat_s == 0 || config.ocpp.ping_interval_s == 0 {
        bail!("ocpp.heartbeat_s and ocpp.ping_interval_s are at least 1");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ampacity.toml");
        std::fs::write(&path, text).unwrap();
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(Some(&path), variables).and_then(|config| check(&config).map(|()| config)).map_err(
            |error| error.to_string().replace(&path.display().to_string(), "ampacity.toml"),
        )
    }

    #[test]
    fn the_template_says_the_defaults() {
        assert_eq!(from(TEMPLATE, &[]).unwrap(), Config::default());
        let told: String = TEMPLATE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(set) if !set.starts_with(' ') => format!("{set}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let told: Config = toml::from_str(&told).unwrap();
        let files = SecurityConfig {
            certificate: "server.pem".to_owned(),
            key: "server.key".to_owned(),
            client_ca: "charge-points-ca.pem".to_owned(),
            ..SecurityConfig::default()
        };
        assert_eq!(told, Config { security: files, ..Config::default() });
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let variables = [("AMPACITY_SERVE_OCPP_HEARTBEAT_S", "60"), ("HOME", "/nowhere")];
        let config = from("[ocpp]\nheartbeat_s = 300\nping_interval_s = 20", &variables).unwrap();
        assert_eq!((config.ocpp.heartbeat_s, config.ocpp.ping_interval_s), (60, 20));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let unknown = from("[ocpp]\nheartbeat = 3", &[]).unwrap_err();
        assert!(unknown.contains("line 2") && unknown.contains("heartbeat_s"), "{unknown}");
        let variable = from("", &[("AMPACITY_SERVE_LISTN", "x")]).unwrap_err();
        assert!(variable.contains("did you mean AMPACITY_SERVE_LISTEN?"), "{variable}");
        let address = from("", &[("AMPACITY_SERVE_LISTEN", "here")]).unwrap_err();
        assert!(address.contains("environment"), "{address}");
        let open = from("listen = \"0.0.0.0:80\"\n[security]\nprofile = 0", &[]).unwrap_err();
        assert!(open.contains("loopback"), "{open}");
        let bare = from("[security]\nprofile = 2", &[]).unwrap_err();
        assert!(bare.contains("`certificate` and `key`"), "{bare}");
    }
}
