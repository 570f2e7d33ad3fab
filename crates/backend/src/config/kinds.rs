//! The kinds of values: durations, URLs, addresses, names, secrets. Each says what to write instead.

use std::{fs, net::SocketAddr, time::Duration};

use reqwest::Url;

use super::{
    reader::{Fields, Item, Reader, Wrong},
    secret::Secret,
};

/// Longest secret, bytes.
const LONGEST_SECRET: u64 = 64 * 1024;

/// `15s`, `90m`, `1h30m`, `7d`, within these bounds.
pub(super) fn duration(text: &str, min: Duration, max: Duration) -> Result<Duration, Wrong> {
    let remedy = || {
        format!("write a number and a unit (s, m, h, d, w, y) from {} to {}, such as 90s or 7d", brief(min), brief(max))
    };
    let value = parse_duration(text).ok_or_else(|| Wrong::new(format!("`{text}` is not a duration"), remedy()))?;
    if value < min || value > max {
        return Err(Wrong::new(format!("`{text}` is out of bounds"), remedy()));
    }
    Ok(value)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let secs = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(number.checked_mul(secs)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    (!text.is_empty()).then_some(Duration::from_secs(total))
}

const UNITS: [(char, u64); 6] =
    [('y', 365 * 86_400), ('w', 7 * 86_400), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// A whole number of the largest unit that fits, weeks aside.
fn brief(duration: Duration) -> String {
    let secs = duration.as_secs();
    let (unit, size) = UNITS
        .into_iter()
        .find(|(unit, size)| *unit != 'w' && secs >= *size && secs.is_multiple_of(*size))
        .unwrap_or(('s', 1));
    format!("{}{unit}", secs / size)
}

/// An IP address with a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| {
        let remedy = "write an IP address and a port, such as 127.0.0.1:3000, 0.0.0.0:3000 or [::1]:3000";
        Wrong::new(format!("`{text}` is not an address to listen on"), remedy)
    })
}

/// An http or https URL without user, query and fragment.
pub(super) fn http_url(text: &str) -> Result<Url, Wrong> {
    let example = "write for example http://127.0.0.1:9090";
    // The text is not repeated here: it may contain a password.
    let url = Url::parse(text).map_err(|error| Wrong::new(format!("this is not a URL ({error})"), example))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Wrong::new(format!("a URL with `{}:` cannot be used", url.scheme()), "write http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Wrong::new(
            "the URL contains a user or password",
            "give them as username and password_env, or as bearer_token_env",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::new("the URL contains a query or fragment", "remove everything from the first `?` or `#`"));
    }
    Ok(url)
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, Wrong> {
    text.parse().map_err(|_| Wrong::new(format!("`{text}` is neither true nor false"), "write true or false"))
}

/// A display name.
pub(super) fn display_name(text: &str) -> Result<String, Wrong> {
    let text = text.trim();
    let plain = !text.is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control);
    plain
        .then(|| text.to_owned())
        .ok_or_else(|| Wrong::new("this is not a name", "write 1 to 200 characters on one line"))
}

/// A secret and where it was given: as `key_env` or `key_file`, and as plain `key` only where `plain` allows it. `Some(None)`
/// when absent, `None` when wrong. A variable that sets one of the three outweighs whatever the file says.
pub(super) fn secret(fields: &mut Fields<'_>, key: &str, plain: bool) -> Option<Option<(Secret, Item)>> {
    let reader = fields.reader;
    let mut given: Vec<(Item, &str)> = Vec::new();
    for suffix in ["", "_env", "_file"] {
        if let Some(item) = fields.written(&format!("{key}{suffix}")) {
            given.push((item, suffix));
        }
    }
    if given.iter().any(|(item, _)| item.is_from_variable()) {
        given.retain(|(item, _)| item.is_from_variable());
    }
    let (item, suffix) = match given.as_slice() {
        [] => return Some(None),
        [one] => one,
        [_, (second, _), ..] => {
            let what = format!("`{key}` is given more than once");
            reader.wrong(second, what, format!("keep one of {key}_env and {key}_file"));
            return None;
        }
    };
    let value = match *suffix {
        "" if !plain => {
            let remedy = format!("put it into a variable or a file, and write {key}_env or {key}_file");
            reader.wrong(item, "a secret does not belong into the configuration", remedy);
            None
        }
        "_env" => reader.parse_item(item, |name| from_variable(reader, name)),
        "_file" => reader.parse_item(item, from_file),
        _ => reader.parse_item(item, |text| Ok(text.to_owned())),
    };
    value.map(|text| Some((Secret::new(text), item.clone())))
}

fn from_variable(reader: &Reader<'_>, name: &str) -> Result<String, Wrong> {
    reader.variable(name).ok_or_else(|| {
        Wrong::new(
            format!("the variable {name} is not set or empty"),
            "set it in the environment of Obstack, or give a file instead",
        )
    })
}

fn from_file(path: &str) -> Result<String, Wrong> {
    let unreadable =
        |error| Wrong::new(format!("the file {path} cannot be read ({error})"), "check the path and its permissions");
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LONGEST_SECRET {
        return Err(Wrong::new(
            format!("the file {path} is too long for a secret"),
            "write a path of a file with nothing but the secret",
        ));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    // Editors and `echo` end a file with a line break; it is not part of the secret.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Wrong::new(format!("the file {path} is empty"), "write the secret into it"));
    }
    Ok(text.to_owned())
}

/// Notes every name that an earlier entry has already. Names that could not be read are left out.
pub(super) fn unique<'i>(reader: &Reader<'_>, what: &str, names: impl Iterator<Item = (&'i str, &'i Item)>) {
    let mut seen: Vec<(&str, &Item)> = Vec::new();
    for (name, item) in names {
        match seen.iter().find(|(earlier, _)| *earlier == name) {
            Some((_, earlier)) => {
                reader.wrong(
                    item,
                    format!("the {what} `{name}` is given twice"),
                    format!("rename it or remove it; the first is {}", earlier.path),
                );
            }
            None => seen.push((name, item)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_units_and_keep_bounds() {
        let day = Duration::from_secs(86_400);
        let parse = |text| duration(text, Duration::from_secs(1), day * 7).map_err(|wrong| wrong.what);
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("1w"), Ok(day * 7));
        for bad in ["", "15", "s", "1.5h", "-1h", "1 h", "5ms", "99999999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(parse("8d"), Err("`8d` is out of bounds".to_owned()));
        assert_eq!(parse("0s"), Err("`0s` is out of bounds".to_owned()));
    }

    #[test]
    fn bounds_are_shown_in_the_unit_people_think_in() {
        assert_eq!(brief(Duration::from_secs(60)), "1m");
        assert_eq!(brief(Duration::from_secs(30 * 86_400)), "30d");
        assert_eq!(brief(Duration::from_secs(90)), "90s");
        assert_eq!(brief(Duration::from_secs(3650 * 86_400)), "10y");
    }

    #[test]
    fn urls_of_stores_carry_nothing_but_an_address() {
        let wrong = |text| http_url(text).expect_err("refused").what;
        assert!(http_url("https://mimir.example.com:8443/prometheus").is_ok());
        assert_eq!(wrong("ftp://x/"), "a URL with `ftp:` cannot be used");
        assert_eq!(wrong("http://ana:secret@x/"), "the URL contains a user or password");
        assert_eq!(wrong("http://x/?a=b"), "the URL contains a query or fragment");
        assert_eq!(wrong("http://x/#y"), "the URL contains a query or fragment");
        assert!(wrong("127.0.0.1:9090").starts_with("this is not a URL"));
        assert!(wrong("localhost:9090").contains("`localhost:`"));
    }
}
