"""Checks of azure-cosmos: the copy that the product wrote, queries and change feed. Queries are those of README.md, too."""

import datetime
import re

from cosmos_client import DATABASE, LIVING, MEMBERS, TENANT, USERS, everything, own, refused
from judge import ROOT


def copies():
    found = everything(USERS, f"SELECT VALUE c.id FROM c WHERE {LIVING}", max_item_count=7)
    assert sorted(found) == TENANT["users"]
    members = everything(DATABASE.get_container_client("groups-members"), f"SELECT * FROM c WHERE {LIVING}")
    found = [(one["sourceId"], one["targetId"]) for one in members if one["targetId"] != TENANT["removed"]]
    assert sorted(found) == sorted((group, member) for group, member, _ in MEMBERS)


def queries_of_readme():
    text = (ROOT / "README.md").read_text()
    found = re.findall(r"\(container\s+`([\w-]+)`[^)]*\)\s+```sql\n(.*?)```", text, re.S)
    assert len(found) == 6, found
    answers = {}
    for container, query in found:
        query = query.replace("<user id>", MEMBERS[0][1])
        answers[query] = everything(DATABASE.get_container_client(container), query)
    removed = next(answer for query, answer in answers.items() if "removed.reason" in query)
    assert [one["id"] for one in removed] == [TENANT["removed"]], removed
    groups = next(answer for query, answer in answers.items() if "targetId" in query)
    member = MEMBERS[0][1]
    assert sorted(one["sourceId"] for one in groups) == sorted(g for g, m, _ in MEMBERS if m == member)


def query_with_parameters():
    query = "SELECT VALUE c.id FROM c WHERE c.targetId = @user AND c._mirror.parent = @group"
    group, user, _ = MEMBERS[0]
    parameters = [{"name": "@user", "value": user}, {"name": "@group", "value": group}]
    found = list(DATABASE.get_container_client("groups-members").query_items(query, parameters, partition_key=group))
    assert len(found) == 1, found


def query_of_one_partition():
    found = list(USERS.query_items("SELECT * FROM c", partition_key=TENANT["users"][0]))
    assert [one["id"] for one in found] == TENANT["users"][:1]


def query_in_order():
    names = everything(USERS, f"SELECT VALUE c.displayName FROM c WHERE {LIVING} ORDER BY c.displayName")
    assert len(names) == len(TENANT["users"]) and names == sorted(names), names


def query_in_order_of_two():
    """Without a composite index, the service refuses it."""
    refused(400, lambda: everything(USERS, "SELECT c.id FROM c ORDER BY c.displayName, c.city"))


def query_across_partitions():
    """Without the client's word that it may cost more, the service refuses it."""
    refused(400, lambda: list(USERS.query_items("SELECT * FROM c WHERE c.accountEnabled = true")))


def query_in_groups():
    found = everything(USERS, f"SELECT c.accountEnabled, COUNT(1) AS n FROM c WHERE {LIVING} GROUP BY c.accountEnabled")
    assert sum(one["n"] for one in found) == len(TENANT["users"]), found


def query_distinct_and_top():
    found = everything(USERS, f"SELECT DISTINCT VALUE c.accountEnabled FROM c WHERE {LIVING}")
    assert sorted(found) == [False, True], found
    assert len(everything(USERS, "SELECT TOP 3 c.id FROM c")) == 3
    assert len(everything(USERS, "SELECT c.id FROM c OFFSET 2 LIMIT 4")) == 4


def query_in_pages():
    pages = USERS.query_items("SELECT c.id FROM c", enable_cross_partition_query=True, max_item_count=10).by_page()
    first = list(next(pages))
    assert len(first) == 10 and pages.continuation_token, first
    query = USERS.query_items("SELECT c.id FROM c", enable_cross_partition_query=True, max_item_count=10)
    others = [one for page in query.by_page(pages.continuation_token) for one in page]
    assert len({one["id"] for one in first + others}) == len(TENANT["users"]) + 1


def query_with_fault():
    refused(400, lambda: everything(USERS, "SELECT FROM WHERE"))


def change_feed():
    found = list(USERS.query_items_change_feed(start_time="Beginning"))
    ids = {one["id"] for one in found}
    assert ids == set(TENANT["users"]) | {TENANT["removed"]}, len(ids)
    token = USERS.client_connection.last_response_headers["etag"]
    assert list(USERS.query_items_change_feed(continuation=token)) == []


def change_feed_goes_on():
    container = own()
    container.create_item({"id": "1", "part": "a"})
    assert [one["id"] for one in container.query_items_change_feed(start_time="Beginning")] == ["1"]
    token = container.client_connection.last_response_headers["etag"]
    container.create_item({"id": "2", "part": "b"})
    assert [one["id"] for one in container.query_items_change_feed(continuation=token)] == ["2"]


def change_feed_from_a_time():
    container = own()
    container.create_item({"id": "1", "part": "a"})
    an_hour = datetime.timedelta(hours=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    for time_, expected in ((now - an_hour, ["1"]), (now + an_hour, [])):
        assert [one["id"] for one in container.query_items_change_feed(start_time=time_)] == expected, time_


CHECKS = {
    "the copy is complete": copies,
    "queries of README": queries_of_readme,
    "query: parameters": query_with_parameters,
    "query: one partition": query_of_one_partition,
    "query: ORDER BY": query_in_order,
    "query: ORDER BY two properties": query_in_order_of_two,
    "query: all partitions, without leave": query_across_partitions,
    "query: GROUP BY": query_in_groups,
    "query: DISTINCT, TOP, OFFSET LIMIT": query_distinct_and_top,
    "query: pages": query_in_pages,
    "query: syntax error": query_with_fault,
    "change feed": change_feed,
    "change feed: goes on": change_feed_goes_on,
    "change feed: from a time": change_feed_from_a_time,
}
