"""The clients of msgraph-sdk with which the checks of Microsoft Graph ask, and how they ask.

An app asks with a client secret; a person with the sign-in of the Azure CLI.
"""

import asyncio
import inspect

from judge import WORLD

import azure.identity
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

TENANT = WORLD["tenant"]
LOOP = asyncio.new_event_loop()


def client(credential):
    """A client of the sandbox's Graph, which is not on one of Graph's own hosts."""
    scopes = ["https://graph.microsoft.com/.default"]
    adapter = GraphRequestAdapter(
        AzureIdentityAuthenticationProvider(credential, scopes=scopes, allowed_hosts=["localhost"])
    )
    adapter.base_url = WORLD["graph"] + "/v1.0"
    return GraphServiceClient(request_adapter=adapter)


SECRET = azure.identity.ClientSecretCredential(
    WORLD["tenantId"],
    WORLD["clientId"],
    WORLD["clientSecret"],
    authority=WORLD["authorityHost"],
    disable_instance_discovery=True,
)
app = client(SECRET)
person = client(azure.identity.AzureCliCredential())


def asked(builder, headers=None, **options):
    """A request of a builder with query options, such as `select=["id"]`."""
    kinds = [kind for name, kind in inspect.getmembers(type(builder)) if name.endswith("GetQueryParameters")]
    parameters = kinds[0](**options) if options else None
    configuration = RequestConfiguration(query_parameters=parameters)
    for name, value in (headers or {}).items():
        configuration.headers.add(name, value)
    return LOOP.run_until_complete(builder.get(request_configuration=configuration))


def eventually(builder, **options):
    """The same with what advanced queries need."""
    return asked(builder, {"ConsistencyLevel": "eventual"}, **options)


def rest(builder, page, ask=asked):
    """A page, and those to which its next links lead."""
    pages = [page]
    while pages[-1].odata_next_link:
        pages.append(ask(builder.with_url(pages[-1].odata_next_link)))
    return pages


def values(pages):
    return [one for page in pages for one in page.value]


def ids(objects):
    return [one.id for one in objects]


def same(found, expected):
    """They have the same members, in whatever order, and none twice."""
    assert sorted(found) == sorted(expected), f"found {len(found)}, of {len(expected)}"


def refused(status, code, builder, headers=None, **options):
    """The request is refused so; the error."""
    try:
        asked(builder, headers, **options)
    except ODataError as error:
        assert (error.response_status_code, error.error.code) == (status, code), error
        return error.error
    raise AssertionError("it was answered")
