"""The TAXII server as the OASIS client (taxii2client, its v21 API) sees it.

The client is no part of this project. It is used when `import taxii2client` finds it, also in the
directory $CONCERT_TAXII2CLIENT (the one that has taxii2client/ in it); else these tests skip.
"""

import importlib
import logging
import os
import sys
import threading
import time
import unittest
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import concert  # noqa: E402

if os.environ.get("CONCERT_TAXII2CLIENT"):
    sys.path.append(os.environ["CONCERT_TAXII2CLIENT"])
try:
    v21 = importlib.import_module("taxii2client.v21")
    AccessError = importlib.import_module("taxii2client.exceptions").AccessError
    HTTPError = importlib.import_module("requests").exceptions.HTTPError
    # It warns of every server that gives fewer objects than were asked for.
    logging.getLogger("taxii2client").setLevel(logging.ERROR)
    ABSENT = None
except ImportError as why:
    v21, ABSENT = None, f"no taxii2client ({why})"

PASSWORD = "correct horse battery"
CREATED = "2024-01-01T00:00:00.000Z"


def version(number):
    return f"2024-01-{1 + number:02d}T00:00:00.000Z"


def indicator(number, modified=CREATED, **more):
    """An indicator with an id that @number decides."""
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--{uuid.UUID(int=number + (4 << 76) + (8 << 60))}",
            "created": CREATED, "modified": modified,
            "pattern": f"[domain-name:value = 'host{number}.birch.example']",
            "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00Z", **more}


def key(one):
    """What tells one entry from another, in envelopes as in manifests."""
    return one["id"], one.get("modified") or one["version"]


class Walk:
    """Every page of a function of the client's, and the dates that came with them."""

    MAX_PAGES = 2000

    def __init__(self, function, per_request=0, name="objects", **filters):
        self.dates = []
        self.pages = []

        def ask(**keywords):
            response = function(**keywords)
            self.dates.append((response.headers["X-TAXII-Date-Added-First"],
                               response.headers["X-TAXII-Date-Added-Last"]))
            return response

        for page in v21.as_pages(ask, per_request, **filters):
            self.pages.append(page)
            assert len(self.pages) <= self.MAX_PAGES, "the pages have no end"
        self.entries = [one for page in self.pages for one in page.get(name, [])]
        self.keys = [key(one) for one in self.entries] if name == "objects" else self.entries
        self.last = self.dates[-1][1]


class Sender(threading.Thread):
    """Adds objects, with a client of its own, until told to stop."""

    def __init__(self, test, batches):
        super().__init__(daemon=True)
        self.collection = test.collection()
        self.batches = batches
        self.stopping = threading.Event()
        self.sent = []
        self.failure = None

    def run(self):
        try:
            for batch in self.batches:
                if self.stopping.is_set():
                    return
                status = self.collection.add_objects({"objects": batch})
                assert status.success_count == len(batch), status.failures
                self.sent += map(key, batch)
        except Exception as error:  # noqa: BLE001 - told by finish(), in the test's own thread
            self.failure = error

    def finish(self):
        self.stopping.set()
        self.join(120)
        if self.failure:
            raise self.failure
        assert not self.is_alive()
        return self.sent


@unittest.skipIf(ABSENT, ABSENT)
class ClientTestCase(concert.NodeTestCase):
    settings = {"taxii": {"page_limit": 60}}
    verify = True

    def setUp(self):
        super().setUp()
        self.account("alder", "analyst", password=PASSWORD, grants=[("main", "rw")])
        self.server = self.serve()

    def client(self, name="alder"):
        client = v21.Server(self.server.url + "/taxii2/", user=name, password=PASSWORD,
                            verify=self.verify)
        self.addCleanup(client.close)
        for root in client.api_roots:
            self.addCleanup(root.close)
        return client

    def collection(self, name="alder", alias="main"):
        """By discovery, as somebody does who knows the server's name only."""
        found = [c for root in self.client(name).api_roots for c in root.collections
                 if c.alias == alias]
        self.assertEqual(len(found), 1)
        return found[0]

    def add(self, collection, objects, size=100):
        for at in range(0, len(objects), size):
            status = collection.add_objects({"objects": objects[at:at + size]})
            self.assertEqual(status.success_count, len(objects[at:at + size]), status.failures)

    def refused(self, status, function, *arguments, **keywords):
        with self.assertRaises(HTTPError) as caught:
            function(*arguments, **keywords)
        self.assertEqual(caught.exception.response.status_code, status)


class ResourceTest(ClientTestCase):
    def test_discovery(self):
        self.concert("collection", "root", "add", "forum", "--title", "The Forum")
        for name, rights in (("shared", "--read"), ("inbox", "--write"), ("hidden", None)):
            self.concert("collection", "add", name, "--root", "forum")
            if rights:
                self.concert("collection", "grant", name, "alder", rights)
        server = self.client()
        self.assertTrue(server.title)
        self.assertEqual([root.url for root in server.api_roots],
                         [self.server.url + "/main/", self.server.url + "/forum/"])
        self.assertIs(server.default, server.api_roots[0])
        self.assertEqual(server.custom_properties, {})
        main, forum = server.api_roots
        for root in (main, forum):
            root.refresh()
            self.assertIn("application/taxii+json;version=2.1", root.versions)
            self.assertGreater(root.max_content_length, 1 << 20)
            self.assertEqual(root.custom_properties, {})
            for collection in root.collections:
                listed = collection._raw
                self.assertEqual(uuid.UUID(collection.id).version, 4)
                collection.refresh()
                self.assertEqual(dict(collection._raw), listed)
                self.assertIn("application/stix+json;version=2.1", collection.media_types)
                self.assertEqual(collection.custom_properties, {})
        self.assertEqual(forum.title, "The Forum")
        self.assertEqual({c.alias: (c.can_read, c.can_write) for c in forum.collections},
                         {"shared": (True, False), "inbox": (False, True)})

    def test_rights(self):
        self.concert("collection", "add", "shared")
        self.concert("collection", "grant", "shared", "alder", "--read")
        shared = self.collection(alias="shared")
        with self.assertRaises(AccessError):
            shared.add_objects({"objects": [indicator(1)]})
        # Who trusts a stale answer is told by the server.
        shared._can_write = True
        self.refused(403, shared.add_objects, {"objects": [indicator(1)]})
        self.refused(403, shared.delete_object, indicator(1)["id"])
        with v21.Server(self.server.url + "/taxii2/", user="alder", password="wrong") as server:
            self.refused(401, server.refresh)
        with v21.ApiRoot(self.server.url + "/nowhere/", user="alder", password=PASSWORD) as root:
            self.refused(404, root.refresh)

    def test_empty_collection(self):
        collection = self.collection()
        for function in (collection.get_objects, collection.get_manifest):
            walk = Walk(function)
            self.assertEqual(walk.pages, [{}])


class ObjectTest(ClientTestCase):
    def test_status(self):
        root = self.client().api_roots[0]
        collection = root.collections[0]
        status = collection.add_objects({"objects": [
            indicator(1, name="Überwachung ☃ \U0001f600"), {**indicator(2), "modified": "soon"},
            indicator(3)]})
        self.assertTrue(status)
        self.assertEqual((status.total_count, status.success_count, status.failure_count,
                          status.pending_count), (3, 2, 1, 0))
        self.assertEqual([s["id"] for s in status.successes],
                         [indicator(1)["id"], indicator(3)["id"]])
        self.assertEqual(status.failures[0]["id"], indicator(2)["id"])
        self.assertTrue(status.failures[0]["message"])
        self.assertEqual(status.custom_properties, {})
        again = root.get_status(status.id)
        self.assertEqual(dict(again._raw), status._raw)
        status.refresh()
        self.assertEqual(dict(status._raw), dict(again._raw))
        self.refused(404, root.get_status, str(uuid.uuid4()))
        self.assertEqual(collection.get_object(indicator(1)["id"])["objects"],
                         [indicator(1, name="Überwachung ☃ \U0001f600")])

    def test_again(self):
        """An exact duplicate is no error (section 5.5), and no second entry."""
        collection = self.collection()
        self.add(collection, [indicator(1)])
        self.add(collection, [indicator(1), indicator(1)])
        self.assertEqual(Walk(collection.get_objects, version="all").entries, [indicator(1)])

    def test_versions(self):
        collection = self.collection()
        self.add(collection, [indicator(1, version(n)) for n in (1, 0, 2)] + [indicator(2)])
        one = indicator(1)["id"]

        def found(**filters):
            return [o["modified"] for o in collection.get_object(one, **filters).get("objects", [])]

        self.assertEqual(found(), [version(2)])
        self.assertEqual(found(version="last"), [version(2)])
        self.assertEqual(found(version="first"), [version(0)])
        self.assertEqual(found(version="all"), [version(n) for n in (1, 0, 2)])
        self.assertEqual(found(version=["first", "last"]), [version(n) for n in (0, 2)])
        self.assertEqual(found(version=[version(1), "last"]), [version(n) for n in (1, 2)])
        self.assertEqual(found(version=datetime(2024, 1, 2, tzinfo=timezone.utc)), [version(1)])
        self.assertEqual(found(spec_version="2.1"), [version(2)])
        self.refused(404, found, spec_version="2.0")
        self.refused(404, found, version=version(9))
        self.refused(400, found, version=["all", "first"])
        self.refused(400, found, version="newest")
        self.assertEqual(collection.object_versions(one)["versions"],
                         [version(n) for n in (1, 0, 2)])
        walk = Walk(lambda **k: collection.object_versions(one, **k), 1, name="versions")
        self.assertEqual(walk.entries, [version(n) for n in (1, 0, 2)])
        walk = Walk(lambda **k: collection.get_object(one, **k), 2, version="all")
        self.assertEqual(walk.keys, [(one, version(n)) for n in (1, 0, 2)])

    def test_filters(self):
        collection = self.collection()
        address = {"type": "ipv4-addr", "spec_version": "2.1", "value": "192.0.2.1",
                   "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"}
        self.add(collection, [indicator(1), indicator(2), address])

        def found(**filters):
            return [o["id"] for o in collection.get_objects(**filters).get("objects", [])]

        self.assertEqual(found(type="ipv4-addr"), [address["id"]])
        self.assertEqual(len(found(type=["ipv4-addr", "indicator"])), 3)
        self.assertEqual(found(id=[indicator(2)["id"], address["id"]], type="indicator"),
                         [indicator(2)["id"]])
        self.assertEqual(found(type="campaign"), [])
        dates = [record["date_added"] for record in collection.get_manifest()["objects"]]
        # The client drops zeros at the end of the seconds, and the dot if nothing is left.
        for added in (dates[0], datetime.fromisoformat(dates[0][:-1])):
            self.assertEqual(found(added_after=added), [indicator(2)["id"], address["id"]])
        early = datetime.fromisoformat(dates[0][:-1]).replace(microsecond=0)
        self.assertEqual(len(found(added_after=early)), 3)
        self.assertEqual(len(found(added_after=early.replace(microsecond=100000)
                                   - timedelta(seconds=1))), 3)

    def test_delete(self):
        collection = self.collection()
        self.add(collection, [indicator(1, version(n)) for n in range(3)] + [indicator(2)])
        one = indicator(1)["id"]
        collection.delete_object(one, version=version(2))
        self.refused(404, collection.get_object, one, version=version(2))
        self.assertEqual(collection.get_object(one)["objects"][0]["modified"], version(1))
        self.assertEqual(collection.object_versions(one)["versions"], [version(0), version(1)])
        collection.delete_object(one, version="first")
        self.assertEqual(collection.object_versions(one)["versions"], [version(1)])
        collection.delete_object(one)
        self.refused(404, collection.get_object, one)
        self.refused(404, collection.object_versions, one)
        self.refused(404, collection.delete_object, one)
        left = [key(indicator(2))]
        self.assertEqual(Walk(collection.get_objects, version="all").keys, left)
        self.assertEqual(Walk(collection.get_manifest, version="all").keys, left)


class WalkTest(ClientTestCase):
    BEFORE = 700 if not concert.SANITIZER else 200

    def setUp(self):
        super().setUp()
        self.before = [indicator(n) for n in range(self.BEFORE)]
        self.add(self.collection(), self.before)

    def batches(self, sender, modified=CREATED):
        """Objects nobody else sends, without end."""
        number = (sender + 1) * 10 ** 6
        while True:
            yield [indicator(number + i, modified) for i in range(7)]
            number += 7

    def newer(self):
        """New versions of what is there already, from its end to its beginning."""
        for day in range(1, 28):
            for at in range(self.BEFORE - 7, -1, -7):
                yield [indicator(at + i, version(day)) for i in range(7)]

    def walk_while_sending(self, function_of, sources, per_request, **filters):
        """Walks while @sources are sent; then on from the last date. Returns both walks and all
        that was sent."""
        senders = [Sender(self, source) for source in sources]
        for sender in senders:
            sender.start()
        first = Walk(function_of(self.collection()), per_request, **filters)
        concert.until(lambda: sum(len(sender.sent) for sender in senders) > 20 or
                      any(not sender.is_alive() for sender in senders))
        time.sleep(0.3)
        sent = [entry for sender in senders for entry in sender.finish()]
        rest = Walk(function_of(self.collection()), per_request, added_after=first.last, **filters)
        return first, rest, sent

    def check_order(self, walk):
        """Ascending by date, within what the headers say (sections 3.2 and 3.3)."""
        dates = [date for pair in walk.dates for date in pair]
        self.assertEqual(dates, sorted(dates))
        for page, (first, last) in zip(walk.pages, walk.dates):
            records = page.get("objects", [])
            if records and "date_added" in records[0]:
                self.assertEqual((records[0]["date_added"], records[-1]["date_added"]),
                                 (first, last))

    def check_complete(self, first, rest, expected):
        self.check_order(first)
        self.check_order(rest)
        seen = first.keys + rest.keys
        self.assertEqual(len(seen), len(set(seen)), "repeated")
        self.assertEqual(set(seen), set(expected), "lost")
        self.assertLessEqual({key(one) for one in self.before}, set(first.keys))

    def test_quiet(self):
        """Whatever the client's limit is, below or above the server's own."""
        collection = self.collection()
        expected = [key(one) for one in self.before]
        for function in (collection.get_objects, collection.get_manifest):
            for per_request in (0, 1, 7, 60, 61, 10000):
                if per_request == 1 and concert.SANITIZER:
                    continue
                walk = Walk(function, per_request)
                self.assertEqual(walk.keys, expected, per_request)
                self.check_order(walk)
                largest = max(len(page["objects"]) for page in walk.pages)
                self.assertEqual(largest, min(per_request or 60, 60))

    def test_objects_while_sending(self):
        first, rest, sent = self.walk_while_sending(
            lambda c: c.get_objects, [self.batches(n) for n in range(3)], 23)
        self.check_complete(first, rest, [key(one) for one in self.before] + sent)

    def test_manifest_while_sending(self):
        first, rest, sent = self.walk_while_sending(
            lambda c: c.get_manifest, [self.batches(n) for n in range(3)], 23)
        self.check_complete(first, rest, [key(one) for one in self.before] + sent)

    def test_every_version_while_sending(self):
        first, rest, sent = self.walk_while_sending(
            lambda c: c.get_objects, [self.newer(), self.batches(0)], 23, version="all")
        self.check_complete(first, rest, [key(one) for one in self.before] + sent)

    def test_latest_version_while_sending(self):
        """No object disappears from a walk because it gets a new version meanwhile, and whoever
        goes on from the last date ends up with every object's latest version."""
        first, rest, sent = self.walk_while_sending(
            lambda c: c.get_objects, [self.newer(), self.batches(0)], 23)
        ids = [entry[0] for entry in first.keys]
        self.assertEqual(len(ids), len(set(ids)), "repeated")
        self.assertLessEqual({one["id"] for one in self.before}, set(ids), "lost")
        latest = {}
        for name, modified in [key(one) for one in self.before] + sent:
            latest[name] = max(modified, latest.get(name, ""))
        self.assertEqual(dict(first.keys + rest.keys), latest)

    def test_objects_deleted_while_walking(self):
        """What stays is found once, whatever is deleted between two pages."""
        collection, other = self.collection(), self.collection()
        gone, seen = set(), []
        for number, page in enumerate(v21.as_pages(collection.get_objects, 23)):
            seen += [one["id"] for one in page["objects"]]
            for at in (number * 23 + 3, self.BEFORE - 1 - number * 2):
                if 0 <= at < self.BEFORE and self.before[at]["id"] not in gone:
                    gone.add(self.before[at]["id"])
                    other.delete_object(self.before[at]["id"])
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual({one["id"] for one in self.before} - gone, set(seen))
        left = Walk(collection.get_objects, 23)
        self.assertEqual({one["id"] for one in left.entries},
                         {one["id"] for one in self.before} - gone)


class TlsTest(ClientTestCase):
    settings = {"server": {"tls": "on"}}

    def test_walk(self):
        """Without looking at the certificate: it has the node's name, and here is no DNS."""
        import urllib3
        urllib3.disable_warnings()
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # would turn the check on again
            os.environ.pop(name, None)
        self.verify = False
        collection = self.collection()
        self.add(collection, [indicator(n) for n in range(300)])
        self.assertEqual(len(Walk(collection.get_objects, 100).entries), 300)


if __name__ == "__main__":
    unittest.main()
