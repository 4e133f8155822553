"""Checks of msgraph-sdk: who is linked to whom, and deleted items."""

from graph_client import TENANT, app, asked, eventually, ids, person, refused, rest, same, values
from judge import WORLD

# The delta query tells links to removed objects; everything else hides them.
TENANT = TENANT | {
    links: [link for link in TENANT[links] if TENANT["removed"] not in link] for links in ("managers", "members", "owners")
}
USER, MANAGER, _ = TENANT["managers"][0]
BOSS = TENANT["users"][0]


def of(links, *, source=None, target=None):
    """The other ends of the links of an object."""
    if source:
        return [one for other, one, _ in TENANT[links] if other == source]
    return [other for other, one, _ in TENANT[links] if one == target]


def in_groups(one, seen):
    """The groups in which an object is, also by other groups."""
    for group in of("members", target=one):
        if group not in seen:
            seen.append(group)
            in_groups(group, seen)
    return seen


def below(group, seen):
    """What is in a group, also by other groups."""
    for one in of("members", source=group):
        if one not in seen:
            seen.append(one)
            below(one, seen)
    return seen


NESTED = next(group for group, member, kind in TENANT["members"] if kind == "group")
MEMBER = next(member for group, member, kind in TENANT["members"] if kind == "user")


def all_of(builder, **options):
    return values(rest(builder, asked(builder, **options)))


def manager():
    found = asked(app.users.by_user_id(USER).manager)
    assert found.id == MANAGER and found.odata_type == "#microsoft.graph.user", found
    refused(404, "Request_ResourceNotFound", app.users.by_user_id(BOSS).manager)


def manager_with_properties():
    found = asked(app.users.by_user_id(USER).manager, select=["id", "displayName"])
    assert found.display_name == asked(app.users.by_user_id(MANAGER)).display_name, found


def expands_manager():
    user = asked(app.users.by_user_id(USER), expand=["manager($select=id,displayName)"])
    assert user.manager.id == MANAGER and user.manager.display_name, user
    users = all_of(app.users, expand=["manager($select=id)"], select=["id"])
    found = {user.id: user.manager and user.manager.id for user in users}
    expected = {user: None for user in TENANT["users"]} | {user: manager for user, manager, _ in TENANT["managers"]}
    assert found == expected, found


def direct_reports():
    same(ids(all_of(app.users.by_user_id(MANAGER).direct_reports)), of("managers", target=MANAGER))


def members():
    for group in TENANT["groups"]:
        same(ids(all_of(app.groups.by_group_id(group).members, select=["id"], top=5)), of("members", source=group))


def members_with_properties():
    found = all_of(app.groups.by_group_id(NESTED).members)
    users = [one for one in found if one.odata_type == "#microsoft.graph.user"]
    assert users and all(user.user_principal_name for user in users), users


def owners():
    for group in TENANT["groups"]:
        same(ids(all_of(app.groups.by_group_id(group).owners, select=["id"])), of("owners", source=group))


def transitive_members():
    same(ids(all_of(app.groups.by_group_id(NESTED).transitive_members, select=["id"])), below(NESTED, []))


def counted_members():
    page = eventually(app.groups.by_group_id(NESTED).members, count=True, select=["id"])
    assert page.odata_count == len(of("members", source=NESTED)), page


def cast_members():
    users = [member for group, member, kind in TENANT["members"] if group == NESTED and kind == "user"]
    same(ids(all_of(app.groups.by_group_id(NESTED).members.graph_user, select=["id"])), users)


def member_of():
    found = all_of(app.users.by_user_id(MEMBER).member_of)
    same(ids(found), of("members", target=MEMBER))
    assert all(one.odata_type == "#microsoft.graph.group" and one.display_name for one in found), found
    group = next(member for _, member, kind in TENANT["members"] if kind == "group")
    same(ids(all_of(app.groups.by_group_id(group).member_of)), of("members", target=group))


def transitive_member_of():
    member = next(one for one in TENANT["users"] if len(in_groups(one, [])) > len(of("members", target=one)))
    same(ids(all_of(app.users.by_user_id(member).transitive_member_of)), in_groups(member, []))


def my_groups():
    same(ids(all_of(person.me.member_of)), of("members", target=WORLD["userId"]))


def deleted_items():
    found = all_of(app.directory.deleted_items.graph_user)
    assert TENANT["removed"] in ids(found) and all(one.deleted_date_time for one in found), found
    one = asked(app.directory.deleted_items.by_directory_object_id(TENANT["removed"]))
    assert one.id == TENANT["removed"] and one.odata_type == "#microsoft.graph.user", one
    refused(404, "Request_ResourceNotFound", app.users.by_user_id(TENANT["removed"]))
    refused(404, "Request_ResourceNotFound", app.directory.deleted_items.by_directory_object_id(USER))


CHECKS = {
    "manager": manager,
    "manager, with properties": manager_with_properties,
    "$expand=manager": expands_manager,
    "directReports": direct_reports,
    "members": members,
    "members, with properties": members_with_properties,
    "members, $count": counted_members,
    "members, of one type": cast_members,
    "owners": owners,
    "transitiveMembers": transitive_members,
    "memberOf": member_of,
    "transitiveMemberOf": transitive_member_of,
    "/me/memberOf": my_groups,
    "deletedItems": deleted_items,
}
