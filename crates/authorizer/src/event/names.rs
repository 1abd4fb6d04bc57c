//! Names of header fields that a caller must not send past an authorizer, which can take nothing off a request.
//!
//! An integration overwrites an identity field in one spelling alone, and a service may read others as the same field
//! (CGI, RFC 3875 §4.1.18: case is lost, and `-` becomes `_`). Values play no part here.

use super::fields::FieldsFault;

/// As integrations write them: what is spelled so is overwritten.
const IDENTITY: [&str; 5] = [
    "X-User-Id",
    "X-User-Role",
    "X-Client-Id",
    "X-Tenant-Id",
    "X-Cell-Id",
];

/// By which API Gateway may invoke another method than the one that was decided on.
const METHOD_OVERRIDE: &str = "X-HTTP-Method-Override";

/// How an event tells the case of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// As the caller wrote it.
    Sent,
    /// In lower case, whatever was sent, and so whatever is overwritten.
    Lower,
}

/// What is wrong with any of these names. An identity field counts first, wherever it stands: the order of names is not
/// the same in every reader of JSON.
pub(super) fn check<'n>(names: impl Iterator<Item = &'n str>, case: Case) -> Result<(), FieldsFault> {
    let mut found = Ok(());
    for name in names {
        if IDENTITY
            .iter()
            .any(|own| is_read_as(name, own) && !is_overwritten(name, own, case))
        {
            return Err(FieldsFault::Identity);
        }
        if is_read_as(name, METHOD_OVERRIDE) {
            found = Err(FieldsFault::MethodOverride);
        }
    }
    found
}

fn is_overwritten(name: &str, own: &str, case: Case) -> bool {
    match case {
        Case::Sent => name == own,
        Case::Lower => !name.contains('_'),
    }
}

/// Whether a service could take the one name for the other.
fn is_read_as(name: &str, own: &str) -> bool {
    let hyphened = |byte: u8| {
        if byte == b'_' {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        }
    };
    name.len() == own.len() && name.bytes().map(hyphened).eq(own.bytes().map(hyphened))
}

#[cfg(test)]
mod tests {
    //! One spelling of an identity field passes, and no other.

    use super::*;

    fn check_name(name: &str, sent: Result<(), FieldsFault>, lower: Result<(), FieldsFault>) {
        assert_eq!(check([name].into_iter(), Case::Sent), sent, "{name}");
        assert_eq!(check([name].into_iter(), Case::Lower), lower, "{name}");
    }

    #[test]
    fn only_the_spelling_that_is_overwritten_passes() {
        for own in IDENTITY {
            check_name(own, Ok(()), Ok(()));
            for name in [own.to_ascii_lowercase(), own.to_ascii_uppercase()] {
                check_name(&name, Err(FieldsFault::Identity), Ok(()));
                let name = name.replace('-', "_");
                check_name(&name, Err(FieldsFault::Identity), Err(FieldsFault::Identity));
            }
            let half = own.replacen('-', "_", 1);
            check_name(&half, Err(FieldsFault::Identity), Err(FieldsFault::Identity));
        }
    }

    #[test]
    fn no_spelling_of_an_override_passes() {
        for name in [
            "X-HTTP-Method-Override",
            "x-http-method-override",
            "X_HTTP_METHOD_OVERRIDE",
        ] {
            check_name(
                name,
                Err(FieldsFault::MethodOverride),
                Err(FieldsFault::MethodOverride),
            );
        }
    }

    #[test]
    fn what_is_another_name_passes() {
        for name in [
            "",
            "X-User-Ids",
            "XUser-Id",
            "X-User.Id",
            "X-U\u{17f}er-Id",
            "X-HTTP-Method",
        ] {
            check_name(name, Ok(()), Ok(()));
        }
    }

    #[test]
    fn an_identity_field_counts_before_an_override() {
        let names = ["X-HTTP-Method-Override", "x-user-id"];
        for names in [names, [names[1], names[0]]] {
            assert_eq!(check(names.into_iter(), Case::Sent), Err(FieldsFault::Identity));
        }
    }
}
