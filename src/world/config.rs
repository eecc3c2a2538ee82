//! Finds and reads the settings file.

use crate::config::{BadConfig, Config};
use etcetera::AppStrategy;
use std::path::{Path, PathBuf};

/// Bytes of a settings file at most.
const LIMIT: u64 = 1 << 20;

/// Settings as they were found.
#[derive(Debug, Default)]
pub struct Found {
    pub config: Config,
    pub path: PathBuf,
    /// The file's text, for complaints about its lines.
    pub text: String,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{path}: larger than any settings file")]
    Large { path: PathBuf },
    #[error("{path}: {error}")]
    Bad { path: PathBuf, error: BadConfig },
}

impl Found {
    /// A complaint about one of its lines.
    pub fn bad(&self, error: BadConfig) -> ConfigError {
        ConfigError::Bad { path: self.path.clone(), error }
    }
}

/// The file named, or that of `POSTDOC_CONFIG`, or the platform's (`~/.config/postdoc/config.toml`).
pub fn path(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    if let Some(named) = std::env::var_os("POSTDOC_CONFIG").filter(|v| !v.is_empty()) {
        return Some(named.into());
    }
    let strategy = etcetera::choose_app_strategy(super::state::app()).ok()?;
    Some(strategy.config_dir().join("config.toml"))
}

/// Reads the settings. A file that is not there is none, unless it was named.
pub fn find(named: Option<&Path>) -> Result<Found, ConfigError> {
    let Some(path) = path(named) else { return Ok(Found::default()) };
    let asked = named.is_some() || std::env::var_os("POSTDOC_CONFIG").is_some_and(|v| !v.is_empty());
    let text = match read(&path) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(ConfigError::Large { path }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !asked => return Ok(Found::default()),
        Err(error) => return Err(ConfigError::Io { path, error }),
    };
    match Config::read(&text) {
        Ok(config) => Ok(Found { config, path, text }),
        Err(error) => Err(ConfigError::Bad { path, error }),
    }
}

fn read(path: &Path) -> std::io::Result<Option<String>> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LIMIT + 1).read_to_string(&mut text)?;
    Ok((text.len() as u64 <= LIMIT).then_some(text))
}
