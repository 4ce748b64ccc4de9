"""Replays what the OASIS TAXII server answered in its own tests, and compares everything.

The node gets the recorded server's roots, collections, objects and dates. Every request is sent as
it was recorded; status, headers and the whole body are compared, value by value. What differs must
be in DIFFERENCES below, each row with its reason and each row used: docs/taxii.md tells the same
under "Differences from the OASIS server". Values that a server makes up (ids of status resources,
`next`, dates of what is added during the test) have to be of the same kind, and the same wherever
the recording has the same.
"""

import fnmatch
import json
import re
import sqlite3
import sys
import unittest
import uuid
from datetime import datetime, timezone
from email.message import Message
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import concert  # noqa: E402

EXCHANGES, DATA = "taxii/exchanges.json", "taxii/default_data.json"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
COLLECTION = re.compile(r"body\.collections\[\d+\]")
ABSENT = "absent"

# (test, where in the answer, what the OASIS server has, what we have, why). The first two are
# patterns as of file names; of the others a type or a pattern, too. A body that is no JSON is
# compared by its status and headers alone.
DIFFERENCES = [
    ("*", "body.more", False, ABSENT,
     "absent means false (3.7)"),
    ("*", "status", 308, "[24]*",
     "a slash forgotten at the end is forgiven, not redirected: no round trip, and a client that "
     "does not follow a redirect of DELETE or POST works too"),
    ("*", "headers.X-TAXII-Date-Added-*", ABSENT, DATE,
     "every 200 of these endpoints MUST have them (3.2), also one without objects"),
    ("*", "body.title", "ProcessingError", str,
     "titles of errors are each server's own (3.6.1)"),
    ("*", "body.description", str, [str, ABSENT],
     "descriptions of errors are each server's own (3.6.1)"),
    ("*", "body.error_id", ABSENT, str,
     "optional; with it an operator finds the request (3.6.1)"),
    ("*", "body.error_code", ABSENT, str,
     "optional; for programs (3.6.1)"),
    ("*", "headers.Content-Type", "text/html; charset=utf-8", concert.TAXII,
     "error bodies are TAXII error messages, also 401 and 404 outside the API (4 and 5)"),
    ("*_401", "headers.WWW-Authenticate", 'Basic realm="Authentication Required"',
     'Basic realm="Concert", charset="UTF-8" / Bearer realm="Concert"',
     "the realm is each server's own; tokens are taken beside passwords"),
    ("test_get_object_manifest_403", "status", 403, 404,
     "who may neither read nor write a collection does not learn that it is there; 5.3 allows "
     "either, and 5.7 demands 404"),
    ("test_get_object_manifest_403", "body.http_status", "403", "404",
     "as the status"),
    ("test_server_discovery", "body.api_roots[[]*]", "http://localhost:5000/*", ["/*/", ABSENT],
     "relative URLs (4.1.1) are right by whatever name and scheme the client came; roots without "
     "a collection that the client may use are not told"),
    ("test_server_discovery", "body.default", "http://localhost:5000/trustgroup1/", "/trustgroup1/",
     "as above"),
    ("test_get_collections", "body.collections[[]4]", dict, ABSENT,
     "a collection that the client may neither read nor write is not told"),
    ("test_get_collections", "body.collections[[]*].alias", ABSENT, str,
     "the short name may stand in URLs instead of the id (5.2.1)"),
    ("test_get_collections", "body.collections[[]*].media_types[[]*]",
     ["application/stix+json;version=2.1", ABSENT], "application/stix+json;version=2.[01]",
     "every collection takes both versions of STIX, and 2.0 is told first"),
    ("*_spec_version_2*", "headers.X-TAXII-Date-Added-*", "2017-01-27T13:49:59.997000Z",
     "2017-01-27T13:49:59.997001Z",
     "two objects never have the same date: added_after could not go on between them"),
    ("*_spec_version_2*", "body.objects[[]*].date_added", "2017-01-27T13:49:59.997000Z",
     "2017-01-27T13:49:59.997001Z",
     "as above"),
    ("test_get_version_spec_version_2021", "body.versions[[][01]]",
     ["2018-02-23T18:30:00.000Z", "2017-01-27T13:49:53.997Z"],
     ["2018-02-23T18:30:00.000Z", "2017-01-27T13:49:53.997Z"],
     "of the two with the same date the recording has this one first here, the other in manifests"),
    ("test_object_already_present", "body.successes[[]*].message", "Object already added", str,
     "messages are each server's own; ours tells a copy from a variant"),
]


def fits(pattern, value):
    if isinstance(pattern, list):
        return any(fits(one, value) for one in pattern)
    if isinstance(pattern, type):
        return isinstance(value, pattern) and value != ABSENT
    if isinstance(pattern, re.Pattern):
        return isinstance(value, str) and bool(pattern.match(value))
    if isinstance(pattern, bool) or isinstance(value, bool):
        return pattern is value
    return fnmatch.fnmatchcase(str(value), str(pattern)) or pattern == value


def flatten(value, path, into):
    """{"a": [1]} -> {"a[0]": 1}; what stands for a missing value is ABSENT. Empty ones too."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            flatten(member, f"{path}.{name}", into)
    elif isinstance(value, list) and value:
        for number, member in enumerate(value):
            flatten(member, f"{path}[{number}]", into)
    else:
        into[path] = value


class Session:
    """One recorded test: what was made up on either side, and what it is on the other."""

    def __init__(self, born):
        self.born = born  # the recording's first moment: later dates are made up
        self.theirs_to_ours = {}

    def request_path(self, path):
        path = re.sub(r"(?<=added_after=)[^&]+", lambda match: self.request_date(match[0]), path)
        for (kind, theirs), ours in self.theirs_to_ours.items():
            if kind in ("id", "next"):
                path = path.replace(theirs, ours)
        return path

    def request_date(self, text):
        if text < self.born:
            return text
        known = self.theirs_to_ours.get(("date", text))
        return known or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def kind(self, where, theirs, status):
        """What the value there is, if its server made it up; else None."""
        if where == "body.next":
            return "next"
        if where == "body.id" and status in (200, 202):
            return "id"
        if isinstance(theirs, str) and DATE.match(theirs) and theirs >= self.born:
            return "request" if where == "body.request_timestamp" else "date"
        return None

    def same(self, where, theirs, ours, status):
        kind = self.kind(where, theirs, status)
        if not kind:
            return type(theirs) is type(ours) and theirs == ours
        if not isinstance(ours, str) or ours == ABSENT:
            return False
        if kind == "id" and str(uuid.UUID(ours)) != ours:
            return False
        if kind in ("date", "request") and not (DATE.match(ours) and ours >= self.born):
            return False
        if kind == "next":  # theirs stays the same from page to page
            self.theirs_to_ours[kind, theirs] = ours
            return True
        return self.theirs_to_ours.setdefault((kind, theirs), ours) == ours


@concert.needs_data(EXCHANGES, DATA)
class RecordedTest(concert.NodeTestCase):
    settings = {"taxii": {"title": "Some TAXII Server", "page_limit": 20, "level": "lenient",
                          "description": "This TAXII Server contains a listing of",
                          "contact": "string containing contact information"}}
    HEADERS = ("Content-Type", "WWW-Authenticate", "X-TAXII-Date-Added-First",
               "X-TAXII-Date-Added-Last")

    @classmethod
    def setUpClass(cls):
        cls.exchanges = json.loads(concert.data(EXCHANGES).read_text())["exchanges"]
        cls.data = json.loads(concert.data(DATA).read_text())
        cls.born = min(one["response"]["body"]["request_timestamp"] for one in cls.exchanges
                       if "request_timestamp" in (one["response"]["body"] or {}))

    def setUp(self):
        super().setUp()
        self.used = set()
        self.problems = []
        self.account("admin", "analyst", password="Password0")
        number = 0
        for root, content in self.data.items():
            if root.startswith("/"):
                continue
            information = content["information"]
            self.concert("collection", "root", "add", root, "--title", information["title"],
                         "--description", information["description"])
            for one in content["collections"]:
                number += 1
                self.concert("collection", "add", f"c{number}", "--root", root, "--id", one["id"],
                             "--title", one["title"], *(["--description", one["description"]]
                                                        if "description" in one else []))
                rights = [f"--{word}" for word in ("read", "write") if one[f"can_{word}"]]
                if rights:
                    self.concert("collection", "grant", f"c{number}", "admin", *rights)
                if one["objects"]:
                    self.fill(root, f"c{number}", one)
        self.server = self.serve()

    def fill(self, root, name, collection):
        """The collection's objects, each with its recorded date."""
        def version(one):
            return one["id"], one.get("modified") or one["created"]
        dates = {(record["id"], record["version"]): record["date_added"]
                 for record in collection["manifest"]}
        objects = sorted(collection["objects"], key=lambda one: list(dates).index(version(one)))
        self.concert("collection", "grant", name, "admin", "--read", "--write")
        server = self.serve()
        path = f"/{root}/collections/{name}/"
        admin = concert.basic("admin", "Password0")
        status = server.post(path + "objects/", {"objects": objects}, auth=admin).json()
        self.assertEqual(status["success_count"], len(objects), status)
        records = server.get(path + "manifest/?match[version]=all&match[spec_version]=2.0,2.1",
                             auth=admin).json()["objects"]
        self.assertEqual(server.stop(), 0)
        moved, last = [], 0
        for record in records:
            last = max(self.microseconds(dates[record["id"], record["version"]]), last + 1)
            moved.append((last, self.microseconds(record["date_added"])))
        self.move(name, moved)

    def microseconds(self, text):
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return int(moment.replace(microsecond=0).timestamp()) * 1000000 + moment.microsecond

    def move(self, name, moved):
        """Puts other dates into the stopped node's store: a server makes them up itself."""
        paths = [path for path in self.node.rglob("*") if path.is_file()
                 and path.read_bytes()[:15] == b"SQLite format 3"]
        self.assertEqual(len(paths), 1, paths)
        with sqlite3.connect(paths[0]) as store:
            number, = store.execute("SELECT number FROM collection WHERE name = ?",
                                    (name,)).fetchone()
            for new, old in moved:  # from the oldest on, and into the past: nothing collides
                for column in ("added", "last_until", "first_until"):
                    store.execute(f"UPDATE member SET {column} = ? WHERE collection = ? AND "
                                  f"{column} = ?", (new, number, old))
            store.execute("UPDATE collection SET last_added = ? WHERE number = ?",
                          (moved[-1][0], number))
        store.close()

    def note(self, test, where, theirs, ours):
        """A difference: in the table, or a problem."""
        for number, (tests, places, what, instead, _) in enumerate(DIFFERENCES):
            if (fnmatch.fnmatchcase(test, tests) and fnmatch.fnmatchcase(where, places)
                    and fits(what, theirs) and fits(instead, ours)):
                self.used.add(number)
                return
        self.problems.append(f"{test}: {where}: {theirs!r} was recorded, {ours!r} is answered")

    def values(self, status, headers, body):
        found = {"status": status}
        for name in self.HEADERS:
            if headers.get_all(name):
                found[f"headers.{name}"] = " / ".join(headers.get_all(name))
        if isinstance(body, (dict, list)):
            flatten(body, "body", found)
        found.pop("body", None)  # {}
        return found

    def compare(self, session, step, response, recorded):
        test = step["test"]
        headers = Message()
        for name, value in recorded["headers"].items():
            headers[name] = value
        theirs = self.values(recorded["status"], headers, recorded["body"])
        ours = self.values(response.status, response.headers,
                           json.loads(response.body) if response.body else None)
        if not isinstance(recorded["body"], (dict, list)):
            # HTML, or nothing.
            self.assertEqual(recorded["body"] in ("", None), response.body == b"", step)
            ours = {where: value for where, value in ours.items() if not where.startswith("body")}
        listed = {match[0] for match in map(COLLECTION.match, theirs) if match}
        for whole in listed - {match[0] for match in map(COLLECTION.match, ours) if match}:
            self.note(test, whole, {}, ABSENT)  # one difference, not one of each property
            theirs = {where: value for where, value in theirs.items()
                      if not where.startswith(whole)}
        for where in sorted({**theirs, **ours}):
            a, b = theirs.get(where, ABSENT), ours.get(where, ABSENT)
            if not session.same(where, a, b, recorded["status"]):
                self.note(test, where, a, b)

    def send(self, session, step):
        request = step["request"]
        body = request["body"]
        return self.server.request(request["method"], session.request_path(request["path"]),
                                   None if body is None else json.dumps(body),
                                   {name: value for name, value in request["headers"].items()
                                    if name in ("Accept", "Content-Type", "Authorization")})

    def replay(self, steps):
        session, step = Session(self.born), 0
        while step < len(steps):
            response = self.send(session, steps[step])
            if steps[step]["response"]["status"] == 308:
                # Answered at once, as the redirected request was answered then. What may be sent
                # twice is sent with its slash, too.
                self.note(steps[step]["test"], "status", 308, response.status)
                step += 1
                self.compare(session, steps[step], response, steps[step]["response"])
                if steps[step]["request"]["method"] == "GET":
                    response = self.send(session, steps[step])
                    self.compare(session, steps[step], response, steps[step]["response"])
            else:
                self.compare(session, steps[step], response, steps[step]["response"])
            step += 1

    def test_exchanges(self):
        tests = {}
        for one in self.exchanges:
            tests.setdefault(one["test"], []).append(one)
        self.assertGreaterEqual(len(tests), 55)
        for name, steps in tests.items():
            self.replay(steps)
            # Every recorded test began with the same data.
            for method, path in {(s["request"]["method"], s["request"]["path"]) for s in steps}:
                if method == "POST" and name != "test_get_or_add_objects_401":
                    self.empty(path)
        self.assertFalse(self.problems, "\n".join(self.problems))
        unused = [row for number, row in enumerate(DIFFERENCES) if number not in self.used]
        self.assertEqual(unused, [], "no difference of this kind is left")

    def empty(self, path):
        auth = concert.basic("admin", "Password0")
        found = self.server.get(path + "?match[spec_version]=2.0,2.1", auth=auth).json()
        for one in {one["id"] for one in found.get("objects", [])}:
            self.assertEqual(self.server.request("DELETE", path + one + "/", auth=auth).status, 200)


if __name__ == "__main__":
    unittest.main()
