//! Form bodies and queries as Stripe nests them: `items[0][price]=price_1`.

use std::collections::BTreeMap;

/// The fields of one request, in the order they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// `items[0][price]` is `items`, `0`, `price`.
    path: Vec<String>,
    value: String,
}

impl Form {
    /// Reads a query or a body.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        let fields = form_urlencoded::parse(encoded)
            .map(|(name, value)| Field { path: path_of(&name), value: value.into_owned() })
            .collect();
        Self { fields }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.fields.extend(other.fields);
    }

    /// Returns the field at this path; an empty one counts as absent.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        let field = self.fields.iter().rev().find(|field| field.path == path)?;
        (!field.value.is_empty()).then_some(field.value.as_str())
    }

    /// Returns the fields right below this path, by name.
    pub(crate) fn map(&self, path: &[&str]) -> BTreeMap<String, String> {
        self.below(path).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Returns the values right below this path, in order: `keys[]=a&keys[]=b`, or `keys[0]=a&keys[1]=b`.
    pub(crate) fn list<'a>(&'a self, path: &[&str]) -> Vec<&'a str> {
        self.below(path).map(|(_, value)| value).collect()
    }

    fn below<'a>(&'a self, path: &[&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.iter().filter_map(move |field| match field.path.split_last() {
            Some((name, parents)) if parents == path => Some((name.as_str(), field.value.as_str())),
            _ => None,
        })
    }

    /// Returns the outermost names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|field| field.path.first()).map(String::as_str)
    }

    /// Returns every field as it is written, sorted: equal for two identical requests.
    pub(crate) fn canonical(&self) -> Vec<(String, String)> {
        let mut fields: Vec<_> =
            self.fields.iter().map(|field| (written(&field.path), field.value.clone())).collect();
        fields.sort();
        fields
    }
}

fn path_of(name: &str) -> Vec<String> {
    name.split('[').map(|segment| segment.strip_suffix(']').unwrap_or(segment).to_owned()).collect()
}

fn written(path: &[String]) -> String {
    let mut segments = path.iter();
    let mut name = segments.next().cloned().unwrap_or_default();
    for segment in segments {
        name.push('[');
        name.push_str(segment);
        name.push(']');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::parse(
            b"mode=subscription&line_items%5B0%5D%5Bprice%5D=price_1&metadata[plan]=pro&metadata[a+b]=%C3%A9\
              &keys[]=x&keys[]=y&empty=",
        )
    }

    #[test]
    fn nested_fields_are_found_however_their_brackets_are_written() {
        assert_eq!(form().text(&["mode"]), Some("subscription"));
        assert_eq!(form().text(&["line_items", "0", "price"]), Some("price_1"));
        assert_eq!(form().text(&["line_items", "0"]), None);
        assert_eq!(form().text(&["empty"]), None);
    }

    #[test]
    fn maps_and_lists_are_what_is_right_below() {
        let expected = [("a b", "é"), ("plan", "pro")].map(|(key, value)| (key.into(), value.into()));
        assert_eq!(form().map(&["metadata"]), BTreeMap::from(expected));
        assert_eq!(form().list(&["keys"]), ["x", "y"]);
        assert_eq!(Form::parse(b"keys[0]=x&keys[1]=y").list(&["keys"]), ["x", "y"]);
    }

    #[test]
    fn two_requests_that_ask_the_same_are_equal_whatever_their_order() {
        assert_eq!(Form::parse(b"a=1&b[c]=2").canonical(), Form::parse(b"b%5Bc%5D=2&a=1").canonical());
        assert_ne!(Form::parse(b"a=1").canonical(), Form::parse(b"a=2").canonical());
    }
}
