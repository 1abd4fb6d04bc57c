//! Words for messages: what a value is, quoted and not too long, and the word that was likely meant.

use serde_json::Value;

/// Most characters of a value that a message repeats.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// What stands there.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {}", quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

/// A text for a message: quoted, with control characters escaped, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// A name for a message: between backquotes, otherwise as [`quoted`].
pub(super) fn named(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default().escape_debug()),
        None => format!("`{}`", text.escape_debug()),
    }
}

/// Names for a message, with commas between.
pub(super) fn listing<T: AsRef<str>>(words: &[T]) -> String {
    let named: Vec<String> = words.iter().map(|word| named(word.as_ref())).collect();
    named.join(", ")
}

/// Which of the known words was likely meant, and all of them.
pub(super) fn known_here(word: &str, known: &[&str]) -> String {
    let all = listing(known);
    match nearest(word, known) {
        Some(near) => format!("write `{near}`? Known here: {all}"),
        None => format!("known here: {all}"),
    }
}

/// The word that was likely meant.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    /// Longer words are no slips of a known one, and comparing costs their length squared.
    const WORD_CHARACTERS_MAX: usize = 64;
    if word.chars().nth(WORD_CHARACTERS_MAX).is_some() {
        return None;
    }
    let lower = word.to_ascii_lowercase().replace('-', "_");
    let distance =
        |known: &str| strsim::damerau_levenshtein(&lower, &known.to_ascii_lowercase().replace('-', "_"));
    let (best, near) = known.iter().map(|known| (distance(known), *known)).min()?;
    (best <= (word.len() / 3).clamp(1, 3)).then_some(near)
}
