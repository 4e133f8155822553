"""MSAL and azure-identity for Python against the sandbox's identity server.

Called by .ci/clients with the description that the world printed as its one argument. Each flow ends with a token whose
signature, audience and claims are checked against the published keys.
"""

import sys
import threading
import urllib.parse

from judge import WORLD, judge  # first: it says whom to trust

import azure.identity
import jwt
import msal
import requests

GRAPH = "https://graph.microsoft.com"
DEFAULT = GRAPH + "/.default"
AUTHORITY = f"{WORLD['authorityHost']}/{WORLD['tenantId']}"
API_SCOPE = WORLD["appIdUri"] + "/access_as_user"
BACK = "http://localhost:4711"
KEYS = jwt.PyJWKSet.from_dict(requests.get(f"{AUTHORITY}/discovery/v2.0/keys").json())


def checked(token, *, app, user):
    """The token is for Graph, of this app, signed, and for the user if there is one."""
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, KEYS[kid].key, algorithms=["RS256"], audience=GRAPH)
    assert claims["appid"] == app, claims
    assert claims["tid"] == WORLD["tenantId"], claims
    if user:
        assert claims["oid"] == WORLD["userId"] and "User.Read" in claims["scp"].split(), claims
    else:
        assert "User.Read.All" in claims["roles"], claims


def of(answer):
    """The token of an answer of MSAL, which tells of errors in the answer."""
    assert "access_token" in answer, {name: answer.get(name) for name in ("error", "error_description")}
    return answer["access_token"]


def sign_in(address):
    """Fills in the sign-in page; the parameters with which the browser is sent back."""
    answer = requests.post(address, data={"username": WORLD["username"]}, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    query = urllib.parse.urlsplit(answer.headers["location"]).query
    return dict(urllib.parse.parse_qsl(query))


def type_code(uri, code):
    """Types the code of a device."""
    answer = requests.post(uri, data={"otc": code, "username": WORLD["username"]})
    assert answer.status_code == 200, answer.text


# An authority that is not Microsoft's would be looked up at Microsoft's: instance discovery is off for that.
def msal_confidential(credential):
    return msal.ConfidentialClientApplication(
        WORLD["clientId"], authority=AUTHORITY, client_credential=credential, instance_discovery=False
    )


def msal_public():
    return msal.PublicClientApplication(WORLD["publicClientId"], authority=AUTHORITY, instance_discovery=False)


def msal_secret():
    app = msal_confidential(WORLD["clientSecret"])
    checked(of(app.acquire_token_for_client([DEFAULT])), app=WORLD["clientId"], user=False)


def msal_certificate():
    app = msal_confidential(
        {"private_key_pfx_path": WORLD["certificatePfx"], "passphrase": WORLD["certificatePassword"]}
    )
    checked(of(app.acquire_token_for_client([DEFAULT])), app=WORLD["clientId"], user=False)
    with open(WORLD["certificate"]) as file:
        pem = file.read()
    key, certificate = pem.split("-----BEGIN CERTIFICATE-----")
    app = msal_confidential({"private_key": key, "public_certificate": "-----BEGIN CERTIFICATE-----" + certificate})
    checked(of(app.acquire_token_for_client([DEFAULT])), app=WORLD["clientId"], user=False)


def msal_device():
    app = msal_public()
    flow = app.initiate_device_flow(["User.Read"])
    type_code(flow["verification_uri"], flow["user_code"])
    checked(of(app.acquire_token_by_device_flow(flow)), app=WORLD["publicClientId"], user=True)


def msal_code():
    app = msal_public()
    flow = app.initiate_auth_code_flow(["User.Read"], redirect_uri=BACK)
    assert "code_challenge" in flow["auth_uri"], flow
    answer = app.acquire_token_by_auth_code_flow(flow, sign_in(flow["auth_uri"]))
    checked(of(answer), app=WORLD["publicClientId"], user=True)
    assert answer["id_token_claims"]["preferred_username"] == WORLD["username"], answer
    account = app.get_accounts()[0]
    again = app.acquire_token_silent(["User.Read"], account, force_refresh=True)
    assert of(again) != of(answer), "it was refreshed"
    checked(of(again), app=WORLD["publicClientId"], user=True)


def users_token():
    """A user's token for our own API."""
    app = msal_public()
    flow = app.initiate_auth_code_flow([API_SCOPE], redirect_uri=BACK)
    return of(app.acquire_token_by_auth_code_flow(flow, sign_in(flow["auth_uri"])))


def msal_on_behalf_of():
    app = msal_confidential(WORLD["clientSecret"])
    checked(of(app.acquire_token_on_behalf_of(users_token(), [DEFAULT])), app=WORLD["clientId"], user=True)


def msal_managed_identity():
    client = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=requests.Session())
    answer = client.acquire_token_for_client(resource=GRAPH)
    checked(of(answer), app=WORLD["managedIdentity"]["clientId"], user=False)


COMMON = {"authority": WORLD["authorityHost"], "disable_instance_discovery": True}


def identity_app(credential, *, scope=DEFAULT, app=WORLD["clientId"], user=False):
    with credential:
        checked(credential.get_token(scope).token, app=app, user=user)


def identity_secret():
    identity_app(
        azure.identity.ClientSecretCredential(WORLD["tenantId"], WORLD["clientId"], WORLD["clientSecret"], **COMMON)
    )


def identity_certificate():
    make = azure.identity.CertificateCredential
    identity_app(make(WORLD["tenantId"], WORLD["clientId"], WORLD["certificate"], **COMMON))
    identity_app(make(WORLD["tenantId"], WORLD["clientId"], WORLD["certificate"], send_certificate_chain=True, **COMMON))
    password = WORLD["certificatePassword"]
    identity_app(
        make(WORLD["tenantId"], WORLD["clientId"], WORLD["certificatePfx"], password=password, **COMMON)
    )


def identity_workload():
    identity_app(
        azure.identity.WorkloadIdentityCredential(
            tenant_id=WORLD["tenantId"],
            client_id=WORLD["clientId"],
            token_file_path=WORLD["federatedTokenFile"],
            **COMMON,
        )
    )


def identity_device():
    def prompt(uri, code, _until):
        # The credential goes on only after this returns.
        threading.Thread(target=type_code, args=(uri, code)).start()

    credential = azure.identity.DeviceCodeCredential(
        WORLD["publicClientId"], tenant_id=WORLD["tenantId"], prompt_callback=prompt, **COMMON
    )
    identity_app(credential, scope="User.Read", app=WORLD["publicClientId"], user=True)


def identity_code():
    back = "https://app.contoso.example/signed-in"
    parameters = {
        "client_id": WORLD["clientId"],
        "response_type": "code",
        "redirect_uri": back,
        "scope": "offline_access User.Read",
    }
    code = sign_in(f"{AUTHORITY}/oauth2/v2.0/authorize?{urllib.parse.urlencode(parameters)}")["code"]
    credential = azure.identity.AuthorizationCodeCredential(
        WORLD["tenantId"], WORLD["clientId"], code, back, client_secret=WORLD["clientSecret"], **COMMON
    )
    identity_app(credential, scope="User.Read", user=True)


def identity_browser():
    credential = azure.identity.InteractiveBrowserCredential(
        client_id=WORLD["publicClientId"], tenant_id=WORLD["tenantId"], timeout=30, **COMMON
    )
    identity_app(credential, scope="User.Read", app=WORLD["publicClientId"], user=True)


def identity_on_behalf_of():
    credential = azure.identity.OnBehalfOfCredential(
        WORLD["tenantId"],
        WORLD["clientId"],
        client_secret=WORLD["clientSecret"],
        user_assertion=users_token(),
        **COMMON,
    )
    identity_app(credential, user=True)


def identity_managed_identity():
    identity_app(azure.identity.ManagedIdentityCredential(), app=WORLD["managedIdentity"]["clientId"])


def identity_cli():
    app = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    identity_app(azure.identity.AzureCliCredential(), app=app, user=True)
    identity_app(azure.identity.AzureDeveloperCliCredential(), app=app, user=True)


MSAL = {
    "client secret": msal_secret,
    "certificate": msal_certificate,
    "device code": msal_device,
    "authorization code, PKCE, refresh": msal_code,
    "on-behalf-of": msal_on_behalf_of,
    "managed identity": msal_managed_identity,
}
IDENTITY = {
    "client secret": identity_secret,
    "certificate": identity_certificate,
    "workload identity": identity_workload,
    "device code": identity_device,
    "authorization code": identity_code,
    "interactive browser, PKCE": identity_browser,
    "on-behalf-of": identity_on_behalf_of,
    "managed identity": identity_managed_identity,
    "Azure CLI and azd": identity_cli,
}

sys.exit(judge("MSAL Python", MSAL) + judge("azure-identity Python", IDENTITY) > 0)
