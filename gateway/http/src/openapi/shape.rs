//! Shapes: JSON objects described as data, from which the document's schemas are made.
//!
//! The types that handlers answer with belong to `sealane-service`, which knows nothing of OpenAPI. Their description
//! stands here as a table; tests hold every real answer of the API against it, so the two cannot part.

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema, SchemaFormat};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A UUID.
    Uuid,
    /// An instant, RFC 3339.
    Time,
    /// A path in the escaped form.
    Path,
    /// 64 lower-case hexadecimal digits.
    Digest,
    /// True or false.
    Flag,
    /// A whole number, not negative.
    Count,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Another shape.
    Is(&'static str),
    /// Several.
    List(&'static Self),
    /// Null, or this.
    Maybe(&'static Self),
    /// An object of any members.
    Free,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    about: &'static str,
}

/// A field that is always there.
pub(crate) const fn must(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: true, about }
}

/// A field that may be left out.
pub(crate) const fn may(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: false, about }
}

/// An object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Its name in the document.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) about: &'static str,
    /// What it has.
    pub(crate) fields: &'static [Field],
}

impl Shape {
    /// The schema: an object with these fields and no others.
    pub(crate) fn schema(&self) -> Schema {
        let closed = AdditionalProperties::FreeForm(false);
        let object = ObjectBuilder::new().description(Some(self.about)).additional_properties(Some(closed));
        let object = self.fields.iter().fold(object, |object, field| {
            let object = object.property(field.name, described(field.kind, field.about));
            if field.required { object.required(field.name) } else { object }
        });
        object.build().into()
    }
}

fn described(kind: Kind, about: &str) -> RefOr<Schema> {
    match plain(kind) {
        RefOr::T(Schema::Object(mut object)) => {
            object.description = Some(about.to_owned());
            RefOr::T(Schema::Object(object))
        }
        RefOr::T(Schema::Array(mut array)) => {
            array.description = Some(about.to_owned());
            RefOr::T(Schema::Array(array))
        }
        RefOr::T(Schema::OneOf(mut one_of)) => {
            one_of.description = Some(about.to_owned());
            RefOr::T(Schema::OneOf(one_of))
        }
        RefOr::Ref(mut reference) => {
            about.clone_into(&mut reference.description);
            RefOr::Ref(reference)
        }
        other @ RefOr::T(_) => other,
    }
}

fn plain(kind: Kind) -> RefOr<Schema> {
    match kind {
        Kind::Text | Kind::Path => typed(Type::String).into(),
        Kind::Uuid => typed(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned()))).into(),
        Kind::Time => typed(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into(),
        Kind::Digest => typed(Type::String).pattern(Some("^[0-9a-f]{64}$")).into(),
        Kind::Flag => typed(Type::Boolean).into(),
        Kind::Count => typed(Type::Integer).minimum(Some(0)).into(),
        Kind::Word(words) => typed(Type::String).enum_values(Some(words.iter().copied())).into(),
        Kind::Is(name) => Ref::from_schema_name(name).into(),
        Kind::List(each) => ArrayBuilder::new().items(plain(*each)).into(),
        Kind::Maybe(inner) => nullable(*inner),
        Kind::Free => typed(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(true))).into(),
    }
}

fn typed(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(kind))
}

/// In OpenAPI 3.1, null is a type of its own (JSON Schema 2020-12).
fn nullable(kind: Kind) -> RefOr<Schema> {
    let null = typed(Type::Null);
    OneOfBuilder::new().item(null).item(plain(kind)).into()
}
