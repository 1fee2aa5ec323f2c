//! Macros that give parsed text types and word-like enums the same traits everywhere.

/// Gives a newtype over `String` with a `parse(&str) -> Result<Self, ParseError>` its traits: reading (serde,
/// `FromStr`, `TryFrom<String>`) goes through `parse`.
macro_rules! parsed_text {
    ($name:ident) => {
        $crate::macros::text_schema!($name, None);
        impl $name {
            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::ParseError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use parsed_text;

/// The OpenAPI schema of a type that is a text in JSON, with the text's format if it has a name.
macro_rules! text_schema {
    ($name:ident, $format:expr) => {
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let format: Option<&str> = $format;
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(format.map(|f| utoipa::openapi::SchemaFormat::Custom(f.to_owned())))
                    .into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use text_schema;

/// An enum whose variants are words: the same word in the database, in JSON, in the UI's classes and in messages.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident ($what:literal) { $( $(#[$vmeta:meta])* $variant:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $( $(#[$vmeta])* #[serde(rename = $word)] $variant ),+ }
        // By hand: the derived schema would not see the words that a macro hands it.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($word),+]))
                    .description(Some(concat!("A ", $what)))
                    .into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
        impl $name {
            /// Every variant, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word that stands for it in the database, in JSON and in addresses.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::ParseError::new($what, concat!("is one of" $(, " ", $word)+))),
                }
            }
        }
    };
}
pub(crate) use words;

/// Which state may follow which: gives the enum `to(next) -> Result<Self, InvalidTransition>`.
macro_rules! transitions {
    ($name:ident ($what:literal) { $($from:ident => [$($to:ident),* $(,)?]),+ $(,)? }) => {
        impl $name {
            /// The state after a change.
            ///
            /// # Errors
            /// When `next` can't follow this state.
            pub fn to(self, next: Self) -> Result<Self, $crate::error::InvalidTransition> {
                let allowed: &[Self] = match self { $(Self::$from => &[$(Self::$to),*]),+ };
                if allowed.contains(&next) {
                    Ok(next)
                } else {
                    Err($crate::error::InvalidTransition { what: $what, from: self.as_str(), to: next.as_str() })
                }
            }
        }
    };
}
pub(crate) use transitions;
