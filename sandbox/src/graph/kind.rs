//! What a request asks for: of which kind it is, of which collection, and below which objects.

use axum::http::Uri;

use super::{
    relationship::Relationship,
    route::{Named, cast, segments},
    row::{Row, Tokens},
};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A delta query without a token: a round begins.
    Initial,
    /// A further page of a round (`$skiptoken`).
    SkipToken,
    /// A new round from a delta link (`$deltatoken`).
    DeltaToken,
    /// One object.
    ById,
    /// To whom one object is linked: the members or owners of a group, the manager of a user.
    Targets,
    /// A page of a list of all objects, their number, or the only object of a path.
    List,
    /// The signed-in user, or something of it.
    Me,
    /// The photo of a user.
    Photo,
    /// Who is linked to one object: the groups in which a user is, or of whom it is the manager.
    Sources,
    /// Deleted objects of one type, or one of them.
    DeletedItems,
    /// The members of a chat.
    ChatMembers,
    /// Several requests in one; its parts are recorded as requests of their own.
    Batch,
    /// Several directory objects by their ids.
    GetByIds,
    /// Anything else.
    Other,
}

/// A path, understood.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) feed: Option<&'static Row>,
    /// The objects above, as they are named.
    pub(super) named: Vec<Named>,
}

impl Asked {
    pub(super) fn of(uri: &Uri) -> Self {
        let plain = |kind| Self { kind, feed: None, named: Vec::new() };
        let is_beta = uri.path().starts_with("/beta/");
        let path = ["/v1.0/", "/beta/"].iter().find_map(|version| uri.path().strip_prefix(version));
        let Some(path) = path else { return plain(Kind::Other) };
        let all = segments(path);
        match (all[0].as_str(), all.len()) {
            ("me", _) => return plain(Kind::Me),
            ("directory", 3) if all[1] == "deletedItems" => return plain(Kind::DeletedItems),
            ("$batch", 1) => return plain(Kind::Batch),
            ("directoryObjects", 2) if all[1] == "getByIds" => return plain(Kind::GetByIds),
            ("chats", 3) if all[2] == "members" => {
                return Self { feed: Row::named("chats"), ..plain(Kind::ChatMembers) };
            }
            _ => {}
        }
        let below = Row::all().filter_map(|row| {
            let named = row.route.matched(&all)?;
            Some((&row.route, row, kind(row, &all[row.route.length()..], uri), named))
        });
        let objects = Row::all().filter(|row| row.is_read_by_id()).filter_map(|row| {
            let named = row.object_route.matched(&all)?;
            let is_object = all.len() == row.object_route.length() + 1
                && all.last().is_some_and(|id| !id.is_empty() && !id.starts_with('$') && !is_delta(id));
            is_object.then_some((&row.object_route, row, Kind::ById, named))
        });
        // What fits the longest path, and is something there, is meant.
        let asked = below.chain(objects).map(|(route, row, kind, named)| {
            ((kind != Kind::Other, route.length(), route.fixed()), row, kind, named)
        });
        let Some((_, row, kind, named)) = asked.max_by_key(|(rank, ..)| *rank) else {
            return plain(Kind::Other);
        };
        let is_refused =
            is_beta && matches!(kind, Kind::Initial | Kind::SkipToken | Kind::DeltaToken | Kind::Targets);
        Self { kind: if is_refused { Kind::Other } else { kind }, feed: Some(row), named }
    }
}

fn kind(row: &Row, rest: &[String], uri: &Uri) -> Kind {
    let mut rest: Vec<_> = rest.iter().map(String::as_str).collect();
    if rest.len() == 3 {
        rest.pop_if(|last| cast(last).is_some());
    }
    match rest[..] {
        [] | ["$count"] => Kind::List,
        [delta] if is_delta(delta) => match row.delta {
            true => of_delta(row, uri),
            false => Kind::Other,
        },
        [_, "photo", "$value"] if row.name == "users" => Kind::Photo,
        [id, property] if !id.is_empty() && Relationship::backward(row, property).next().is_some() => {
            Kind::Sources
        }
        [id, "transitiveMembers"] if !id.is_empty() && row.name == "groups" => Kind::Targets,
        [id, property] if !id.is_empty() && Relationship::below(row, property).is_some() => Kind::Targets,
        _ => Kind::Other,
    }
}

/// Whether a segment is the function `delta`, in whatever form.
pub(super) fn is_delta(segment: &str) -> bool {
    let name = segment.strip_prefix("microsoft.graph.").unwrap_or(segment);
    name == "delta" || (name.starts_with("delta(") && name.ends_with(')'))
}

fn of_delta(row: &Row, uri: &Uri) -> Kind {
    let query = uri.query().unwrap_or_default().replace("%24", "$");
    let option = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name));
    if row.tokens != Tokens::Options {
        // These links do not say what they are; here their tokens do.
        let argument = uri.path().rsplit_once("(token='").map(|(_, token)| token);
        let named = option(if row.tokens == Tokens::SkipToken { "skipToken=" } else { "token=" });
        return match argument.or(named).and_then(|token| token.chars().next()) {
            Some('n') => Kind::SkipToken,
            Some('d') => Kind::DeltaToken,
            _ => Kind::Initial,
        };
    }
    if option("$skiptoken=").is_some() {
        return Kind::SkipToken;
    }
    match option("$deltatoken=") {
        None | Some("" | "latest") => Kind::Initial,
        Some(_) => Kind::DeltaToken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str) -> (Kind, &'static str) {
        let asked = Asked::of(&path.parse().unwrap());
        (asked.kind, asked.feed.map_or("", |row| row.name.as_str()))
    }

    #[test]
    fn the_longest_path_that_fits_is_meant() {
        for (path, kind, feed) in [
            ("/v1.0/users/5", Kind::ById, "users"),
            ("/v1.0/users/5/manager", Kind::Targets, "users"),
            ("/v1.0/groups/5/members/microsoft.graph.user", Kind::Targets, "groups"),
            ("/v1.0/users/5/directReports", Kind::Sources, "users"),
            ("/v1.0/devices/5/transitiveMemberOf", Kind::Sources, "devices"),
            ("/v1.0/directory/deletedItems/microsoft.graph.user", Kind::DeletedItems, ""),
            ("/v1.0/users/5/mailFolders/delta", Kind::Initial, "mailFolders"),
            ("/v1.0/users/5/mailFolders/inbox/messageRules", Kind::List, "messageRules"),
            ("/v1.0/users/5/mailFolders('6')/messages/delta?$skiptoken=x", Kind::SkipToken, "messages"),
            ("/v1.0/roleManagement/directory/roleDefinitions/5", Kind::ById, "roleDefinitions"),
            ("/v1.0/policies/authorizationPolicy", Kind::List, "authorizationPolicy"),
            ("/v1.0/drives/5/root/delta", Kind::Initial, "driveItems"),
            ("/v1.0/drives/5/root/delta(token='n1')", Kind::SkipToken, "driveItems"),
            ("/v1.0/drives/5/root/delta?token=latest", Kind::Initial, "driveItems"),
            ("/v1.0/devices/5/registeredOwners", Kind::List, "deviceRegisteredOwners"),
            ("/v1.0/devices/5/registeredOwners/6", Kind::Other, "deviceRegisteredOwners"),
            ("/v1.0/drives/5/items/6", Kind::ById, "driveItems"),
            ("/v1.0/drives/5/root/6", Kind::Other, "driveItems"),
            ("/v1.0/planner/plans/5", Kind::ById, "plannerPlans"),
            ("/v1.0/places/microsoft.graph.room", Kind::List, "rooms"),
            ("/v1.0/domains/delta", Kind::Other, "domains"),
            ("/v1.0/directoryObjects/getByIds", Kind::GetByIds, ""),
            ("/v1.0/nothing", Kind::Other, ""),
            ("/beta/users/5/manager", Kind::Other, "users"),
            ("/beta/users/5", Kind::ById, "users"),
        ] {
            assert_eq!(asked(path), (kind, feed), "{path}");
        }
    }
}
