//! Colours on terminals.

use std::io::IsTerminal;

/// When to use colours.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// For what goes to standard output.
    pub fn on_stdout(self) -> Paint {
        Paint {
            on: match self {
                Self::Auto => std::io::stdout().is_terminal(),
                Self::Always => true,
                Self::Never => false,
            },
        }
    }
}

/// Puts colours around texts, or does not.
#[derive(Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    #[cfg(test)]
    pub const OFF: Self = Self { on: false };

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    pub fn unsure(self, text: &str) -> String {
        self.with("33", text)
    }

    pub fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }
}
