//! YAML as a tree, and where in the text each part of the tree stands. The reader of YAML tells places only in its error
//! messages, so the place of a part is found by reading once more and failing there on purpose.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A value. Maps keep their order, and keys given twice.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

/// One step from a node to a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(usize),
    Value(usize),
    Item(usize),
}

/// Line and column, from 1.
pub(super) type Position = (usize, usize);

/// Reads one document. An empty one is null. The error is the reader's, with the place where it stopped.
pub(super) fn parse(text: &str) -> Result<Node, (String, Option<Position>)> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node::Null);
    }
    serde_yaml_ng::from_str(text).map_err(|error| {
        let place = error.location().map(|at| (at.line(), at.column()));
        // The place is told apart from the words.
        let words = error.to_string();
        (words.split(" at line ").next().unwrap_or_default().to_owned(), place)
    })
}

/// Where the part stands.
pub(super) fn locate(text: &str, steps: &[Step]) -> Option<Position> {
    let error = Locate(steps).deserialize(serde_yaml_ng::Deserializer::from_str(text)).err()?;
    error.location().map(|at| (at.line(), at.column()))
}

impl Node {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _tagged: A) -> Result<Node, A::Error> {
        Err(A::Error::custom("tags (!…) are not used here"))
    }
}

/// Walks the steps and fails at their end.
struct Locate<'s>(&'s [Step]);

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Every method that is not here fails, which is the purpose.
impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something else")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((Step::Item(wanted), rest)) = self.0.split_first() else { return Err(A::Error::custom("here")) };
        for _ in 0..*wanted {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Locate(rest))?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted) | Step::Value(wanted), rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        for _ in 0..*wanted {
            entries.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if matches!(self.0.first(), Some(Step::Key(_))) {
            entries.next_key_seed(Locate(&[]))?;
        } else {
            entries.next_key::<IgnoredAny>()?;
            entries.next_value_seed(Locate(rest))?;
        }
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "listen: a\nstores:\n  - name: x\n    url: y\n  - {name: z, tenancy: {mode: label}}\n";

    #[test]
    fn every_part_is_found() {
        use Step::{Item, Key, Value};
        assert_eq!(locate(TEXT, &[Key(0)]), Some((1, 1)));
        assert_eq!(locate(TEXT, &[Value(0)]), Some((1, 9)));
        assert_eq!(locate(TEXT, &[Value(1), Item(0), Key(1)]), Some((4, 5)));
        assert_eq!(locate(TEXT, &[Value(1), Item(1), Value(1)]), Some((5, 24)));
        assert_eq!(locate(TEXT, &[Value(1), Item(1), Value(1), Value(0)]), Some((5, 31)));
    }

    #[test]
    fn keys_given_twice_are_kept_and_an_empty_text_is_null() {
        let Ok(Node::Map(entries)) = parse("a: 1\na: 2\n") else { panic!("a map") };
        assert_eq!(entries.len(), 2);
        for empty in ["", "\n\n", "# only a comment\n"] {
            assert_eq!(parse(empty), Ok(Node::Null), "{empty:?}");
        }
    }

    #[test]
    fn what_is_not_yaml_is_told_with_its_place() {
        assert_eq!(parse("a: [1").expect_err("open").1.map(|(line, _)| line), Some(2));
        assert!(parse("a: !secret x").expect_err("tag").0.contains("tags"));
        assert!(parse("---\na: 1\n---\nb: 2\n").is_err(), "two documents");
    }
}
