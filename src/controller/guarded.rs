//! An object as the API server gave it, whether or not it can be decoded: one that cannot stops no watch, and what its status
//! answers for still counts, since nobody can say that it is given up. No IO.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::PartialObjectMeta};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

/// An object, or what can be read of it.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<K>(pub(crate) Result<K, Undecodable>);

/// An object that cannot be decoded.
#[derive(Clone, Debug)]
pub(crate) struct Undecodable {
    /// Why.
    pub(crate) error: String,
    pub(crate) metadata: ObjectMeta,
    /// The whole of it.
    object: Value,
}

impl Undecodable {
    /// Whether it says so at that place.
    pub(crate) fn says(&self, pointer: &str, value: &str) -> bool {
        self.object.pointer(pointer).is_some_and(|it| it == value)
    }

    /// What it says at that place, where it is like that.
    pub(crate) fn read<T: DeserializeOwned>(&self, pointer: &str) -> Option<T> {
        T::deserialize(self.object.pointer(pointer)?).ok()
    }

    /// It is not being deleted.
    pub(crate) fn is_live(&self) -> bool {
        self.metadata.deletion_timestamp.is_none()
    }
}

impl<'de, K: Resource + DeserializeOwned> Deserialize<'de> for Guarded<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Value::deserialize(deserializer)?;
        let error = match K::deserialize(&object) {
            Ok(read) => return Ok(Self(Ok(read))),
            Err(error) => error.to_string(),
        };
        let PartialObjectMeta::<K> { metadata, .. } =
            PartialObjectMeta::deserialize(&object).map_err(D::Error::custom)?;
        Ok(Self(Err(Undecodable { error, metadata, object })))
    }
}

impl<K: Resource> Resource for Guarded<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dt)
    }

    fn group(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dt)
    }

    fn version(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dt)
    }

    fn plural(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.as_ref().map_or_else(|undecodable| &undecodable.metadata, K::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.0.as_mut().map_or_else(|undecodable| &mut undecodable.metadata, K::meta_mut)
    }
}
