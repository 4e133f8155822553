//! One JSON object of the catalogue, read key by key; pure. A key that is unknown, missing or has a value that is not
//! allowed is a fault. Each fault is one line that names the file, the key and what is allowed, and reading goes on, so
//! that all are told at once.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::words::Word;

/// The object, and where faults go.
pub(super) struct Fields<'a, 'f> {
    /// Its file, and its place there: `catalogue/groups.json: links[0].`.
    place: String,
    object: &'a Map<String, Value>,
    faults: &'f mut Vec<String>,
}

impl<'a, 'f> Fields<'a, 'f> {
    /// The object at a place, which ends where a key can follow; it has no keys but these.
    pub(super) fn of(
        place: String,
        value: &'a Value,
        keys: &[&str],
        faults: &'f mut Vec<String>,
    ) -> Option<Self> {
        let Some(object) = value.as_object() else {
            let place = place.trim_end_matches(['.', ' ', ':']);
            faults.push(format!("{place}: {value} is not allowed; allowed: an object"));
            return None;
        };
        for key in object.keys().filter(|key| !keys.contains(&key.as_str())) {
            faults.push(format!("{place}{key}: no such key; allowed: {}", keys.join(", ")));
        }
        Some(Self { place, object, faults })
    }

    /// The object under a key, if it is there.
    pub(super) fn object(&mut self, key: &str, keys: &[&str]) -> Option<Fields<'a, '_>> {
        Fields::of(format!("{}{key}.", self.place), self.object.get(key)?, keys, self.faults)
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// The objects in a list, which may be missing; what becomes of each.
    pub(super) fn objects<T>(
        &mut self,
        key: &str,
        keys: &[&str],
        mut each: impl FnMut(Fields<'a, '_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(list) = self.object.get(key) else { return Some(Vec::new()) };
        let Some(list) = list.as_array() else { return self.refuse(key, list, "a list") };
        let read = list.iter().enumerate().map(|(at, value)| {
            each(Fields::of(format!("{}{key}[{at}].", self.place), value, keys, self.faults)?)
        });
        // All of them, whatever becomes of the first.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// A text that fits.
    pub(super) fn text(&mut self, key: &str, allowed: &str, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.text_with(key, fits, || allowed.to_owned())
    }

    /// The same, where it takes time to say what is allowed.
    pub(super) fn text_with(
        &mut self,
        key: &str,
        fits: impl Fn(&str) -> bool,
        allowed: impl Fn() -> String,
    ) -> Option<&'a str> {
        match self.object.get(key) {
            Some(value) => {
                value.as_str().filter(|text| fits(text)).or_else(|| self.refuse(key, value, &allowed()))
            }
            None => self.value(key, &allowed()).and(None),
        }
    }

    /// A list of at least one text, each of which fits.
    pub(super) fn texts(
        &mut self,
        key: &str,
        allowed: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Vec<&'a str>> {
        let value = self.value(key, allowed)?;
        let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
            return self.refuse(key, value, &format!("a list of {allowed}"));
        };
        let read = list.iter().map(|value| {
            let text = value.as_str().filter(|text| fits(text));
            text.or_else(|| self.refuse(key, value, allowed))
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key, "true, false")?;
        value.as_bool().or_else(|| self.refuse(key, value, "true, false"))
    }

    /// A number above 0.
    pub(super) fn number(&mut self, key: &str) -> Option<u32> {
        let allowed = "a whole number above 0";
        let value = self.value(key, allowed)?;
        let number =
            value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        number.or_else(|| self.refuse(key, value, allowed))
    }

    /// One more fault of a key.
    pub(super) fn fault(&mut self, key: &str, what: impl Display) {
        self.faults.push(format!("{}{key}: {what}", self.place));
    }

    fn value(&mut self, key: &str, allowed: &str) -> Option<&'a Value> {
        if !self.has(key) {
            self.fault(key, format_args!("is missing; allowed: {allowed}"));
        }
        self.object.get(key)
    }

    fn refuse<T>(&mut self, key: &str, value: &Value, allowed: &str) -> Option<T> {
        self.fault(key, format_args!("{value} is not allowed; allowed: {allowed}"));
        None
    }

    /// A text that fits; another one where the key is missing, and none where it is `null`.
    pub(super) fn text_or(
        &mut self,
        key: &str,
        allowed: &str,
        default: Option<&'a str>,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Option<&'a str>> {
        match self.object.get(key) {
            None => Some(default),
            Some(Value::Null) => Some(None),
            Some(_) => self.text(key, allowed, fits).map(Some),
        }
    }

    /// A list of texts, each of which fits; it may be empty or missing.
    pub(super) fn list(
        &mut self,
        key: &str,
        allowed: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Vec<&'a str>> {
        match self.object.get(key) {
            None => Some(Vec::new()),
            Some(Value::Array(list)) if list.is_empty() => Some(Vec::new()),
            Some(_) => self.texts(key, allowed, fits),
        }
    }

    /// The same, in the order of the alphabet and each once.
    pub(super) fn sorted(
        &mut self,
        key: &str,
        allowed: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Vec<&'a str>> {
        let texts = self.list(key, allowed, fits)?;
        let misplaced: Vec<_> = texts.windows(2).filter(|pair| pair[0] >= pair[1]).collect();
        for pair in &misplaced {
            self.fault(
                key,
                format!("{:?} after {:?} is not allowed; allowed: sorted, each once", pair[1], pair[0]),
            );
        }
        misplaced.is_empty().then_some(texts)
    }

    /// One of the words for a value.
    pub(super) fn word<W: Word>(&mut self, key: &str) -> Option<W> {
        let word = self.text(key, &allowed::<W>(), |word| of::<W>(word).is_some())?;
        of(word)
    }

    /// The same, and another value where the key is missing.
    pub(super) fn word_or<W: Word>(&mut self, key: &str, default: W) -> Option<W> {
        if self.has(key) { self.word(key) } else { Some(default) }
    }

    /// A list of such words, and other values where the key is missing.
    pub(super) fn words<W: Word>(&mut self, key: &str, default: &[W]) -> Option<Vec<W>> {
        if !self.has(key) {
            return Some(default.to_vec());
        }
        let words = self.texts(key, &allowed::<W>(), |word| of::<W>(word).is_some())?;
        words.into_iter().map(of).collect()
    }

    /// `true` or `false`, and one of them where the key is missing.
    pub(super) fn flag_or(&mut self, key: &str, default: bool) -> Option<bool> {
        if self.has(key) { self.flag(key) } else { Some(default) }
    }

    /// A number above 0, and none where the key is missing.
    pub(super) fn number_or_none(&mut self, key: &str) -> Option<Option<u32>> {
        if self.has(key) { self.number(key).map(Some) } else { Some(None) }
    }

    /// The object under a key whose keys are anyone's, and none where the key is missing.
    pub(super) fn map(&mut self, key: &str, allowed: &str) -> Option<Option<&'a Map<String, Value>>> {
        match self.object.get(key) {
            None => Some(None),
            Some(Value::Object(map)) => Some(Some(map)),
            Some(value) => self.refuse(key, value, &format!("an object of {allowed}")),
        }
    }
}

fn of<W: Word>(word: &str) -> Option<W> {
    W::ALL.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

fn allowed<W: Word>() -> String {
    W::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}
