"""azure-cosmos for Python against the sandbox's Cosmos DB account and the copy that the product wrote there.

Called by .ci/clients with the description that the world printed as its one argument.
"""

import os
import sys

from judge import judge  # first: it says whom to trust

import cosmos_queries
import cosmos_writes
from azure.cosmos import PartitionKey
from cosmos_client import ACCOUNT, DATABASE, KEY, LIVING, TENANT, USERS, client, entra, everything, refused


def by_key():
    assert ACCOUNT["database"] in [one["id"] for one in KEY.list_databases()]
    assert {"users", "groups", "groups-members"} <= {one["id"] for one in DATABASE.list_containers()}
    refused(401, lambda: list(client("WlpaWg==").list_databases()))


def by_account_token():
    with entra() as credential:
        users = client(credential).get_database_client(ACCOUNT["database"]).get_container_client("users")
        assert everything(users, f"SELECT VALUE COUNT(1) FROM c WHERE {LIVING}") == [len(TENANT["users"])]


def by_cloud_token():
    os.environ["AZURE_COSMOS_AAD_SCOPE_OVERRIDE"] = "https://cosmos.azure.com/.default"
    try:
        by_account_token()
    finally:
        del os.environ["AZURE_COSMOS_AAD_SCOPE_OVERRIDE"]


def token_creates_no_container():
    with entra() as credential:
        database = client(credential).get_database_client(ACCOUNT["database"])
        refused(403, lambda: database.create_container("other", PartitionKey(path="/id")), 5300)


def point_reads():
    one = USERS.read_item(TENANT["users"][0], TENANT["users"][0])
    assert one["id"] == TENANT["users"][0] and one["_mirror"]["resource"] == "users" and one["_etag"], one
    headers = USERS.client_connection.last_response_headers
    assert float(headers["x-ms-request-charge"]) > 0 and headers["x-ms-session-token"], headers
    refused(404, lambda: USERS.read_item("nobody", "nobody"))


def containers():
    found = USERS.read()
    assert found["partitionKey"]["paths"] == ["/id"] and found["defaultTtl"] == -1, found
    refused(404, lambda: DATABASE.get_container_client("missing").read())


ACCESS = {
    "key": by_key,
    "Entra: audience of the account": by_account_token,
    "Entra: audience of the cloud": by_cloud_token,
    "Entra: creates no container": token_creates_no_container,
    "point read": point_reads,
    "container": containers,
}

CHECKS = ACCESS | cosmos_queries.CHECKS | cosmos_writes.CHECKS
sys.exit(judge("azure-cosmos", CHECKS) > 0)
