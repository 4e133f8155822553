//! What is wrong with a container, in words, with what to do; pure.
//!
//! One place for turns, for `init` and for the `doctor`. A container has to be there with its partition key, and with
//! TTL on without a default (rule 14).

use std::fmt;

use super::definition::{Properties, Ttl};
use super::remedy::Account;

/// What is wrong with a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It has this partition key, which nothing can change.
    PartitionKey(String),
    /// TTL is off: tombstones and run records stay for ever.
    TtlOff,
    /// Every document expires after so many seconds, the living ones too.
    DefaultTtl(u32),
}

impl Fault {
    /// What is wrong with a container of these properties, if anything is.
    pub fn of(there: &Properties, partition_key: &str) -> Option<Self> {
        match there.ttl {
            _ if there.partition_key != partition_key => {
                Some(Self::PartitionKey(there.partition_key.clone()))
            }
            Ttl::Off => Some(Self::TtlOff),
            Ttl::Default(seconds) => Some(Self::DefaultTtl(seconds)),
            Ttl::On => None,
        }
    }
}

/// A container that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its name.
    pub container: String,
    /// The database that it belongs to.
    pub database: String,
    /// The partition key that it needs.
    pub partition_key: String,
    /// What is wrong.
    pub fault: Fault,
    /// The account, for the command.
    pub account: Account,
}

impl Unfit {
    /// Whether it is not there.
    pub fn is_missing(&self) -> bool {
        self.fault == Fault::Missing
    }

    /// Whether documents of it may have expired: they come back only when everything is read anew.
    pub fn expires(&self) -> bool {
        matches!(self.fault, Fault::DefaultTtl(_))
    }

    /// The name of the fault in JSON.
    pub fn name(&self) -> &'static str {
        match self.fault {
            Fault::Missing => "missing",
            Fault::PartitionKey(_) => "otherPartitionKey",
            Fault::TtlOff => "withoutTtl",
            Fault::DefaultTtl(_) => "defaultTtl",
        }
    }

    /// What it has instead of what it needs.
    pub fn has(&self) -> String {
        match &self.fault {
            Fault::Missing => "nothing".into(),
            Fault::PartitionKey(key) => format!("partition key {key}, and needs {}", self.partition_key),
            Fault::TtlOff => "TTL off".into(),
            Fault::DefaultTtl(seconds) => format!("a default TTL of {seconds} s"),
        }
    }

    /// What is wrong.
    pub fn what(&self) -> String {
        let Self { container, database, partition_key, .. } = self;
        match &self.fault {
            Fault::Missing => format!("there is no container `{container}` of database `{database}`"),
            Fault::PartitionKey(has) => {
                format!("the container `{container}` has the partition key {has}, and needs {partition_key}")
            }
            Fault::TtlOff => {
                format!(
                    "the container `{container}` has its TTL off, so tombstones and run records stay for ever"
                )
            }
            Fault::DefaultTtl(seconds) => format!(
                "the container `{container}` has a default TTL of {seconds} s, so its documents vanish by themselves"
            ),
        }
    }

    /// What to do; [`Unfit::command`] follows.
    pub fn next(&self) -> &'static str {
        match self.fault {
            Fault::Missing => "create it; with COSMOS_KEY, `graph-mirror init` does:",
            Fault::PartitionKey(_) => {
                "a partition key cannot be changed: create the container anew; its resource is then read anew:"
            }
            Fault::TtlOff => "turn it on without a default:",
            Fault::DefaultTtl(_) => "leave TTL on, but without a default; its resource is then read anew:",
        }
    }

    /// The command that mends it.
    pub fn command(&self) -> String {
        let Self { container, partition_key, account, .. } = self;
        match self.fault {
            Fault::Missing => account.create_container(container, partition_key),
            Fault::PartitionKey(_) => account.replace_container(container, partition_key),
            Fault::TtlOff | Fault::DefaultTtl(_) => account.turn_ttl_on(container),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {} {}", self.what(), self.next(), self.command())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_needs_its_partition_key_and_ttl_without_a_default() {
        let there = |key: &str, ttl| Properties { id: "rid".into(), partition_key: key.into(), ttl };
        assert_eq!(Fault::of(&there("/id", Ttl::On), "/id"), None);
        assert_eq!(Fault::of(&there("/id", Ttl::Off), "/id"), Some(Fault::TtlOff));
        assert_eq!(Fault::of(&there("/id", Ttl::Default(60)), "/id"), Some(Fault::DefaultTtl(60)));
        let other = Some(Fault::PartitionKey("/tenantId".into()));
        assert_eq!(Fault::of(&there("/tenantId", Ttl::Off), "/id"), other);
        assert_eq!(Fault::of(&there("/id, /b", Ttl::On), "/id"), Some(Fault::PartitionKey("/id, /b".into())));
    }
}
