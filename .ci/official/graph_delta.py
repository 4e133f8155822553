"""Checks of msgraph-sdk: delta queries, with changes that the control of the world makes."""

from graph_client import TENANT, app, asked, ids, refused, rest, same, values
from judge import WORLD

import requests

USERS = TENANT["users"]
SOME = USERS[3]


def delta_round(builder, **options):
    pages = rest(builder, asked(builder, **options))
    assert pages[-1].odata_delta_link and not any(page.odata_delta_link for page in pages[:-1])
    return values(pages), pages[-1].odata_delta_link


def delta_of_users():
    found, link = delta_round(app.users.delta, select=["displayName", "jobTitle"])
    same(ids(found), USERS)
    assert delta_round(app.users.delta.with_url(link))[0] == []


def delta_tells_changes():
    _, link = delta_round(app.users.delta, select=["displayName", "jobTitle"])
    control = WORLD["control"] + "/users"
    new = requests.post(control, json={"displayName": "Ada"}).json()["id"]
    requests.patch(f"{control}/{SOME}", json={"jobTitle": "Pilot"}).raise_for_status()
    found, link = delta_round(app.users.delta.with_url(link))
    same(ids(found), [new, SOME])
    assert {one.id: one.job_title for one in found}[SOME] == "Pilot", found
    requests.delete(f"{control}/{new}").raise_for_status()
    found, _ = delta_round(app.users.delta.with_url(link))
    assert ids(found) == [new] and found[0].additional_data["@removed"] == {"reason": "changed"}, found


def delta_latest():
    found, link = delta_round(app.users.delta.with_url(WORLD["graph"] + "/v1.0/users/delta?$deltatoken=latest"))
    assert found == [] and delta_round(app.users.delta.with_url(link))[0] == []


def delta_of_some():
    text = f"id eq '{USERS[0]}' or id eq '{USERS[1]}'"
    same(ids(delta_round(app.users.delta, filter=text)[0]), USERS[:2])


def delta_of_groups():
    found, _ = delta_round(app.groups.delta, select=["displayName", "members"])
    members = [(group.id, str(member["id"])) for group in found for member in group.additional_data.get("members@delta", [])]
    same(set(ids(found)), TENANT["groups"])
    same(members, [(group, member) for group, member, _ in TENANT["members"]])


def delta_with_a_wrong_token():
    refused(400, "BadRequest", app.users.delta.with_url(WORLD["graph"] + "/v1.0/users/delta?$deltatoken=wrong"))


CHECKS = {
    "delta: users, and nothing new": delta_of_users,
    "delta: a change, a new user, a removal": delta_tells_changes,
    "delta: $deltatoken=latest": delta_latest,
    "delta: $filter by id": delta_of_some,
    "delta: groups and members": delta_of_groups,
    "delta: wrong token": delta_with_a_wrong_token,
}
