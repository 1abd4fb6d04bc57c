//! What an id and a name may be, of users and teams alike.

use super::refused::FieldError;

/// Bytes of an id.
const ID_BYTES_MAX: usize = 64;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 200;

/// An id: as everywhere in a policy.
pub(super) fn check_id(field: &str, id: &str, errors: &mut Vec<FieldError>) {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !(1..=ID_BYTES_MAX).contains(&id.len()) || !id.bytes().all(is_id) {
        errors.push(FieldError::new(
            field,
            format!("an id has 1 to {ID_BYTES_MAX} of `A-Z a-z 0-9 . -`"),
        ));
    }
}

/// A name: what people are shown.
pub(super) fn check_name(field: &str, name: &str, errors: &mut Vec<FieldError>) {
    let is_shown = !name.trim().is_empty() && name.chars().all(|char| !char.is_control());
    if name.len() > NAME_BYTES_MAX || !is_shown {
        errors.push(FieldError::new(
            field,
            format!("a name has 1 to {NAME_BYTES_MAX} bytes that can be shown"),
        ));
    }
}
