//! Deserialization that accepts JSON as the OpenAPI document describes it.
//!
//! The structs derived by serde also accept a sequence, as formats without names need it:
//! `["claire@exemple.fr", "…"]` would sign in, and `"checkins": [true]` would change settings. They also
//! refuse `1.0` for an integer, which JSON Schema accepts.

use serde::{
    Deserializer,
    de::{
        Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// A value that accepts only objects for structs, and whole numbers for integers, at every depth.
pub(super) struct Strict(pub Value);

impl Strict {
    /// Returns the number as an integer if it is a whole one that was written as a float.
    fn whole(self) -> Self {
        let float = self.0.as_f64().filter(|_| self.0.is_f64());
        // A float is displayed without an exponent, and a whole one without a decimal point.
        let whole = float.and_then(|number| number.to_string().parse::<i64>().ok());
        whole.map_or(self, |number| Self(Value::from(number)))
    }
}

macro_rules! integers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.whole().deserialize_any(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Strict))),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, field)| (name, Strict(field)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        days: Option<i64>,
        inner: Option<Inner>,
        list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        enabled: bool,
    }

    fn read(value: Value) -> Result<Outer, String> {
        Outer::deserialize(Strict(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_is_no_list_at_any_depth() {
        let right = json!({ "days": 3, "inner": { "enabled": true }, "list": [{ "enabled": false }] });
        let inner = |enabled| Inner { enabled };
        assert_eq!(
            read(right),
            Ok(Outer { days: Some(3), inner: Some(inner(true)), list: vec![inner(false)] })
        );
        for wrong in [
            json!([3, { "enabled": true }, []]),
            json!({ "inner": [true], "list": [] }),
            json!({ "list": [[true]] }),
        ] {
            assert_eq!(read(wrong).unwrap_err(), "invalid type: sequence, expected an object");
        }
    }

    #[test]
    fn a_whole_number_is_an_integer_however_it_is_written() {
        let days = |value: Value| read(json!({ "days": value, "list": [] })).map(|outer| outer.days);
        assert_eq!(days(json!(7.0)), Ok(Some(7)));
        assert_eq!(days(json!(-7.0)), Ok(Some(-7)));
        assert_eq!(days(json!(1e17)), Ok(Some(100_000_000_000_000_000)));
        assert_eq!(days(json!(null)), Ok(None));
        for wrong in [json!(7.5), json!(1e99), json!("7"), json!(true)] {
            assert!(days(wrong.clone()).unwrap_err().starts_with("invalid type"), "{wrong}");
        }
    }
}
