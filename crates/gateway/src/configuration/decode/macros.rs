//! `map!` and `choice!`: a wire type as struct or enum, decoder and schema at once, so that no key is in one and not in
//! the others.

/// Delegates a wire type's schema to another type's, without a definition of its own.
macro_rules! schema_of {
    ([$($generics:tt)*] $type:ty => |$generator:ident| $schema:expr) => {
        impl<$($generics)*> schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
pub(in crate::configuration) use schema_of;

/// A map with known keys, as struct, decoder and schema: `"key" field: Slot<Type>`.
macro_rules! map {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $key:literal $field:ident: $type:ty,)* }) => {
        #[derive(Debug, Clone, Default, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        $(#[$meta])*
        pub(in crate::configuration) struct $name {
            $($(#[$doc])* #[schemars(rename = $key)] pub(in crate::configuration) $field: $type,)*
        }

        impl $name {
            /// Every key that it may have.
            const KEYS: &'static [&'static str] = &[$($key),*];
        }

        impl $crate::configuration::decode::Decode for $name {
            fn decode(
                node: &$crate::configuration::tree::Node<'_>,
                problems: &mut $crate::configuration::problem::Problems,
            ) -> Option<Self> {
                use $crate::configuration::decode::{Field, entries, unknown_key};
                let mut map = Self::default();
                for entry in entries("a map", node, problems)? {
                    match &*entry.key {
                        $($key => map.$field.fill(entry, problems),)*
                        _ => unknown_key(entry, Self::KEYS, problems),
                    }
                }
                $(map.$field.finish($key, node.head(), problems);)*
                Some(map)
            }
        }
    };
}
pub(in crate::configuration) use map;

/// One of several words, as enum, decoder and schema: `"word" Variant`.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $word:literal $variant:ident,)* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
        $(#[$meta])*
        pub(in crate::configuration) enum $name {
            $($(#[$doc])* #[schemars(rename = $word)] $variant,)*
        }

        impl $crate::configuration::decode::Decode for $name {
            fn decode(
                node: &$crate::configuration::tree::Node<'_>,
                problems: &mut $crate::configuration::problem::Problems,
            ) -> Option<Self> {
                match $crate::configuration::decode::word(node, &[$($word),*], problems)? {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
pub(in crate::configuration) use choice;
