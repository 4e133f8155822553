"""Checks of msgraph-sdk: subscriptions, with an endpoint of their own that Graph validates and notifies."""

import datetime
import http.server
import json
import queue
import threading
import urllib.parse

from graph_client import LOOP, TENANT, app, asked, ids, refused
from judge import WORLD

import requests
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.subscription import Subscription

STATE = "a client state that is long enough"
# Graph notifies within seconds here; a machine may be slow.
PATIENCE = 60


class Endpoint(http.server.ThreadingHTTPServer):
    """A notification endpoint; what it is told is in `told`."""

    def __init__(self, *, answers=True):
        super().__init__(("127.0.0.1", 0), Handler)
        self.told, self.answers = queue.Queue(), answers
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}/notifications"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        token = query.get("validationToken", [None])[0]
        if token is None:
            self.server.told.put(json.loads(body))
        self.send_response(200 if token else 202)
        self.send_header("content-type", "text/plain")
        self.end_headers()
        self.wfile.write((token if self.server.answers else "something else").encode() if token else b"")

    def log_message(self, *_):
        pass


def wanted(endpoint, resource="users", **more):
    in_a_day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    return Subscription(
        change_type="updated,deleted",
        notification_url=endpoint.url,
        lifecycle_notification_url=endpoint.url,
        resource=resource,
        expiration_date_time=in_a_day,
        client_state=STATE,
        **more,
    )


def subscribe(subscription):
    return LOOP.run_until_complete(app.subscriptions.post(subscription))


def life():
    endpoint = Endpoint()
    made = subscribe(wanted(endpoint))
    one = app.subscriptions.by_subscription_id(made.id)
    try:
        assert made.resource == "users" and made.application_id, made
        assert made.id in ids(asked(app.subscriptions).value) and asked(one).id == made.id
        user = TENANT["users"][5]
        requests.patch(f"{WORLD['control']}/users/{user}", json={"city": "Ulm"}).raise_for_status()
        told = endpoint.told.get(timeout=PATIENCE)["value"][0]
        assert told["subscriptionId"] == made.id and told["clientState"] == STATE, told
        assert told["changeType"] == "updated" and told["resourceData"]["id"] == user, told
        assert told["tenantId"] == WORLD["tenantId"] and told["resource"].lower() == f"users/{user}", told
        later = made.expiration_date_time + datetime.timedelta(days=1)
        longer = LOOP.run_until_complete(one.patch(Subscription(expiration_date_time=later)))
        assert abs(longer.expiration_date_time - later) < datetime.timedelta(seconds=1), longer
    finally:
        LOOP.run_until_complete(one.delete())
    refused(404, "ResourceNotFound", one)


def refuses(status, code, subscription):
    try:
        subscribe(subscription)
    except ODataError as error:
        assert (error.response_status_code, error.error.code) == (status, code), error
        return
    raise AssertionError("it was created")


def not_validated():
    refuses(400, "ValidationError", wanted(Endpoint(answers=False)))


def too_long():
    subscription = wanted(Endpoint())
    subscription.expiration_date_time += datetime.timedelta(days=60)
    refuses(400, "ExtensionError", subscription)


def client_state():
    made = subscribe(wanted(Endpoint()))
    LOOP.run_until_complete(app.subscriptions.by_subscription_id(made.id).delete())
    assert made.client_state == STATE, made.client_state


CHECKS = {
    "subscription: handshake, notification, renewal, end": life,
    "subscription: endpoint that does not validate": not_validated,
    "subscription: too long": too_long,
    "subscription: client state in the answer": client_state,
}
