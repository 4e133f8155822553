//! JSON in the form that all equal values have: without spaces, without needless escapes, and with numbers as doubles, which
//! is how Cosmos DB keeps them. The order of members stays.

use std::io;

use serde_json::Deserializer;
use serde_json::ser::{Formatter, Serializer};

/// Writes a value in that form; false, with a part of it written, if it cannot be read.
pub fn write_plain(text: &str, into: &mut impl io::Write) -> bool {
    let mut to = Serializer::with_formatter(into, Doubles);
    serde_transcode::transcode(&mut Deserializer::from_str(text), &mut to).is_ok()
}

/// Writes all numbers as doubles.
struct Doubles;

impl Formatter for Doubles {
    fn write_i64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_of_writing_a_value_become_one() {
        let plain = |text: &str| {
            let mut written = Vec::new();
            write_plain(text, &mut written).then(|| String::from_utf8(written).unwrap())
        };
        let one = r#"{"b":[1.0,-2.0,"\u00fc\/",null,true],"a":{}}"#;
        assert_eq!(plain(one).as_deref(), Some(r#"{"b":[1.0,-2.0,"ü/",null,true],"a":{}}"#));
        assert_eq!(plain(one), plain(r#" { "b" : [1, -2, "ü/", null, true], "a": { } } "#));
        assert_eq!(plain("1e999"), None);
    }
}
