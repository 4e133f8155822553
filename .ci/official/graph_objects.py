"""Checks of msgraph-sdk: lists, query options, single objects, batches, errors."""

import datetime
import json
import urllib.parse

from graph_client import LOOP, SECRET, TENANT, app, asked, client, eventually, ids, person, refused, rest, same, values
from judge import ROOT, WORLD

from azure.core.credentials import AccessToken
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.user import User
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

USERS = TENANT["users"]
SOME = USERS[3]


def everybody():
    """All users with a few properties."""
    properties = ["id", "displayName", "userPrincipalName", "department", "accountEnabled", "createdDateTime", "mail"]
    return values(rest(app.users, asked(app.users, select=properties)))


def lists_of_users():
    pages = rest(app.users, asked(app.users))
    assert len(pages) > 1
    same(ids(values(pages)), USERS)


def lists_of_groups():
    same(ids(values(rest(app.groups, asked(app.groups, top=4)))), TENANT["groups"])


def selects():
    user = asked(app.users.by_user_id(SOME), select=["id", "displayName"])
    assert user.id == SOME and user.display_name and user.user_principal_name is None, user
    page = asked(app.users, select=["displayName", "accountEnabled"])
    assert all(isinstance(user.account_enabled, bool) and user.mail is None for user in page.value), page


def default_properties():
    user = asked(app.users.by_user_id(SOME))
    assert user.user_principal_name and user.account_enabled is None, user


def by_id():
    assert asked(app.users.by_user_id(SOME)).id == SOME
    assert asked(app.users.by_user_id(SOME.upper())).id == SOME
    assert asked(app.groups.by_group_id(TENANT["groups"][0].upper())).id == TENANT["groups"][0]


def by_name():
    name = asked(app.users.by_user_id(SOME)).user_principal_name
    for one in (name, name.upper(), name.lower()):
        assert asked(app.users.by_user_id(one)).id == SOME, one


def tops():
    page = asked(app.users, top=7)
    assert len(page.value) == 7 and page.odata_next_link, page
    refused(400, "Request_BadRequest", app.users, top=1000)


def counts():
    page = eventually(app.users, count=True, top=5)
    assert page.odata_count == len(USERS), page.odata_count


def number_alone():
    assert eventually(app.users.count) == len(USERS)


def counts_need_eventual():
    refused(400, "Request_BadRequest", app.users.count)


def filtered(text, holds, **options):
    expected = [user.id for user in everybody() if holds(user)]
    assert expected, "the filter would prove nothing"
    ask = eventually if options else asked
    same(ids(values(rest(app.users, ask(app.users, filter=text, **options), ask))), expected)


def filters():
    department = next(user.department for user in everybody() if user.department)
    filtered("accountEnabled eq true", lambda user: user.account_enabled)
    filtered(f"department eq '{department}'", lambda user: user.department == department)
    filtered(f"accountEnabled eq true and department in ('{department}', 'None')",
             lambda user: user.account_enabled and user.department == department)
    first = everybody()[0].display_name[:1].replace("'", "''")
    filtered(f"startsWith(displayName,'{first}')", lambda user: user.display_name.lower().startswith(first.lower()))


def filters_by_time():
    """As the first copy of many users is cut."""
    times = sorted(user.created_date_time for user in everybody())
    low, high = times[10], times[-10]
    text = f"createdDateTime ge {low:%Y-%m-%dT%H:%M:%SZ} and createdDateTime le {high:%Y-%m-%dT%H:%M:%SZ}"
    filtered(text, lambda user: low <= user.created_date_time <= high)


def filters_of_the_catalogue():
    """What the product asks of resources that it reads as lists, row by row."""
    an_hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    rows = 0
    for file in sorted((ROOT / "catalogue").glob("*.json")):
        row, listed = json.loads(file.read_text()), TENANT["listed"].get(file.stem)
        if not listed:
            continue
        window = row.get("window")
        lower = window and window.get("operators", "ge/le").split("/")[0]
        text = f"{window['property']} {lower} {an_hour_ago:%Y-%m-%dT%H:%M:%SZ}" if window else row.get("filter")
        options = {"$filter": text, "$expand": row.get("expand")}
        query = urllib.parse.urlencode({name: value for name, value in options.items() if value})
        assert query, file.stem
        # The builder of users passes an address on as it is; a user has an id and whatever else there is.
        builder = app.users.with_url(f"{WORLD['graph']}/v1.0{row['path']}?{query}")
        same(ids(values(rest(builder, asked(builder)))), listed)
        rows += 1
    assert rows == len(TENANT["listed"]) - 1, f"{rows} rows"


def filters_advanced():
    filtered("endsWith(userPrincipalName,'contoso.example')", lambda user: True, count=True)
    refused(400, "Request_UnsupportedQuery", app.users, filter="endsWith(mail,'contoso.example')")


def filters_not():
    filtered("not(accountEnabled eq true)", lambda user: not user.account_enabled, count=True)


def orders():
    names = [user.display_name for user in values(rest(app.users, asked(app.users, orderby=["displayName"])))]
    assert names == sorted(names, key=str.casefold), names


def searches():
    name = asked(app.users.by_user_id(SOME)).display_name
    page = eventually(app.users, search=f'"displayName:{name}"')
    assert SOME in ids(page.value), page


def unknown_properties():
    error = refused(400, "BadRequest", app.users, select=["id", "shoeSize"])
    assert "shoeSize" in error.message, error


def missing():
    nobody = "00000000-0000-4000-8000-000000000000"
    error = refused(404, "Request_ResourceNotFound", app.users.by_user_id(nobody))
    assert nobody in error.message and error.inner_error.request_id, error
    refused(404, "Request_ResourceNotFound", app.groups.by_group_id(nobody))


class Given:
    """A credential that gives one token."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *_scopes, **_options):
        return AccessToken(self.token, 2**31)


def wrong_tokens():
    refused(401, "InvalidAuthenticationToken", client(Given("not a token")).users)
    wrong = SECRET.get_token("https://cosmos.azure.com/.default").token
    refused(401, "InvalidAuthenticationToken", client(Given(wrong)).users)


def no_permission():
    refused(403, "Authorization_RequestDenied", app.domains)


def unknown_path():
    error = refused(400, "BadRequest", app.users.with_url(WORLD["graph"] + "/v1.0/shoes"))
    assert "shoes" in error.message, error


def writes():
    """The app may read only."""
    try:
        LOOP.run_until_complete(app.users.by_user_id(SOME).patch(User(job_title="Pilot")))
    except ODataError as error:
        assert (error.response_status_code, error.error.code) == (403, "Authorization_RequestDenied"), error
        return
    raise AssertionError("it was written")


def batches():
    content = BatchRequestContent()
    for number, one in enumerate([*USERS[:19], "missing"]):
        request = BatchRequestItem(app.users.by_user_id(one).to_get_request_information(), str(number))
        # The paths of a batch are below the version.
        request.url = request.url.removeprefix(WORLD["graph"] + "/v1.0")
        content.add_request(request.id, request)
    answer = LOOP.run_until_complete(app.batch.post(content))
    statuses = answer.get_response_status_codes()
    # This client does not read bodies that are JSON, only text.
    assert statuses == {str(number): 200 for number in range(19)} | {"19": 404}, statuses


def by_ids():
    wanted = [USERS[0], TENANT["groups"][0], "00000000-0000-4000-8000-000000000000"]
    body = GetByIdsPostRequestBody(ids=wanted, types=["user", "group"])
    found = LOOP.run_until_complete(app.directory_objects.get_by_ids.post(body)).value
    same(ids(found), wanted[:2])
    assert {one.odata_type for one in found} == {"#microsoft.graph.user", "#microsoft.graph.group"}, found


def organization():
    found = asked(app.organization).value
    assert ids(found) == [WORLD["tenantId"]] and found[0].verified_domains[0].name, found


def me():
    assert asked(person.me).id == WORLD["userId"]
    assert asked(person.me, select=["userPrincipalName"]).user_principal_name == WORLD["username"]
    refused(400, "BadRequest", app.me)


CHECKS = {
    "users, page by page": lists_of_users,
    "groups, page by page": lists_of_groups,
    "$select": selects,
    "properties without $select": default_properties,
    "by id, in either case": by_id,
    "by userPrincipalName, in either case": by_name,
    "$top": tops,
    "$count": counts,
    "/$count": number_alone,
    "/$count without ConsistencyLevel": counts_need_eventual,
    "$filter: eq, in, and, startsWith": filters,
    "$filter: createdDateTime": filters_by_time,
    "$filter and $expand: the rows of the catalogue": filters_of_the_catalogue,
    "$filter: endsWith": filters_advanced,
    "$filter: not": filters_not,
    "$orderby": orders,
    "$search": searches,
    "error: unknown property": unknown_properties,
    "error: not found": missing,
    "error: wrong token": wrong_tokens,
    "error: missing permission": no_permission,
    "error: unknown path": unknown_path,
    "error: a write without the permission": writes,
    "$batch": batches,
    "getByIds": by_ids,
    "/organization": organization,
    "/me": me,
}
