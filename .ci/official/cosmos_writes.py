"""Checks of azure-cosmos: what is written goes into a container of the check's own."""

import time

from cosmos_client import TENANT, USERS, own, refused

from azure.core import MatchConditions
from azure.cosmos import exceptions

# Documents expire within seconds; a machine may be slow.
PATIENCE = 60


def time_to_live():
    container = own()
    container.create_item({"id": "1", "part": "a", "ttl": 1})
    container.create_item({"id": "2", "part": "a"})
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and len(list(container.read_all_items())) == 2:
        time.sleep(0.1)
    assert [one["id"] for one in container.read_all_items()] == ["2"]


def writes():
    container = own()
    made = container.create_item({"id": "1", "part": "a"})
    refused(409, lambda: container.create_item({"id": "1", "part": "a"}))
    newer = container.upsert_item({"id": "1", "part": "a", "n": 1})
    assert newer["_etag"] != made["_etag"] and newer["_rid"] == made["_rid"], newer
    match = {"etag": made["_etag"], "match_condition": MatchConditions.IfNotModified}
    refused(412, lambda: container.replace_item("1", {"id": "1", "part": "a", "n": 2}, **match))
    container.delete_item("1", "a")
    refused(404, lambda: container.delete_item("1", "a"))


def patches():
    container = own()
    container.create_item({"id": "1", "part": "a", "n": 1, "list": [1]})
    operations = [
        {"op": "set", "path": "/name", "value": "Ada"},
        {"op": "incr", "path": "/n", "value": 2},
        {"op": "add", "path": "/list/-", "value": 2},
    ]
    container.patch_item("1", "a", operations)
    found = container.read_item("1", "a")
    assert (found["name"], found["n"], found["list"]) == ("Ada", 3, [1, 2]), found


def patch_with_condition():
    container = own()
    container.create_item({"id": "1", "part": "a", "n": 1})
    operations, condition = [{"op": "incr", "path": "/n", "value": 2}], "FROM c WHERE c.n = 3"
    refused(412, lambda: container.patch_item("1", "a", operations, filter_predicate=condition))


def batches():
    container = own()
    items = [{"id": str(number), "part": "a"} for number in range(5)]
    found = container.execute_item_batch([("create", (item,)) for item in items], partition_key="a")
    assert [one["statusCode"] for one in found] == [201] * 5, found
    operations = [("upsert", ({"id": "9", "part": "a"},)), ("create", (items[0],))]
    try:
        container.execute_item_batch(operations, partition_key="a")
        raise AssertionError("it was written")
    except exceptions.CosmosBatchOperationError as error:
        assert [one["statusCode"] for one in error.operation_responses] == [424, 409], error.operation_responses
    refused(404, lambda: container.read_item("9", "a"))


def many_at_once():
    found = USERS.read_items([(one, one) for one in TENANT["users"]])
    assert {one["id"] for one in found} == set(TENANT["users"])


def sizes():
    container = own()
    refused(413, lambda: container.create_item({"id": "1", "part": "a", "text": "x" * (2 << 20)}))


CHECKS = {
    "TTL": time_to_live,
    "create, upsert, replace, delete, If-Match": writes,
    "patch": patches,
    "patch: condition": patch_with_condition,
    "transactional batch": batches,
    "many documents at once": many_at_once,
    "limits of a document": sizes,
}
