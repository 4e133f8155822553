//! One way in which a copy is not the tenant, and how it is said.

use std::fmt;

use serde_json::Value;

/// A difference, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The container.
    pub resource: String,
    /// The object or the document that it is about.
    pub id: String,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a document, or with its absence.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// What lives in the tenant has no living document.
    Missing,
    /// A living document has nothing in the tenant.
    Extra,
    /// A property is not the same; nothing means absent.
    Differs {
        /// The property.
        property: String,
        /// What the tenant has.
        tenant: Option<Value>,
        /// What the copy has.
        copy: Option<Value>,
    },
    /// A document lacks something of ours, or has it wrong.
    Unmarked {
        /// What is wrong, such as `_mirror.save`.
        mark: String,
        /// What the document has there.
        copy: Option<Value>,
    },
    /// Two documents have one id.
    Twice,
}

impl Difference {
    /// The copy has a null where the tenant has no property.
    pub fn is_null_for_nothing(&self) -> bool {
        matches!(&self.what, What::Differs { tenant: None, copy: Some(Value::Null), .. })
    }

    /// The object or the document that it is about.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}: ", self.resource, self.id)?;
        match &self.what {
            What::Missing => out.write_str("living in the tenant, missing in the copy"),
            What::Extra => out.write_str("not in the tenant, living in the copy"),
            What::Differs { property, tenant, copy } => {
                write!(out, "{property} is {} in the tenant, {} in the copy", Shown(tenant), Shown(copy))
            }
            What::Unmarked { mark, copy } => write!(out, "{mark} is {} in the copy", Shown(copy)),
            What::Twice => out.write_str("twice in the copy"),
        }
    }
}

struct Shown<'a>(&'a Option<Value>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => out.write_str("absent"),
            Some(value) => write!(out, "{value}"),
        }
    }
}
