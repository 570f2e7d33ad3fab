//! The files of a command: single ones, directories, standard input. Keeps their texts, so that findings can show the line
//! they are about.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use mesh::policy::{
    decode::{self, Decoded},
    finding::{Finding, Severity},
    place::Place,
    yaml::MAX_BYTES,
};

use super::paint::Paint;

/// Deepest directory that is walked.
const MAX_DEPTH: usize = 32;

/// Texts by file name, and what could not be read.
#[derive(Default)]
pub struct Texts {
    /// Contents by name; `-` is standard input.
    pub files: BTreeMap<String, String>,
    /// One sentence per file that could not be read.
    pub failures: Vec<String>,
}

/// Reads files, directories (YAML and JSON files in them, recursively) and `-`.
pub fn read(paths: &[PathBuf]) -> Texts {
    let mut texts = Texts::default();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            let result = io::stdin().lock().take(limit()).read_to_string(&mut text).map(|_| text);
            texts.keep("-", result);
        } else if path.is_dir() {
            walk(path, 0, &mut texts);
        } else {
            one(path, &mut texts);
        }
    }
    texts
}

fn limit() -> u64 {
    // One byte more than allowed, so that the reader notices.
    u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1)
}

fn walk(dir: &Path, depth: usize, texts: &mut Texts) {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            texts.failures.push(format!("{}: {error}", dir.display()));
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        // Links are not followed: a loop of them would never end.
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && depth < MAX_DEPTH {
            walk(&path, depth + 1, texts);
        } else if kind.is_file()
            && matches!(path.extension().and_then(|ext| ext.to_str()), Some("yaml" | "yml" | "json"))
        {
            one(&path, texts);
        }
    }
}

fn one(path: &Path, texts: &mut Texts) {
    let mut text = String::new();
    let result = fs::File::open(path).and_then(|file| file.take(limit()).read_to_string(&mut text));
    texts.keep(&path.display().to_string(), result.map(|_| text));
}

impl Texts {
    fn keep(&mut self, name: &str, text: io::Result<String>) {
        match text {
            Ok(text) => {
                self.files.insert(name.to_owned(), text);
            }
            Err(error) => self.failures.push(format!("{name}: {error}")),
        }
    }

    /// All policies of the files, with everything else that stands in them.
    pub fn manifests(&self, namespace: &str) -> Decoded {
        decode::files(self.files.iter().map(|(name, text)| (name.as_str(), text.as_str())), namespace)
    }

    /// Says on standard error what could not be read.
    pub fn report_failures(&self) -> bool {
        for failure in &self.failures {
            eprintln!("obstack: {failure}");
        }
        !self.failures.is_empty()
    }

    /// The line a place is about, with a mark under its column.
    pub fn excerpt(&self, place: &Place, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        let line = place.line.checked_sub(1).and_then(|line| usize::try_from(line).ok());
        let text = self.files.get(place.file.as_ref());
        let Some(line) = text.zip(line).and_then(|(text, line)| text.lines().nth(line)) else { return Ok(()) };
        let column = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
        if column > 200 {
            return Ok(());
        }
        let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect();
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(out, "    {}", paint.faint(&format!("{number} | {shown}")))?;
        writeln!(out, "    {} {}{}", paint.faint(&format!("{margin} |")), " ".repeat(column), paint.unsure("^"))
    }
}

/// Findings for people: position, severity, code, sentence, source line, remedy.
pub fn show(findings: &[Finding], texts: &Texts, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        let word = match finding.severity {
            Severity::Error => paint.bad("error"),
            Severity::Warning => paint.unsure("warning"),
            Severity::Info => paint.faint("info"),
        };
        let about = if finding.object.is_empty() { String::new() } else { format!(" {}", finding.object) };
        writeln!(out, "{}: {word} {}{about}: {}", finding.place, finding.code, paint.strong(&finding.message))?;
        if finding.severity != Severity::Info {
            if !finding.path.is_empty() {
                writeln!(out, "    {}", paint.faint(&finding.path))?;
            }
            texts.excerpt(&finding.place, paint, out)?;
            writeln!(out, "    {}", finding.remedy)?;
        }
    }
    Ok(())
}
