//! The results of a verification. They name objects and properties, and never contain property values.

use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One difference between the copy and the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "camelCase")]
pub enum Difference {
    /// An object has different content on the two sides.
    Changed {
        /// The id of the object.
        id: String,
        /// Names of the properties that differ.
        properties: Vec<String>,
    },
    /// An object exists in the tenant but not in the copy.
    Missing {
        /// The id of the object.
        id: String,
    },
    /// An object exists in the copy but not in the tenant.
    Extra {
        /// The id of the object.
        id: String,
    },
    /// A link exists in the tenant but not in the copy.
    LinkMissing {
        /// The container of the link.
        container: String,
        /// The id of the source.
        source: String,
        /// The id of the target.
        target: String,
    },
    /// A link exists in the copy but not in the tenant.
    LinkExtra {
        /// The container of the link.
        container: String,
        /// The id of the source.
        source: String,
        /// The id of the target.
        target: String,
    },
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename = "complete", rename_all = "camelCase")]
pub struct Verified {
    /// The key of the feed.
    pub resource: String,
    /// Objects that were compared.
    pub objects: u64,
    /// Links that were compared.
    pub links: u64,
    /// Objects whose content the copy does not have, because Cosmos DB refused it.
    pub set_aside: u64,
    /// The number of suspects that could not be read again, because Graph refused the request.
    pub undecided: u64,
    /// The suspects that could not be read again.
    pub not_compared: Vec<NotCompared>,
    /// Differences that were found both times.
    #[serde(serialize_with = "count")]
    pub differences: Vec<Difference>,
    /// The time as of which the copy is current.
    #[serde(with = "time::serde::rfc3339::option")]
    pub as_of: Option<OffsetDateTime>,
    /// Duration in seconds.
    pub seconds: f64,
}

/// An object, or the links of one, that could not be compared: Graph refuses the request for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotCompared {
    /// The container of the links; none if it is about the object itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The id of the object.
    pub id: String,
    /// The HTTP status of Graph's refusal.
    pub status: u16,
}

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { container, id, status } = self;
        let of = container.as_ref().map(|container| format!("{container} ")).unwrap_or_default();
        write!(f, "{of}{id} was not compared: Microsoft Graph refuses it (status {status})")
    }
}

/// Serialises only the number; the differences themselves are reported one by one.
fn count<S: serde::Serializer>(differences: &[Difference], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(differences.len() as u64)
}

impl Difference {
    /// The id of the object that the difference is about; none for a link.
    pub fn object(&self) -> Option<&str> {
        match self {
            Self::Changed { id, .. } | Self::Missing { id } | Self::Extra { id } => Some(id),
            Self::LinkMissing { .. } | Self::LinkExtra { .. } => None,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { id, properties } => write!(f, "{id} differs in {}", properties.join(", ")),
            Self::Missing { id } => write!(f, "{id} is not in the copy"),
            Self::Extra { id } => write!(f, "{id} is in the copy only"),
            Self::LinkMissing { container, source, target } => {
                write!(f, "{container} {source} -> {target} is not in the copy")
            }
            Self::LinkExtra { container, source, target } => {
                write!(f, "{container} {source} -> {target} is in the copy only")
            }
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, objects, links, set_aside, undecided, .. } = self;
        let found = self.differences.len();
        write!(f, "{resource}: {found} differences; {objects} objects and {links} links compared")?;
        if *set_aside > 0 {
            write!(f, ", {set_aside} set aside")?;
        }
        if *undecided > 0 {
            write!(f, ", {undecided} not to be looked at again")?;
        }
        if let Some(as_of) = self.as_of.and_then(|as_of| as_of.truncate_to_second().format(&Rfc3339).ok()) {
            write!(f, ", the copy as of {as_of}")?;
        }
        write!(f, ", {} s", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn differences_are_told_one_by_one_and_counted_together() {
        let link = Difference::LinkExtra { container: "c".into(), source: "s".into(), target: "t".into() };
        let changed = Difference::Changed { id: "1".into(), properties: vec!["mail".into(), "city".into()] };
        assert_eq!(changed.to_string(), "1 differs in mail, city");
        assert_eq!(
            to_value(&link).unwrap(),
            json!({"difference": "linkExtra", "container": "c", "source": "s", "target": "t"})
        );
        let verified = Verified {
            resource: "users".into(),
            objects: 20,
            links: 0,
            set_aside: 1,
            undecided: 0,
            not_compared: Vec::new(),
            differences: vec![changed, link],
            as_of: Some(OffsetDateTime::UNIX_EPOCH),
            seconds: 1.5,
        };
        assert_eq!(to_value(&verified).unwrap()["differences"], 2);
        let members = NotCompared { container: Some("groups-members".into()), id: "1".into(), status: 403 };
        assert_eq!(
            members.to_string(),
            "groups-members 1 was not compared: Microsoft Graph refuses it (status 403)"
        );
        let object = NotCompared { container: None, ..members };
        assert_eq!(to_value(&object).unwrap(), json!({"id": "1", "status": 403}));
        assert_eq!(
            verified.to_string(),
            "users: 2 differences; 20 objects and 0 links compared, 1 set aside, the copy as of 1970-01-01T00:00:00Z, 1.5 s"
        );
    }
}
