"""What schemathesis cannot know by itself when it fuzzes the API: how a package of a plugin looks, and what would end
the fuzz or reach beyond this machine."""

import os
from pathlib import Path

import schemathesis
from hypothesis import strategies

# The administrator as whom the requests are made, and somebody else.
OWN = os.environ["FUZZ_OWN_ID"]
OTHER = os.environ["FUZZ_OTHER_ID"]
# The content types whose entries are asked for, one that may be lost, and what may only be done to that.
KEPT_TYPES = {"gig", "venue"}
SPARE_TYPE = "spare_1"
OF_SPARE_TYPES = {
    "DELETE /api/v1/admin/content-types/{name}",
    "POST /api/v1/admin/content-types/{name}/apply",
    "POST /api/v1/admin/content-types/{name}/disable",
    "POST /api/v1/admin/content-types/{name}/purge",
}
# The one place where webhooks may be sent.
WEBHOOK = os.environ["FUZZ_WEBHOOK"]

PACKAGE = Path("package.zip").read_bytes()
packages = strategies.one_of(
    strategies.just(PACKAGE),
    strategies.integers(0, len(PACKAGE) - 1).map(lambda length: PACKAGE[:length]),
    strategies.binary(max_size=200),
)
for media_type in ("application/zip", "application/wasm"):
    schemathesis.openapi.media_type(media_type, packages)

# What is imported: lines of JSON, right and wrong ones.
line = strategies.one_of(
    strategies.sampled_from([
        b'{"fields":{"title":"Made up"}}',
        b'{"fields":{"name":"Made up"},"status":"published"}',
        b'{"fields":{"title":5}}',
        b'{"id":"01890a5d-ac96-774b-bcce-b302099a8057","fields":{"title":"Always the same"}}',
        b'{"id":"nobody"}',
        b"[]",
        b"",
    ]),
    strategies.binary(max_size=50),
)
schemathesis.openapi.media_type("application/jsonl", strategies.lists(line, max_size=5).map(b"\n".join))


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    # Webhooks are sent where their `url` says. A text without a colon is the address of nothing.
    if isinstance(body, dict) and isinstance(body.get("url"), str) and ":" in body["url"]:
        body["url"] = WEBHOOK
    # A change of the administrator's own password, role or status would end the session, and with it the fuzz.
    path = case.path_parameters or {}
    if case.operation.label == "PATCH /api/v1/admin/users/{id}" and str(path.get("id")).lower() == OWN:
        path["id"] = OTHER
    # Names come from lists of what there is, too. Without these types, all that is asked of entries would be refused.
    if case.operation.label in OF_SPARE_TYPES and str(path.get("name")) in KEPT_TYPES:
        path["name"] = SPARE_TYPE
