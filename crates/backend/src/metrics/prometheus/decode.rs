//! Reads the JSON of the Prometheus API in one pass, without a tree in between. Fields may come in any order, unknown
//! ones are skipped. 20,000 series of 20 labels (14 MB) are read in well under 40 ms; see `examples/decode.rs`.

use std::{fmt, sync::Arc};

use contract::Timestamp;
use mesh::Labels;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::super::{Instant, RangeSeries, Ranged, Sample};
use super::interner::Interner;

/// The body is not what the API promises.
#[derive(Debug, thiserror::Error)]
#[error("unexpected answer: {0}")]
pub struct Garbage(#[from] serde_json::Error);

/// Reads the answer of `/api/v1/query`: a vector, a scalar or a string.
///
/// # Errors
/// [`Garbage`] when the body is no such answer, or not a successful one.
pub fn decode_instant(body: &[u8]) -> Result<Instant, Garbage> {
    let answer = read(body)?;
    let samples = answer
        .data
        .series
        .into_iter()
        .filter_map(|series| Some(Sample { labels: series.labels, value: series.points.first()?.1 }))
        .collect();
    Ok(Instant { samples, warnings: answer.warnings })
}

/// Reads the answer of `/api/v1/query_range`.
///
/// # Errors
/// [`Garbage`] when the body is no such answer, or not a successful one.
pub fn decode_range(body: &[u8]) -> Result<Ranged, Garbage> {
    let answer = read(body)?;
    Ok(Ranged { series: answer.data.series, warnings: answer.warnings })
}

/// Reads a list of names (`/api/v1/label/…/values`).
pub(super) fn decode_names(body: &[u8]) -> Result<Vec<String>, Garbage> {
    #[derive(Deserialize)]
    struct Names {
        data: Option<Vec<String>>,
    }
    Ok(serde_json::from_slice::<Names>(body)?.data.unwrap_or_default())
}

/// The version in `/api/v1/status/buildinfo`, empty where there is none.
pub(super) fn decode_version(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Info {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        version: String,
    }
    serde_json::from_slice::<Info>(body).map(|info| info.data.version).unwrap_or_default()
}

fn read(body: &[u8]) -> Result<Whole, Garbage> {
    let whole: Whole = serde_json::from_slice(body)?;
    if whole.status != "success" {
        return Err(Garbage(serde_json::Error::custom("its status is not success")));
    }
    Ok(whole)
}

#[derive(Deserialize)]
struct Whole {
    status: String,
    data: Data,
    #[serde(default)]
    warnings: Vec<String>,
}

/// The `data` object, whatever its result type.
#[derive(Default)]
struct Data {
    series: Vec<RangeSeries>,
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor;
        impl<'de> Visitor<'de> for DataVisitor {
            type Value = Data;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a result")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
                let mut series = None;
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Result => series = Some(map.next_value_seed(ResultSeed)?),
                        Key::Metric | Key::Value | Key::Values | Key::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Data { series: series.ok_or_else(|| A::Error::missing_field("result"))? })
            }
        }
        deserializer.deserialize_map(DataVisitor)
    }
}

/// The keys that matter.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Result,
    Metric,
    Value,
    Values,
    #[serde(other)]
    Other,
}

/// `result`: a list of series, or the two parts of a scalar or string.
struct ResultSeed;

impl<'de> DeserializeSeed<'de> for ResultSeed {
    type Value = Vec<RangeSeries>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ResultSeed {
    type Value = Vec<RangeSeries>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series, or a time and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut interner = Interner::default();
        let mut series: Vec<RangeSeries> = Vec::new();
        let mut at = None;
        let mut place = 0;
        while let Some(item) = seq.next_element_seed(ItemSeed { interner: &mut interner, place })? {
            match item {
                Item::Series(one) => series.push(one),
                Item::Time(time) => at = Some(time),
                Item::Text(value) => {
                    let at = at.ok_or_else(|| A::Error::custom("a value without a time"))?;
                    // A string result is no number: it has no place in a list of samples.
                    if let Some(value) = value {
                        series.push(RangeSeries { labels: Labels::default(), points: vec![(at, value)] });
                    }
                }
            }
            place = series.last().map_or(0, |one| one.labels.iter().count());
        }
        Ok(series)
    }
}

/// One element of `result`.
enum Item {
    Series(RangeSeries),
    Time(Timestamp),
    Text(Option<f64>),
}

struct ItemSeed<'a> {
    interner: &'a mut Interner,
    place: usize,
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemSeed<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series, a time or a value")
    }

    fn visit_u64<E: serde::de::Error>(self, secs: u64) -> Result<Item, E> {
        i64::try_from(secs).map(|secs| Item::Time(Timestamp::from_secs(secs))).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, secs: f64) -> Result<Item, E> {
        Ok(Item::Time(timestamp(secs)))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Item, E> {
        Ok(Item::Text(number(value)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut labels = Labels::default();
        let mut points = Vec::new();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Metric => {
                    labels = map.next_value_seed(LabelsSeed { interner: &mut *self.interner, expected: self.place })?;
                }
                Key::Value => {
                    let Point(at, value) = map.next_value()?;
                    points.push((at, value));
                }
                Key::Values => points = map.next_value_seed(PointsSeed)?,
                Key::Result | Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Item::Series(RangeSeries { labels, points }))
    }
}

struct LabelsSeed<'a> {
    interner: &'a mut Interner,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for LabelsSeed<'_> {
    type Value = Labels;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Labels, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for LabelsSeed<'_> {
    type Value = Labels;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
        let mut pairs = Vec::with_capacity(self.expected);
        while let Some(name) = map.next_key_seed(NameSeed { interner: &mut *self.interner, place: pairs.len() })? {
            let value = map.next_value_seed(ValueSeed { interner: &mut *self.interner, place: pairs.len() })?;
            let pair = (name, value);
            self.interner.remember(pairs.len(), &pair);
            pairs.push(pair);
        }
        Ok(Labels::new(pairs))
    }
}

macro_rules! shared_text {
    ($seed:ident, $method:ident) => {
        struct $seed<'a> {
            interner: &'a mut Interner,
            place: usize,
        }

        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = Arc<str>;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
                deserializer.deserialize_str(self)
            }
        }

        impl Visitor<'_> for $seed<'_> {
            type Value = Arc<str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
                Ok(self.interner.$method(self.place, text))
            }
        }
    };
}
shared_text!(NameSeed, name);
shared_text!(ValueSeed, value);

struct PointsSeed;

impl<'de> DeserializeSeed<'de> for PointsSeed {
    type Value = Vec<(Timestamp, f64)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PointsSeed {
    type Value = Vec<(Timestamp, f64)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut points = Vec::new();
        while let Some(Point(at, value)) = seq.next_element()? {
            points.push((at, value));
        }
        Ok(points)
    }
}

/// `[1700000000.123, "0.5"]`
struct Point(Timestamp, f64);

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PointVisitor;
        impl<'de> Visitor<'de> for PointVisitor {
            type Value = Point;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time and a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Point, A::Error> {
                let at: f64 = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let Number(value) = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                Ok(Point(timestamp(at), value))
            }
        }
        deserializer.deserialize_seq(PointVisitor)
    }
}

/// A number as text.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number as text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                number(text).map(Number).ok_or_else(|| E::custom("not a number"))
            }
        }
        deserializer.deserialize_str(NumberVisitor)
    }
}

/// Go's spellings are `+Inf`, `-Inf`, `NaN` and exponents, all of which Rust reads.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn timestamp(secs: f64) -> Timestamp {
    Timestamp((secs * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests;
