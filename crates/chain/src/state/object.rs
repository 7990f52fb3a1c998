//! From a Sui object to a domain struct: is it ours, is it what it should be, does it decode.

use atoma_protocol::ids::ObjectId;
use serde::{Deserialize, de::DeserializeOwned};
use sui_sdk_types::{Address as SuiAddress, Object, Owner, StructTag, TypeTag};

use super::mirror::{BadValue, FromMove};
use crate::{
    deployment::{CoinType, Lineage},
    error::ChainError,
    id::SuiId,
};

/// An object of the contracts, as a domain struct.
///
/// Sealed: the types of [`crate::state`] are all there are.
pub trait State: sealed::Decode {
    /// The Move module that defines it.
    const MODULE: &'static str;
    /// Its name in that module.
    const NAME: &'static str;
}

pub(crate) mod sealed {
    use super::{BadValue, CoinType};

    pub trait Decode: Sized {
        /// Whether the Move type is generic over a coin.
        const HAS_COIN: bool;

        fn decode(contents: &[u8], coin: Option<CoinType>) -> Result<Self, BadValue>;
    }
}

/// Names the Move type of a mirror.
macro_rules! state {
    ($name:ident from $raw:path, $module:literal, $type:literal) => {
        impl $crate::state::object::State for $name {
            const MODULE: &'static str = $module;
            const NAME: &'static str = $type;
        }

        impl $crate::state::object::sealed::Decode for $name {
            const HAS_COIN: bool = false;

            fn decode(
                contents: &[u8],
                _: Option<$crate::deployment::CoinType>,
            ) -> Result<Self, $crate::state::mirror::BadValue> {
                $crate::state::object::from_bytes::<$raw, Self>(contents)
            }
        }
    };
    ($name:ident from $raw:path [coin], $module:literal, $type:literal) => {
        impl $crate::state::object::State for $name {
            const MODULE: &'static str = $module;
            const NAME: &'static str = $type;
        }

        impl $crate::state::object::sealed::Decode for $name {
            const HAS_COIN: bool = true;

            fn decode(
                contents: &[u8],
                coin: Option<$crate::deployment::CoinType>,
            ) -> Result<Self, $crate::state::mirror::BadValue> {
                use $crate::state::mirror::{BadValue, FromMove as _};
                let coin = coin.ok_or_else(|| BadValue("it is in no coin".to_owned()))?;
                let raw: $raw = bcs::from_bytes(contents).map_err(BadValue::new)?;
                Self::from_move((raw, coin))
            }
        }
    };
}
pub(crate) use state;

pub(crate) fn from_bytes<Raw, T>(bytes: &[u8]) -> Result<T, BadValue>
where
    Raw: DeserializeOwned,
    T: FromMove<Raw>,
{
    let raw: Raw = bcs::from_bytes(bytes).map_err(BadValue::new)?;
    T::from_move(raw)
}

/// The object as a `T`, if its type is ours.
pub(crate) fn decode<T: State>(lineage: &Lineage, object: &Object) -> Result<T, ChainError> {
    let wrong = |reason: String| ChainError::WrongObject {
        id: ObjectId::from_sui(object.object_id()),
        expected: format!("{}::{}", T::MODULE, T::NAME),
        reason,
    };
    let content = object
        .as_struct()
        .ok_or_else(|| wrong("it is a package".to_owned()))?;
    let coin = check_type::<T>(lineage, content.object_type()).map_err(wrong)?;
    T::decode(content.contents(), coin).map_err(|BadValue(reason)| wrong(reason))
}

/// Checks that `tag` is `T` of our lineage; gives the coin that it is generic over.
fn check_type<T: State>(lineage: &Lineage, tag: &StructTag) -> Result<Option<CoinType>, String> {
    if !lineage.defines(tag.address())
        || tag.module().as_str() != T::MODULE
        || tag.name().as_str() != T::NAME
    {
        return Err(format!("it is a {tag}"));
    }
    match (T::HAS_COIN, tag.type_params()) {
        (false, []) => Ok(None),
        (true, [coin]) => CoinType::from_type_tag(coin)
            .map(Some)
            .ok_or_else(|| format!("it is a {tag}")),
        _ => Err(format!("it is a {tag}")),
    }
}

/// Type of an object of ours, for listings.
pub(crate) fn struct_tag<T: State>(lineage: &Lineage) -> StructTag {
    use sui_sdk_types::Identifier;
    StructTag::new(
        lineage.original().to_sui(),
        Identifier::from_static(T::MODULE),
        Identifier::from_static(T::NAME),
        Vec::new(),
    )
}

/// `0x2::dynamic_field::Field<K, V>`.
#[derive(Deserialize)]
struct Field<K, V> {
    #[expect(dead_code, reason = "a part of the layout")]
    id: [u8; 32],
    name: K,
    value: V,
}

/// Id of the dynamic field `key` of `parent`.
pub(crate) fn field_id(parent: ObjectId, kind: &TypeTag, key: &[u8]) -> ObjectId {
    ObjectId::from_sui(parent.to_sui().derive_dynamic_child_id(kind, key))
}

/// Value of a dynamic field, if the object is that field of that parent.
pub(crate) fn decode_field<K, V, T>(
    parent: ObjectId,
    key: &K,
    object: &Object,
) -> Result<T, ChainError>
where
    K: DeserializeOwned + PartialEq,
    V: DeserializeOwned,
    T: FromMove<V>,
{
    let wrong = |reason: &str| ChainError::WrongObject {
        id: ObjectId::from_sui(object.object_id()),
        expected: format!("field of {parent}"),
        reason: reason.to_owned(),
    };
    let content = object.as_struct().ok_or_else(|| wrong("it is a package"))?;
    let tag = content.object_type();
    if *tag.address() != SuiAddress::TWO || tag.name().as_str() != "Field" {
        return Err(wrong("it is no dynamic field"));
    }
    if *object.owner() != Owner::Object(parent.to_sui()) {
        return Err(wrong("it belongs to another object"));
    }
    let field: Field<K, V> =
        bcs::from_bytes(content.contents()).map_err(|error| wrong(&error.to_string()))?;
    if field.name != *key {
        return Err(wrong("it has another key"));
    }
    T::from_move(field.value).map_err(|BadValue(reason)| wrong(&reason))
}
