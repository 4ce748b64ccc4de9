"""concert.conf: what `config check` and `config show` say, and that a bad one stops every command."""

import unittest

import concert


class ConfigTest(concert.NodeTestCase):
    def test_fresh(self):
        self.assertIn("fine", self.concert("config", "check").out)
        report = self.concert("config", "check", "--json").json()
        self.assertTrue(report["fine"])
        self.assertEqual(report["problems"], [])

    def test_every_problem_is_named(self):
        path = self.write("bad.conf", "[server]\nthreads = 900\nthread = 4\n\n[nowhere]\n"
                                      "[server]\ntls = maybe\n")
        result = concert.run("config", "check", path, status=1)
        self.assertEqual(result.out.splitlines(), [
            f"{path}:2: [server] threads = 900: must be a whole number from 1 to 64",
            f'{path}:3: [server] thread: no such setting; did you mean "threads"?',
            f"{path}:5: [nowhere]: no such section",
            f"{path}:6: [server]: this section began at line 1 already",
            f"{path}:7: [server] tls = maybe: must be one of auto, on, off",
        ])
        self.assertEqual(len(concert.run("config", "check", path, "--json", status=1)
                             .json()["problems"]), 5)

    def test_absent(self):
        concert.run("config", "check", self.directory / "no.conf", status=2)

    def test_bad_settings_stop_commands(self):
        self.configure({"server": {"threads": "many"}})
        for command in (["status"], ["account", "list"], ["serve"], ["import", "x"]):
            result = self.concert(*command, status=2)
            self.assertIn("[server] threads = many: must be a whole number", result.err)

    def test_show(self):
        self.configure({"server": {"threads": 7}, "taxii": {"title": '"Alder; # 1"'}})
        shown = {(line["section"], line["name"]): line
                 for line in self.concert("config", "show", "--json").lines()}
        threads = shown["server", "threads"]
        self.assertEqual((threads["value"], threads["default"]), ("7", "2"))
        self.assertIn("line", threads)
        self.assertEqual(shown["taxii", "title"]["value"], "Alder; # 1")
        self.assertNotIn("line", shown["taxii", "page_limit"])
        self.assertIn("Alder; # 1", self.concert("config", "show").out)

    def test_manual_and_fresh_file_name_every_setting(self):
        manual = concert.run("help", "--man", "concert.conf").out
        fresh = (self.node / "concert.conf").read_text()
        for line in self.concert("config", "show", "--json").lines():
            self.assertIn(f".B {line['name']}\n", manual)
            self.assertRegex(fresh, rf"(?m)^#?{line['name']} = ")


if __name__ == "__main__":
    unittest.main()
