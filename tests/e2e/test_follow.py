"""Following foreign sources: another node, TAXII servers that err in every known way, lists that say
whether they changed, MISP feeds; and SIGKILL in the middle of it."""

import http.server
import json
import os
import random
import signal
import stat
import threading
import time
import unittest
import urllib.parse
import uuid

import concert

PASSWORD = "correct horse battery"
COLLECTION = "a2a0e3f5-23f2-4b6e-9d1c-0c5d1f6e7a89"
OTHER = "b2a0e3f5-23f2-4b6e-9d1c-0c5d1f6e7a89"
STARTED = 1704067200  # 2024-01-01


def indicator(number, **more):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--{uuid.UUID(int=number + (4 << 76) + (8 << 60))}",
            "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
            "pattern": f"[domain-name:value = 'host{number}.birch.example']",
            "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00Z", **more}


def date_text(number):
    """The date_added of a server's object of that number: @number milliseconds past the start."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(STARTED + number // 1000)) + \
        f".{number % 1000:03d}000Z"


class Web:
    """A server on a loopback port whose answers a function makes: (path, query, headers) ->
    (status, headers, body)."""

    def __init__(self, answer):
        self.asked = []  # (path, query, headers)
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(parts.query))
                web.asked.append((parts.path, query, self.headers))
                status, headers, body = answer(parts.path, query, self.headers)
                if isinstance(body, (dict, list)):
                    body = json.dumps(body)
                if isinstance(body, str):
                    body = body.encode()
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # who asked was killed

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # who asked was killed
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Taxii:
    """A TAXII 2.1 server with one collection, or two, that errs as @fault says."""

    TYPE = concert.TAXII
    made = 0

    def __init__(self, count=0, page=10, fault=None, same_date=1):
        Taxii.made += 1
        self.first = Taxii.made * 10000  # no two servers have the same objects
        self.objects = []  # (date, JSON text)
        self.page, self.fault, self.same_date = page, fault, same_date
        self.walks = {}  # of the fault "counting": next -> objects left
        self.slow = 0
        self.refusals = []  # (status, headers) that are given first
        self.add(count)
        self.web = Web(self.answer)
        self.url = self.web.url
        self.collection = f"{self.url}/api/collections/{COLLECTION}/"

    def add(self, count, **more):
        for number in range(len(self.objects), len(self.objects) + count):
            date = date_text(number // self.same_date)
            self.objects.append((date, json.dumps(indicator(self.first + number, **more))))

    def answer(self, path, query, headers):
        if self.refusals and "objects" in path:
            status, more = self.refusals.pop(0)
            return status, {"Content-Type": self.TYPE, **more}, {"title": "not now"}
        if path == "/taxii2/":
            roots = ["/api/"] if self.fault != "elsewhere" else ["http://cedar.example/api/"]
            return self.resource({"title": "Birch", "api_roots": roots})
        if path == "/api/":
            return self.resource({"title": "Birch", "versions": [self.TYPE],
                                  "max_content_length": 1000000})
        if path == "/api/collections/":
            return self.resource({"collections": [
                {"id": COLLECTION, "title": "One", "alias": "one", "can_read": True},
                {"id": OTHER, "title": "Closed", "can_read": False}]})
        if path == f"/api/collections/{COLLECTION}/":
            return self.resource({"id": COLLECTION, "title": "One", "can_read": True})
        if path == f"/api/collections/{COLLECTION}/manifest/" and self.fault != "undated":
            found = self.select(query)[:self.page]
            return self.resource({"objects": [
                {"id": json.loads(text)["id"], "date_added": date} for date, text in found],
                "more": len(self.select(query)) > self.page})
        if path == f"/api/collections/{COLLECTION}/objects/":
            time.sleep(self.slow)
            return self.objects_page(query)
        return 404, {"Content-Type": self.TYPE}, {"title": "no such thing"}

    def resource(self, value):
        return 200, {"Content-Type": self.TYPE}, value

    def select(self, query):
        after = query.get("added_after", "")
        return [one for one in self.objects if one[0] > after]

    def objects_page(self, query):
        fault = self.fault
        found = self.select(query) if fault != "deaf" else self.objects
        following = None
        if fault == "counting":
            # As the OASIS server has it: one `next` for the walk, and the server counts.
            if "next" in query:
                if query["next"] not in self.walks:
                    return 400, {"Content-Type": self.TYPE}, {"title": "no such next"}
                found = self.walks[query["next"]]
            following = query.get("next", str(uuid.uuid4()))
            self.walks[following] = found[self.page:]
        elif "next" in query and fault not in ("stuck", "deaf", "void"):
            if fault == "forgetful" and random.random() < .3:
                return 404, {"Content-Type": self.TYPE}, {"title": "next has expired"}
            found = [one for one in self.objects if one[0] >= query["next"].split(" ")[0]]
            skip = int(query["next"].split(" ")[1])
            found = found[skip:]
        more = len(found) > self.page
        if fault == "hollow" and "hollow" not in query.get("next", ""):
            following = "0 0 hollow" if "next" not in query else query["next"] + " hollow"
            return 200, {"Content-Type": self.TYPE}, {"more": True, "next": following}
        if fault == "void":
            return 200, {"Content-Type": self.TYPE}, {
                "more": True, "next": str(len(self.web.asked))}
        page = found[:self.page]
        if more and fault not in ("counting", "nameless"):
            date = found[self.page][0]
            skip = [one[0] for one in self.objects].index(date)
            following = f"{date} {self.objects.index(found[self.page]) - skip}"
        if fault in ("stuck", "deaf"):
            more, following = True, "again"
        body = '{"objects": [' + ", ".join(text for _, text in page) + "]"
        if more:
            body += ', "more": true'
            if following:
                body += f', "next": {json.dumps(following)}'
        headers = {"Content-Type": self.TYPE}
        if page and fault not in ("headless", "undated"):
            headers["X-TAXII-Date-Added-First"] = page[0][0]
            headers["X-TAXII-Date-Added-Last"] = page[-1][0]
        return 200, headers, body + "}"


class FollowTestCase(concert.NodeTestCase):
    settings = {"fetch": {"allow_private": "yes"}}

    def taxii(self, *arguments, **keywords):
        taxii = Taxii(*arguments, **keywords)
        self.addCleanup(taxii.web.close)
        return taxii

    def web(self, answer):
        web = Web(answer)
        self.addCleanup(web.close)
        return web

    def follow(self, *arguments, **keywords):
        return self.concert("follow", *arguments, **keywords)

    def run_source(self, name, **keywords):
        return self.follow("run", name, "--json", **keywords).json()

    def show(self, name):
        return self.follow("show", name, "--json").json()

    def stored(self, *arguments):
        """The bytes of all objects, by id."""
        result = self.concert("export", "--ndjson", *arguments, status=None)
        return sorted(result.out.splitlines()) if result.status == 0 else []

    def check_equal(self, taxii, name="birch"):
        theirs, ours = {text for _, text in taxii.objects}, set(self.stored("-s", name))
        self.assertEqual((len(theirs - ours), len(ours - theirs), len(ours)),
                         (0, 0, len(theirs)))


class NodesTest(FollowTestCase):
    """Alder follows Birch, both real."""

    def setUp(self):
        super().setUp()
        self.birch = self.directory / "birch"
        concert.run("init", "--node", self.birch, "--name", "cert.birch.example",
                    "--listen", "127.0.0.1:0")
        concert.configure(self.birch, {"taxii": {"page_limit": 7}})
        self.at_birch("account", "add", "alder", "--roles", "reader", "--password-stdin",
                      input=PASSWORD + "\n")
        self.at_birch("collection", "add", "shared")
        for collection in ("main", "shared"):
            self.at_birch("collection", "grant", collection, "alder", "--read")
        self.publish(range(40), "main")
        self.publish(range(100, 110), "shared")
        self.server = concert.Server(self.birch)
        self.addCleanup(self.server.stop, signal.SIGKILL)
        self.secret = self.write("secret", PASSWORD + "\n")

    def at_birch(self, *arguments, **keywords):
        return concert.run("--node", self.birch, *arguments, **keywords)

    def publish(self, numbers, collection):
        bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}",
                  "objects": [indicator(number) for number in numbers]}
        self.at_birch("import", "-c", collection, self.write("bundle.json", bundle))

    def at_both(self, *arguments):
        theirs = self.at_birch("export", "--ndjson", *arguments).out.splitlines()
        return sorted(theirs), self.stored()

    def test_password_and_token(self):
        url = self.server.url + "/taxii2/"
        login = ["--user", "alder", "--password-file", self.secret]
        # Which collection, and who asks, has to be said; the wrong password is told at once.
        self.assertIn("2 collections are there", self.follow("taxii", url, *login, status=2).err)
        self.assertIn("password", self.follow("taxii", url, "--all", status=2).err)
        wrong = self.write("wrong", "open sesame\n")
        self.assertIn("401", self.follow("taxii", url, "--all", "-u", "alder", "--password-file",
                                         wrong, status=2).err)
        self.follow("show", status=1)

        self.follow("taxii", url, *login, "-c", "main", "--name", "birch-main")
        token = self.at_birch("account", "token", "add", "alder").out.strip()
        self.follow("taxii", self.server.url, "--token-file", "-", "--all", "--name", "birch-all",
                    "--source", "birch-main", input=token + "\n")
        came = self.run_source("birch-main")
        self.assertEqual((came["accepted"], came["rejected"]), (40, 0))
        came = self.run_source("birch-all")
        self.assertEqual(came["accepted"], 10)
        theirs, ours = self.at_both()
        self.assertEqual(theirs, ours)

        # Only what is new crosses, in one request.
        self.publish(range(200, 203), "main")
        came = self.run_source("birch-main")
        self.assertEqual((came["accepted"], came["requests"] <= 7), (3, True))
        theirs, ours = self.at_both()
        self.assertEqual(theirs, ours)

        # The secrets are the owner's alone.
        secrets = self.node / "secrets"
        self.assertEqual(stat.S_IMODE(secrets.stat().st_mode), 0o700)
        for name, text in (("birch-main", PASSWORD), ("birch-all", token)):
            path = secrets / name
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertEqual(path.read_text(), text)
        for path in self.node.rglob("*"):
            if path.is_file() and path.parent != secrets:
                data = path.read_bytes()
                self.assertNotIn(PASSWORD.encode(), data, path)
                self.assertNotIn(token.encode(), data, path)
        self.assertNotIn(token, self.follow("show", "--json").out)
        os.chmod(secrets / "birch-main", 0o644)
        self.follow("run", "birch-main", status=2)
        self.assertIn("0600", self.show("birch-main")["failure"] + "0600")
        self.follow("secret", "birch-main", self.secret)
        self.run_source("birch-main")
        self.assertNotIn("failure", self.show("birch-main"))
        self.follow("remove", "birch-main")
        self.assertFalse((secrets / "birch-main").exists())
        self.follow("remove", "birch-main", status=1)
        self.follow("run", "birch-main", status=1)

    def test_schedule(self):
        """What is published arrives while Alder is served; pausing, and who else runs it."""
        server = self.serve()
        self.follow("taxii", self.server.url, "-u", "alder", "--password-file", self.secret,
                    "-c", "main", "--name", "birch", "--every", "1s", "--into", "main")
        self.wait_for(40)
        self.publish(range(40, 45), "main")
        self.wait_for(45)
        self.follow("pause", "birch")
        time.sleep(1)  # what runs ends
        self.publish([50], "main")
        finished = self.show("birch")["finished"]
        time.sleep(1.2)
        self.assertEqual(len(self.stored()), 45)
        # By hand it runs all the same, in a process that is not the writer.
        self.assertEqual(self.run_source("birch")["accepted"], 1)
        self.follow("resume", "birch")
        self.publish([51], "main")
        self.wait_for(47)
        self.assertNotEqual(self.show("birch")["finished"], finished)

        # It fails, says so once, and is well again.
        self.at_birch("account", "disable", "alder")
        self.follow("resume", "birch")  # it is due at once
        self.wait_until(lambda: self.show("birch").get("failure"))
        self.at_birch("account", "enable", "alder")
        self.follow("resume", "birch")
        self.wait_until(lambda: not self.show("birch").get("failure"))
        self.assertEqual(server.stop(), 0)
        told = [line for line in server.log if "birch" in line]
        self.assertEqual(len(told), 2, told)
        self.assertRegex(told[0], "followed source birch: .*401")
        self.assertRegex(told[1], "can be read again")

    def wait_until(self, test):
        concert.until(test)

    def wait_for(self, count):
        self.wait_until(lambda: self.show("birch")["total"]["accepted"] >= count)
        self.assertEqual(len(self.stored()), count)


class KillTest(FollowTestCase):
    def test_kill(self):
        """SIGKILL at any moment: in the end the content is equal, and nothing is read twice but a
        page or two each time."""
        for fault in (None, "counting", "nameless"):
            with self.subTest(fault=fault):
                taxii = self.taxii(600, page=10, fault=fault, same_date=3)
                taxii.slow = .004
                name = f"birch-{fault}".lower()
                self.follow("taxii", taxii.collection, "--name", name, "--every", "1s")
                kills = 0
                for _ in range(4):
                    server = self.serve()
                    before = len(taxii.web.asked)
                    end = time.monotonic() + 10
                    while len(taxii.web.asked) < before + 12 and time.monotonic() < end:
                        time.sleep(.002)
                    time.sleep(random.random() * .02)
                    server.stop(signal.SIGKILL)
                    kills += "finished" not in self.show(name)
                self.assertGreater(kills, 1)
                self.run_source(name)
                self.check_equal(taxii, name)
                self.assertLess(len(taxii.web.asked), 60 + 5 * 8)
                came = self.run_source(name)
                self.assertEqual((came["accepted"], came["requests"]), (0, 1))


class FaultsTest(FollowTestCase):
    def follow_once(self, taxii, name="birch", status=0, **keywords):
        self.follow("taxii", taxii.collection, "--name", name, **keywords)
        return self.run_source(name, status=status)

    def test_tolerated(self):
        """Servers that err, and from which all comes nevertheless: at once, and what is added
        later."""
        for fault, same_date in ((None, 1), (None, 25), ("counting", 4), ("counting", 50),
                                 ("nameless", 3), ("forgetful", 1), ("headless", 2),
                                 ("undated", 2), ("hollow", 1)):
            with self.subTest(fault=fault, same_date=same_date):
                name = f"birch-{fault}-{same_date}"
                taxii = self.taxii(55, fault=fault, same_date=same_date)
                came = self.follow_once(taxii, name)
                self.assertEqual(came["rejected"] + came["broken"], 0)
                self.check_equal(taxii, name)
                taxii.add(75)  # some of them of a date that was read already
                # Without any date there is only the clock.
                late = 1000 * int(time.time() - STARTED) if fault == "undated" else 1000
                taxii.objects[55:] = [(date_text(late + i), text) for i, (_, text)
                                      in enumerate(taxii.objects[55:])]
                self.run_source(name)
                self.check_equal(taxii, name)
                asked = len(taxii.web.asked)
                came = self.run_source(name)
                self.assertEqual(came["accepted"], 0)
                if fault not in ("undated", "hollow"):
                    self.assertEqual(len(taxii.web.asked), asked + 1)

    def test_circles(self):
        # `next` always leads to the same page: the dates lead on, to the end, which is not told.
        stuck = self.taxii(55, fault="stuck")
        came = self.follow_once(stuck, "stuck", status=2)
        self.assertIn("again and again", came["failure"])
        self.check_equal(stuck, "stuck")
        self.assertLess(len(stuck.web.asked), 30)
        # Nothing leads anywhere.
        deaf = self.taxii(55, fault="deaf")
        self.assertIn("again and again", self.follow_once(deaf, "deaf", status=2)["failure"])
        self.assertLess(len(deaf.web.asked), 10)
        void = self.taxii(55, fault="void")
        self.assertIn("empty", self.follow_once(void, "void", status=2)["failure"])
        self.assertLess(len(void.web.asked), 100)
        self.assertEqual(self.show("void")["failures"], 1)

    def test_bad_objects(self):
        """What is bad costs its neighbours nothing, and is named."""
        taxii = self.taxii(25)
        taxii.objects[3] = (taxii.objects[3][0], '{"type": "indicator", "id": "indicator--1"}')
        taxii.objects[5] = (taxii.objects[5][0], '{"type": "indicator", "id": NaN, "x": "\\u12"}')
        taxii.objects[7] = (taxii.objects[7][0], '17')
        came = self.follow_once(taxii, status=1)
        self.assertEqual(came["accepted"], 22)
        self.assertEqual(came["rejected"] + came["broken"], 3)
        self.assertIn("$.objects[3]", self.show("birch")["remark"])
        self.assertEqual(len(self.stored()), 22)
        came = self.run_source("birch")
        self.assertEqual((came["requests"], came["accepted"], came["rejected"]), (1, 0, 0))

    def test_broken_page(self):
        """A page that ends too early is not taken for read."""
        taxii = self.taxii(25)
        whole = taxii.objects[12]
        taxii.objects[12] = (whole[0], whole[1][:-30] + '"')
        came = self.follow_once(taxii, status=2)
        self.assertIn("broken", came["failure"])
        taxii.objects[12] = whole
        self.run_source("birch")
        self.check_equal(taxii)

    def test_patience(self):
        taxii = self.taxii(25)
        taxii.refusals = [(429, {"Retry-After": "1"})]
        self.assertEqual(self.follow_once(taxii)["accepted"], 25)
        taxii.add(5)
        taxii.refusals = [(503, {"Retry-After": "7200"})]
        came = self.run_source("birch", status=2)
        self.assertIn("not now", came["failure"])
        shown = self.show("birch")
        wait = time.mktime(time.strptime(shown["due"], "%Y-%m-%d %H:%M:%SZ")) - \
            time.mktime(time.strptime(shown["finished"], "%Y-%m-%d %H:%M:%SZ"))
        self.assertTrue(7199 <= wait <= 7200 * 1.1 + 1, wait)
        self.assertEqual(self.run_source("birch")["accepted"], 5)

    def test_refused(self):
        """What is not TAXII 2.1, or leads elsewhere."""
        old = self.taxii(5)
        old.TYPE = "application/vnd.oasis.taxii+json; version=2.0"
        self.assertIn("TAXII 2.0", self.follow("taxii", old.url, "--all", status=2).err)
        page = self.web(lambda *_: (200, {"Content-Type": "text/html"}, "<html>"))
        self.assertIn("text/html", self.follow("taxii", page.url, "--all", status=2).err)
        elsewhere = self.taxii(5, fault="elsewhere")
        self.assertIn("another host", self.follow("taxii", elsewhere.url, "--all", status=2).err)
        away = self.web(lambda *_: (302, {"Location": elsewhere.url + "/taxii2/"}, ""))
        self.assertIn("other hosts are not followed",
                      self.follow("taxii", away.url, "--all", status=2).err)
        self.assertEqual(len(elsewhere.web.asked), 1)
        secret = self.write("secret", "open sesame\n")
        self.assertIn("https", self.follow("list", "http://feeds.birch.example/", "--token-file",
                                           secret, status=2).err)
        self.assertIn("https", self.follow("taxii", "http://localhost.birch.example/", "--all", "-u",
                                           "x", "--password-file", secret, status=2).err)
        self.assertFalse((self.node / "secrets").exists())
        self.follow("list", "http://feeds.birch.example/", "--name", "../x", status=2)
        self.follow("list", "http://feeds.birch.example/", "--into", "nowhere", status=1)
        good = self.taxii(5)
        self.configure({"fetch": {"allow_private": "no"}})
        self.assertIn("not a public address",
                      self.follow("taxii", good.url, "--all", status=2).err)
        self.assertEqual(good.web.asked, [])

    def test_since(self):
        taxii = self.taxii(30)
        self.follow("taxii", taxii.url, "--name", "birch", "--since", date_text(20))
        self.assertEqual(self.run_source("birch")["accepted"], 10)

    def test_budget(self):
        """A source that has much lets others go first, and goes on from there."""
        self.configure({"follow": {"run_bytes": "64K"}})
        taxii = self.taxii(600, page=20)
        self.follow("taxii", taxii.url, "--name", "birch")
        came = self.run_source("birch")
        self.assertEqual((came["accepted"], came["unchanged"]), (600, 0))
        self.check_equal(taxii)


class ListTest(FollowTestCase):
    def test_conditional(self):
        files = {"/tagged": ("one.birch.example\ntwo.birch.example\n", "ETag", '"1"',
                             "If-None-Match"),
                 "/dated": ("192.0.2.1\n", "Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT",
                            "If-Modified-Since")}

        def answer(path, query, headers):
            text, name, value, condition = files[path]
            if headers.get(condition) == value:
                return 304, {name: value}, ""
            return 200, {name: value, "Content-Type": "text/plain"}, text

        web = self.web(answer)
        for name in ("tagged", "dated"):
            self.follow("list", f"{web.url}/{name}", "--name", name, "--tlp", "green",
                        "--confidence", "70")
        self.assertEqual(self.run_source("tagged")["accepted"], 3)  # one is the TLP
        self.assertEqual(self.run_source("dated")["accepted"], 1)
        for name in ("tagged", "dated"):
            came = self.run_source(name)
            self.assertEqual({key: count for key, count in came.items() if count},
                             {"name": name, "requests": 1})
        self.assertTrue(all(json.loads(line)["confidence"] == 70
                            for line in self.stored("-t", "indicator")))
        files["/tagged"] = ("one.birch.example\nthree.birch.example\n", "ETag", '"2"',
                            "If-None-Match")
        came = self.run_source("tagged")
        self.assertEqual((came["accepted"], came["unchanged"]), (1, 2))
        self.assertEqual(self.follow("run", "--all", "--json").lines()[1]["bytes"], 0)
        # What cannot be read is not taken for read.
        files["/tagged"] = ("\x01\x02\x03" * 100, "ETag", '"3"', "If-None-Match")
        self.run_source("tagged", status=2)
        files["/tagged"] = ("four.birch.example\n", "ETag", '"3"', "If-None-Match")
        self.assertEqual(self.run_source("tagged")["accepted"], 1)

    def test_misp_feed(self):
        """Of a feed only new and changed events are fetched; one that fails is tried again."""
        events = {str(uuid.UUID(int=number + (4 << 76) + (8 << 60))): 1 for number in range(5)}
        missing = set()

        def answer(path, query, headers):
            name = path.rsplit("/", 1)[1]
            if name == "manifest.json":
                tag = f'"{sum(events.values())}"'
                if headers.get("If-None-Match") == tag:
                    return 304, {"ETag": tag}, ""
                return 200, {"ETag": tag}, {one: {"timestamp": str(1704067200 + version)}
                                            for one, version in events.items()}
            one = name.removesuffix(".json")
            if one not in events or one in missing:
                return 404, {}, ""
            return 200, {}, {"Event": {
                "uuid": one, "info": "an exercise", "date": "2024-01-01",
                "timestamp": str(1704067200 + events[one]), "Orgc": {"name": "Birch", "uuid":
                    "c2a0e3f5-23f2-4b6e-9d1c-0c5d1f6e7a89"},
                "Attribute": [{"uuid": str(uuid.uuid5(uuid.UUID(one), str(events[one]))),
                               "type": "domain", "category": "Network activity", "to_ids": True,
                               "value": f"v{events[one]}.{one[:8]}.birch.example",
                               "timestamp": str(1704067200 + events[one])}]}}

        web = self.web(answer)
        first = sorted(events)[0]
        missing.add(first)
        self.follow("list", web.url + "/feed/", "--name", "birch")
        came = self.run_source("birch", status=2)
        self.assertIn("1 of its events", came["failure"])
        self.assertEqual(came["requests"], 6)
        missing.clear()
        self.assertEqual(self.run_source("birch")["requests"], 2)
        self.assertEqual(self.run_source("birch")["requests"], 1)
        events[first] += 1
        events[str(uuid.UUID(int=9 + (4 << 76) + (8 << 60)))] = 1
        came = self.run_source("birch")
        self.assertEqual(came["requests"], 3)
        self.assertGreater(came["accepted"], 1)
        text = "\n".join(self.stored())
        for one, version in events.items():
            self.assertIn(f"v{version}.{one[:8]}.birch.example", text)


if __name__ == "__main__":
    unittest.main()
