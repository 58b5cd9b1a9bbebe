"""What is done to each request of Schemathesis before it is sent."""

import ipaddress
import itertools
import json
import random
import re
import urllib.request
import uuid
from pathlib import Path

import schemathesis

SEED = json.loads((Path(__file__).parent / "seed.json").read_text())
UUID = re.compile("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

addresses = itertools.count(int(ipaddress.ip_address("10.0.0.1")))
dice = random.Random(1)


def with_real_ids(value):
    """Ids in a body name objects of the organization: a schema says no more of them than that they are UUIDs."""
    if isinstance(value, list):
        return [with_real_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: dice.choice(SEED["ids"][name])
        if name in SEED["ids"] and isinstance(field, str) and UUID.match(field)
        else with_real_ids(field)
        for name, field in value.items()
    }


def token_of_another_account():
    account = {
        "email": f"{uuid.uuid4().hex}@exemple.fr",
        "password": "disjoncteur-2026-tableau",
        "fullName": "Paul Petit",
        "organizationName": "Petit",
    }
    request = urllib.request.Request(
        SEED["api"] + "/auth/signup",
        data=json.dumps(account).encode(),
        headers={"Content-Type": "application/json", "X-Forwarded-For": next_address()},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["accessToken"]


def next_address():
    return str(ipaddress.ip_address(next(addresses)))


@schemathesis.hook
def map_case(context, case):
    if isinstance(case.body, (dict, list)):
        case.body = with_real_ids(case.body)
    return case


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.headers is None:
        return
    # Rates by client address are tested elsewhere; here each request has an address of its own.
    case.headers["X-Forwarded-For"] = next_address()
    # Operations of the account end sessions, but not the one that everything else is sent with.
    is_signed_in = case.headers.get("Authorization", "") == "Bearer " + SEED["token"]
    if is_signed_in and case.operation.path.startswith("/api/v1/auth/"):
        case.headers["Authorization"] = "Bearer " + token_of_another_account()
