"""Machines that fetch exports of the shield over HTTP."""

import time
import unittest

import concert
from shieldnode import ShieldTestCase, indicator


class ConsumerTest(ShieldTestCase):
    def get(self, name, token, **headers):
        return self.server.get(f"/shield/export/{name}",
                               headers={"Authorization": f"Bearer {token}", "Accept": "*/*",
                                        **{key.replace("_", "-"): value
                                           for key, value in headers.items()}})

    def test_consumer(self):
        add = ("shield", "consumer", "add")
        token = self.concert(*add, "resolver1", "--format", "rpz", "--format", "plain").out.strip()
        other = self.concert(*add, "sensor", "-f", "zeek", "--days", "1").out.strip()
        self.assertNotIn(token.encode(), (self.node / "concert.db").read_bytes())
        self.concert(*add, "resolver1", "-f", "rpz", status=2)
        self.concert(*add, "without", status=2)
        self.concert(*add, "wrong", "-f", "bind", status=2)
        self.assertEqual([(each["name"], each["formats"]) for each in
                          self.concert("shield", "consumer", "list", "--json").lines()],
                         [("resolver1", ["rpz", "plain"]), ("sensor", ["zeek"])])
        reader = self.account("reader", "reader", "analyst", "admin")
        self.server = self.serve()

        # Who may fetch what.
        self.assertEqual(self.server.get("/shield/export/rpz").status, 401)
        self.assertEqual(self.server.get("/shield/export/rpz", auth=reader).status, 403)
        self.assertEqual(self.get("rpz", token + "x").status, 401)
        self.assertEqual(self.get("rpz", other).status, 403)
        self.assertEqual(self.get("nothing", token).status, 403)
        self.assertEqual(self.get("rpz/more", token).status, 404)
        self.assertIn(self.server.get("/main/collections/", auth=f"Bearer {token}").status,
                      (200, 403, 404))

        first = self.get("rpz", token)
        self.assertEqual(first.status, 200)
        self.assertIn(b"\nalder.example CNAME .\n", first.body)
        self.assertNotIn(b"nobody.example", first.body)
        self.assertEqual(first.headers["Content-Type"], "text/dns; charset=utf-8")
        self.assertIn(b"nobody.example", self.get("plain", token).body)
        zipped = self.get("rpz", token, Accept_Encoding="gzip")
        self.assertEqual(zipped.status, 200)

        # The same as long as the indicators are the same, whatever else changes.
        tag = first.headers["ETag"]
        self.concert("account", "add", "somebody")
        self.assertEqual(self.get("rpz", token).body, first.body)
        again = self.get("rpz", token, If_None_Match=f'"x", {tag}')
        self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", tag))
        self.revoke(1, "[domain-name:value = 'alder.example']")
        changed = self.get("rpz", token, If_None_Match=tag)
        self.assertEqual(changed.status, 200)
        self.assertNotEqual(changed.headers["ETag"], tag)
        self.assertNotIn(b"alder.example", changed.body)
        serials = [int(each.body.split(b"root.localhost. ")[1].split()[0])
                   for each in (first, changed)]
        self.assertLess(*serials)

        # Over by itself.
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + concert.span(4)))
        self.give(indicator(30, "[domain-name:value = 'soon.example']", valid_until=soon))
        self.release()
        self.assertIn(b"soon.example", self.get("rpz", token).body)
        concert.until(lambda: b"soon.example" not in self.get("rpz", token).body)

        # Options, as the command has them; each choice is another export.
        self.give(indicator(31, "[domain-name:value = 'late.example']"))
        self.release()
        plain = self.get("rpz", token)
        self.assertIn(b"\n*.late.example CNAME .\n", plain.body)
        exact = self.get("rpz?exact", token)
        self.assertNotIn(b"\n*.", exact.body)
        walled = self.get("rpz?redirect=192.0.2.9", token)
        self.assertIn(b" A 192.0.2.9\n", walled.body)
        self.assertEqual(len({each.headers["ETag"] for each in (plain, exact, walled)}), 3)
        tag = exact.headers["ETag"]
        self.assertEqual(self.get("rpz?exact", token, If_None_Match=tag).status, 304)
        self.assertEqual(self.get("rpz", token, If_None_Match=tag).status, 200)
        for query, named in (("zone=x", "zone"), ("unmarked=clear", "unmarked"), ("action=x", "action"),
                             ("exact&exact", "exact"), ("kind=dog", "kind"), ("redirect=a%20b", "a b")):
            refused = self.get(f"rpz?{query}", token, If_None_Match="*")
            self.assertEqual(refused.status, 400, query)
            self.assertIn(named, refused.json()["description"])

        self.concert("shield", "consumer", "remove", "resolver1")
        self.assertEqual(self.get("rpz", token).status, 401)
        self.concert("shield", "consumer", "remove", "resolver1", status=1)


if __name__ == "__main__":
    unittest.main()
