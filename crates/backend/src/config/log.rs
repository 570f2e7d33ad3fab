//! `log`: the process's own log.

use super::reader::{Fields, Wrong};

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// How the process logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `OBSTACK_LOG_FORMAT`, text.
    pub format: LogFormat,
    /// Directives as `tracing_subscriber::EnvFilter` reads them: a level, then `target=level` for exceptions.
    /// `OBSTACK_LOG_FILTER`, info.
    pub filter: String,
}

impl Log {
    pub(super) fn read(mut section: Fields<'_>) -> Option<Self> {
        let format = section.parse("format", |text| match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(Wrong::new(format!("there is no log format `{text}`"), "write text or json")),
        });
        let filter = section.parse("filter", filter);
        section.finish();
        Some(Self { format: format?, filter: filter? })
    }
}

/// The part of the filter language that has one meaning: levels, and levels of targets.
fn filter(text: &str) -> Result<String, Wrong> {
    for directive in text.split(',').map(str::trim) {
        let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
        let known = LEVELS.contains(&level.to_ascii_lowercase().as_str());
        let plain = target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-'));
        if !known || !plain || (directive.contains('=') && target.is_empty()) {
            let what = format!("`{directive}` is not a log directive");
            return Err(Wrong::new(
                what,
                "write levels (error, warn, info, debug, trace, off), such as info or info,sqlx=warn",
            ));
        }
    }
    Ok(text.to_owned())
}
