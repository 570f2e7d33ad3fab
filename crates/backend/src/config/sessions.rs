//! `sessions`: how long people stay signed in.

use std::time::Duration;

use super::{
    kinds,
    reader::{Fields, Wrong},
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// When a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Without use. `OBSTACK_SESSIONS_IDLE`, 8h.
    pub idle: Duration,
    /// In any case. `OBSTACK_SESSIONS_ABSOLUTE`, 7d.
    pub absolute: Duration,
}

impl Sessions {
    pub(super) fn read(mut section: Fields<'_>) -> Option<Self> {
        let idle = section.parse("idle", |text| kinds::duration(text, MINUTE, DAY * 30));
        let absolute = section.parse("absolute", |text| {
            let absolute = kinds::duration(text, MINUTE, DAY * 90)?;
            match idle {
                Some(idle) if absolute < idle => {
                    Err(Wrong::new(format!("`{text}` is shorter than sessions.idle"), "make it at least as long"))
                }
                _ => Ok(absolute),
            }
        });
        section.finish();
        Some(Self { idle: idle?, absolute: absolute? })
    }
}
