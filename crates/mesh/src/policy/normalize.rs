//! What a proxy makes of a request path before policies see it (R28, R29). Observed on released Envoy binaries.

#[cfg(test)]
mod tests;

use super::settings::{Normalization, ProxyVersion};

/// Why a proxy answers 400 before any policy runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPath {
    /// No slash at the beginning.
    NotAbsolute,
    /// A byte that is not ASCII.
    NotAscii,
    /// `%00`, or that byte itself.
    Nul,
}

impl BadPath {
    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAbsolute => "the path does not start with a slash",
            Self::NotAscii => "the path contains a byte that is not ASCII",
            Self::Nul => "the path contains `%00`",
        }
    }
}

/// The path with its query as it is forwarded and as `request.headers[:path]` sees it.
pub fn normalize(path: &str, mode: Normalization, proxy: ProxyVersion) -> Result<String, BadPath> {
    if !path.is_ascii() {
        return Err(BadPath::NotAscii);
    }
    if !path.is_empty() && !path.starts_with('/') {
        return Err(BadPath::NotAbsolute);
    }
    // Envoy refuses fragments unless told to cut them off, and Istio tells it (pkg/bootstrap/config.go, the runtime flag
    // http_reject_path_with_fragment).
    let path = path.find('#').map_or(path, |at| &path[..at]);
    if mode == Normalization::None {
        return Ok(path.to_owned());
    }
    let (path, query) = path.find('?').map_or((path, ""), |at| path.split_at(at));
    let decoded;
    let path = if mode == Normalization::DecodeAndMergeSlashes {
        decoded = decode_slashes(path);
        &decoded
    } else {
        path
    };
    let plain;
    let path = if proxy.resolves_dots_with_parameters() {
        plain = without_dot_parameters(path);
        &plain
    } else {
        path
    };
    let mut path = resolve_dots(&canonical(path).ok_or(BadPath::Nul)?);
    match mode {
        Normalization::None | Normalization::Base => {}
        Normalization::MergeSlashes | Normalization::DecodeAndMergeSlashes => path = merge_slashes(&path),
    }
    Ok(path + query)
}

/// The part that `paths` compares: no query, no fragment (R28).
pub fn without_query(path: &str) -> &str {
    path.find(['?', '#']).map_or(path, |end| &path[..end])
}

fn decode_slashes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        match rest.get(at + 1..at + 3) {
            Some("2F" | "2f") => out.push('/'),
            Some("5C" | "5c") => out.push('\\'),
            Some(_) | None => {
                out.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    out + rest
}

/// One pass over the characters: backslashes become slashes, escapes of unreserved characters are decoded, characters that
/// no path may have are escaped. Everything else stays, bad escapes included. Nothing where
/// there is a NUL, escaped or not: the canonicalizer calls both invalid (url_canon_path.cc kPathCharLookup).
fn canonical(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len() + 1);
    if !path.starts_with(['/', '\\']) {
        out.push('/');
    }
    // Where a `%` stands that begins no escape.
    let mut stray = None;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let escaped = (byte == b'%').then(|| escape(bytes.get(at + 1..at + 3))).flatten();
        match (byte, escaped) {
            (0, _) | (_, Some(0)) => return None,
            (_, Some(decoded)) if decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded) => {
                out.push(char::from(decoded));
                at += 2;
                if let Some(stray) = stray {
                    keep_stray(&mut out, stray, bytes.get(at + 1));
                }
            }
            (b'%', None) => {
                stray = Some(out.len());
                out.push('%');
            }
            (b'\\', _) => out.push('/'),
            (b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | 0..=b' ' | 0x7f, _) => {
                out.push_str(&format!("%{byte:02X}"));
            }
            (byte, _) => out.push(char::from(byte)),
        }
        at += 1;
    }
    Some(out)
}

/// A decoded character must not make an escape of a stray `%` (`%%361` is no `%61`): that one is escaped then
/// (url_canon_path.cc CheckForNestedEscapes). `next` is the byte after the escape.
fn keep_stray(out: &mut String, stray: usize, next: Option<&u8>) {
    let mut digits = out.as_bytes()[stray + 1..].to_vec();
    if digits.len() == 1 {
        digits.extend(next);
    }
    if escape(Some(&digits)).is_some() {
        out.insert_str(stray + 1, "25");
    }
}

fn escape(digits: Option<&[u8]>) -> Option<u8> {
    let [high, low] = digits? else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// `.;x` and `..;x` become `.` and `..` (CVE-2026-73551). This comes before everything is decoded: escaped dots and segments
/// between backslashes keep their parameters.
fn without_dot_parameters(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once(';') {
        Some((dots @ ("." | ".."), _)) => dots,
        Some(_) | None => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Resolves `.` and `..` segments.
fn resolve_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (i, segment) in segments.iter().enumerate() {
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if i + 1 == segments.len() {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

fn merge_slashes(path: &str) -> String {
    // Nothing but slashes: Envoy puts one before and one after the nothing between (path_utility.cc mergeSlashes).
    if path.len() > 1 && path.bytes().all(|byte| byte == b'/') {
        return "//".to_owned();
    }
    let mut out = String::with_capacity(path.len());
    for byte in path.chars() {
        if byte != '/' || !out.ends_with('/') {
            out.push(byte);
        }
    }
    out
}
