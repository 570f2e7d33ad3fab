//! JSON as it reaches the browser: with a page, as the answer of a server function, or over the socket. Written by
//! `serde_json` on the server and read here: what reads a type is compiled for each type, and `serde_json` also reads
//! structs from arrays and carries an error with a place through every line, which nobody would ever see here.

use std::{borrow::Cow, fmt};

use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{
    Serialize,
    de::{self, DeserializeOwned, DeserializeSeed, Visitor},
};

use crate::platform::UiError;

/// The text is not JSON, or not of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this cannot be read")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The codec of data that comes with a page.
pub struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unreadable> {
        read(text)
    }
}

/// Data that comes with the page and is fetched again when what it depends on changes.
pub type Data<T> = Resource<Result<T, UiError>, Json>;

/// Fetches data for whatever `source` says, now and whenever that changes.
pub fn data<S, T, Answer>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> Answer + Send + Sync + 'static,
) -> Data<T>
where
    S: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    Answer: Future<Output = Result<T, UiError>> + Send + 'static,
{
    Data::new_with_options(source, fetch, false)
}

/// Reads a value.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let mut reader = Reader { text, at: 0 };
    let value = T::deserialize(&mut reader)?;
    if reader.peek() == 0 { Ok(value) } else { Err(Unreadable) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The byte here; 0 at the end, which no JSON contains.
    fn here(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> u8 {
        while matches!(self.here(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.here()
    }

    /// Goes past this sign.
    fn skip(&mut self, sign: u8) -> Result<(), Unreadable> {
        if self.peek() != sign {
            return Err(Unreadable);
        }
        self.at += 1;
        Ok(())
    }

    /// A number or one of the words `true`, `false`, `null`.
    fn word(&mut self) -> &'a str {
        self.peek();
        let from = self.at;
        while matches!(self.here(), b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E') {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    fn is_null(&mut self) -> bool {
        let from = self.at;
        let null = self.peek() == b'n' && self.word() == "null";
        if !null {
            self.at = from;
        }
        null
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        self.skip(b'"')?;
        let mut unescaped = String::new();
        loop {
            let from = self.at;
            while !matches!(self.here(), b'"' | b'\\' | 0) {
                self.at += 1;
            }
            let piece = &self.text[from..self.at];
            let end = self.here();
            self.at += 1;
            match end {
                b'"' if unescaped.is_empty() => return Ok(Cow::Borrowed(piece)),
                b'"' => return Ok(Cow::Owned(unescaped + piece)),
                b'\\' => {
                    unescaped.push_str(piece);
                    unescaped.push(self.escape()?);
                }
                _ => return Err(Unreadable),
            }
        }
    }

    /// The letter after a backslash stands for.
    fn escape(&mut self) -> Result<char, Unreadable> {
        let letter = self.here();
        self.at += 1;
        Ok(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                if (0xd800..0xdc00).contains(&code) {
                    // One letter in two halves.
                    self.at += usize::from(self.text[self.at..].starts_with("\\u")) * 2;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + self.hex()?.checked_sub(0xdc00).ok_or(Unreadable)?;
                }
                char::from_u32(code).ok_or(Unreadable)?
            }
            b'"' | b'\\' | b'/' => letter.into(),
            _ => return Err(Unreadable),
        })
    }

    fn hex(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Unreadable)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Unreadable)
    }

    /// Whether a list or object goes on, past the comma if so, else past its end.
    fn goes_on(&mut self, first: &mut bool, end: u8) -> Result<bool, Unreadable> {
        if self.peek() == end {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.skip(b',')?;
        }
        Ok(true)
    }

    /// Goes past a whole value.
    fn ignore(&mut self) -> Result<(), Unreadable> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ if self.word().is_empty() => return Err(Unreadable),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// The items of a list, or the pairs of an object.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    first: bool,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        if self.reader.goes_on(&mut self.first, b']')? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> de::MapAccess<'de> for Items<'_, '_> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        if self.reader.goes_on(&mut self.first, b'}')? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        self.reader.skip(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// One of several: its name alone, or an object of its name and its value.
struct Choice<'r, 'a> {
    reader: &'r mut Reader<'a>,
    alone: bool,
}

impl Choice<'_, '_> {
    fn end(self) -> Result<(), Unreadable> {
        if self.alone { Ok(()) } else { self.reader.skip(b'}') }
    }
}

impl<'de, 'r, 'a> de::EnumAccess<'de> for Choice<'r, 'a> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unreadable> {
        let name = seed.deserialize(&mut *self.reader)?;
        if !self.alone {
            self.reader.skip(b':')?;
        }
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Choice<'_, '_> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        if self.alone { Ok(()) } else { Err(Unreadable) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unreadable> {
        if self.alone {
            return Err(Unreadable);
        }
        let value = seed.deserialize(&mut *self.reader)?;
        self.end()?;
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Unreadable> {
        let value = de::Deserializer::deserialize_tuple(&mut *self.reader, len, visitor)?;
        self.end()?;
        Ok(value)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Unreadable> {
        let value = de::Deserializer::deserialize_map(&mut *self.reader, visitor)?;
        self.end()?;
        Ok(value)
    }
}

/// Every type says what it is, so nothing has to be guessed from the text.
impl<'de> de::Deserializer<'de> for &mut Reader<'_> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.word() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_u64(self.word().parse().map_err(|_| Unreadable)?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_i64(self.word().parse().map_err(|_| Unreadable)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_f64(mesh::decimal::read(self.word()).ok_or(Unreadable)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.skip(b'[')?;
        visitor.visit_seq(Items { reader: self, first: true })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.skip(b'[')?;
        // Stops at the last item and not behind it.
        let value = visitor.visit_seq(Items { reader: &mut *self, first: true })?;
        self.skip(b']')?;
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.skip(b'{')?;
        visitor.visit_map(Items { reader: self, first: true })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let alone = self.peek() == b'"';
        if !alone {
            self.skip(b'{')?;
        }
        visitor.visit_enum(Choice { reader: self, alone })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.ignore()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 u32 f32 char bytes byte_buf unit unit_struct tuple_struct
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Named(String),
        Both { text: String, at: [f64; 2] },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        name: String,
        count: u64,
        left: i64,
        share: Option<f64>,
        values: Vec<Option<f64>>,
        kinds: Vec<Kind>,
        places: BTreeMap<String, [f64; 2]>,
        answer: Result<bool, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extra: Option<String>,
    }

    fn whole() -> Whole {
        Whole {
            name: "a \"b\" \\ / \n\t\u{1} ä 🦀 </script>".into(),
            count: u64::MAX,
            left: -3,
            share: Some(0.25),
            values: vec![Some(1.0), None, Some(-1.5e-7), Some(1e21)],
            kinds: vec![Kind::Plain, Kind::Named("x".into()), Kind::Both { text: String::new(), at: [1.0, 2.5] }],
            places: [("n-1".to_owned(), [0.0, -4.0]), (String::new(), [1.0, 1.0])].into(),
            answer: Err("no".into()),
            extra: None,
        }
    }

    #[test]
    fn reads_what_the_server_writes() {
        let value = whole();
        assert_eq!(read(&serde_json::to_string(&value).unwrap()), Ok(value));
        assert_eq!(read(&serde_json::to_string_pretty(&whole()).unwrap()), Ok(whole()), "blanks do not matter");
        assert_eq!(read("[]"), Ok(Vec::<bool>::new()));
    }

    #[test]
    fn letters_may_be_escaped_in_any_way() {
        assert_eq!(read(r#""\u00e4\ud83e\udd80\/\b\f\r""#), Ok("ä🦀/\u{8}\u{c}\r".to_owned()));
        for bad in [r#""\ud83e""#, r#""\ud83e\u0041""#, r#""\udd80""#, r#""\u00""#, r#""\x""#, r#""\"#, r#""\uää""#] {
            assert_eq!(read::<String>(bad), Err(Unreadable), "{bad}");
        }
    }

    #[test]
    fn fields_it_does_not_know_are_passed_over() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct One {
            a: bool,
            b: Option<u64>,
        }
        let text = r#" { "x" : [ {"y":"}]\"" , "z":-1.5e+3}, null,[] ], "a" :true, "last": false } "#;
        assert_eq!(read(text), Ok(One { a: true, b: None }));
    }

    #[test]
    fn whatever_is_cut_off_or_wrong_is_refused() {
        let text = serde_json::to_string(&whole()).unwrap();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert_eq!(read::<Whole>(&text[..end]), Err(Unreadable), "{}", &text[..end]);
        }
        assert_eq!(read::<Whole>(&format!("{text}]")), Err(Unreadable));
        for bad in ["", "tru", "1", "[true true]", "[true,]", "[,true]", "{true}"] {
            assert_eq!(read::<Vec<bool>>(bad), Err(Unreadable), "{bad}");
        }
        for bad in ["nil", "1 2", "-", "1e", "\"1\"", "null"] {
            assert_eq!(read::<f64>(bad), Err(Unreadable), "{bad}");
        }
        for bad in [r#"{"plain":null}"#, r#""named""#, r#"{"named":"x""#, r#"{"other":1}"#, r#"{"named":"x","a":1}"#] {
            assert_eq!(read::<Kind>(bad), Err(Unreadable), "{bad}");
        }
    }
}
