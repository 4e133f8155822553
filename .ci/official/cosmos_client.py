"""The clients of azure-cosmos with which the checks ask, and what they share."""

import uuid

from judge import WORLD

import azure.identity
from azure.cosmos import CosmosClient, PartitionKey, exceptions

TENANT, ACCOUNT = WORLD["tenant"], WORLD["cosmos"]
# A link to a removed user stays, as Graph tells it, because it comes back with the user.
MEMBERS = [link for link in TENANT["members"] if link[1] != TENANT["removed"]]


def client(credential, **options):
    return CosmosClient(ACCOUNT["endpoint"], credential, **options)


def entra():
    """The app, with a token for this account: the audience that the client asks for first."""
    return azure.identity.ClientSecretCredential(
        WORLD["tenantId"],
        WORLD["clientId"],
        WORLD["clientSecret"],
        authority=WORLD["authorityHost"],
        disable_instance_discovery=True,
    )


KEY = client(ACCOUNT["key"])
DATABASE = KEY.get_database_client(ACCOUNT["database"])
USERS = DATABASE.get_container_client("users")
LIVING = "NOT IS_DEFINED(c._mirror.removed)"


def everything(container, text, **options):
    return list(container.query_items(text, enable_cross_partition_query=True, **options))


def own(**options):
    """A new container, by the key."""
    key = PartitionKey(path="/part")
    return DATABASE.create_container(f"python-{uuid.uuid4()}", key, default_ttl=-1, **options)


def refused(status, ask, sub_status=None):
    try:
        ask()
    except exceptions.CosmosHttpResponseError as error:
        assert (error.status_code, error.sub_status or None) == (status, sub_status), error
        return error
    raise AssertionError("it was answered")
