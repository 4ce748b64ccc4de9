"""Evidence between real nodes: sealed, handed over across a line that breaks, accepted after hashing
it again, proven offline from one file; what was changed is named. Also with the two exchanged."""

import hashlib
import json
import random
import shutil
import subprocess
import time
import unittest

import concert
import evidencejudge
from badline import BadLine
from peernode import Node

MIB = 1024 * 1024
TAKEN = ("--time", "2026-01-02T03:04:05Z", "--method", "write blocker", "--tool", "dd 9.1")


class EvidenceTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.one, self.other = Node(self, "alder").serve(), Node(self, "birch").serve()

    def meet(self, one, other):
        one.run("peer", "invite", other.url)
        other.run("peer", "accept", one.name)

    def file(self, name, size, seed=1):
        path = self.directory / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    def seal(self, node, *paths):
        evidence = node.run("evidence", "identify", "--subject", "Disk of web-3", "--kind", "image", "--source",
                            "web-3, /dev/sda", "--basis", "consent of the owner", "--json").json()["dossier"]
        files = [part for path in paths for part in ("--files", path)]
        node.run("evidence", "acquire", evidence, *files, *TAKEN)
        node.run("evidence", "seal", evidence, *files, *TAKEN)
        return evidence

    def copies(self, node, evidence):
        return {line["copy"]: (line["custodian"], line["status"])
                for line in node.run("evidence", "copies", evidence, "--json", status=None).lines()}

    def wait_copy(self, node, evidence, copy, custodian, status):
        concert.until(lambda: self.copies(node, evidence).get(copy) == (custodian.name, status), lambda: self.copies(node, evidence))

    def wait_file(self, node, sha256):
        node.wait_shown(lambda shown: any(copy["state"] == "whole" for copy in shown["copies"]),
                        "attachment", "show", sha256)

    def verify(self, bundle, *options, status=0):
        return concert.run("evidence", "verify", bundle, *options, "--json", status=status).json()

    def hand_over(self, giver, taker, path, sha256):
        """Sealed by one, a copy of it offered to and accepted by the other."""
        evidence = self.seal(giver, path)
        self.assertEqual(self.copies(giver, evidence), {"original": (giver.name, "held")})
        taker.run("evidence", "show", evidence, status=1)  # nobody else knows of it yet
        giver.run("evidence", "copy", evidence, "--copy", "copy-1", "--method", "cp", "--tool", "cp 9.1")
        giver.run("evidence", "examine", evidence, "nothing", "--copy", "original", "--method", "m", "--tool", "t",
                  status=2)
        giver.run("evidence", "offer", evidence, "--copy", "copy-1", "--to", taker.name)
        self.wait_copy(taker, evidence, "copy-1", giver, "offered")
        self.wait_file(taker, sha256)
        giver.run("evidence", "store", evidence, "--copy", "copy-1", "--place", "p", status=2)
        taker.run("evidence", "accept", evidence, "--place", "vault", "--as", "T. Example")
        self.wait_copy(giver, evidence, "copy-1", taker, "held")
        self.assertEqual(self.copies(taker, evidence), {"original": (giver.name, "held"),
                                                        "copy-1": (taker.name, "held")})
        giver.run("evidence", "store", evidence, "--copy", "copy-1", "--place", "p", status=2)
        return evidence

    def test_broken_line(self):
        giver, taker = self.one, self.other
        line = BadLine(self, giver.port)
        concert.configure(giver.path, {"card": {"url": line.url}})
        giver.stop()
        giver.serve()
        self.meet(giver, taker)
        line.cut = 4 * MIB
        path, sha256 = self.file("disk.img", 10 * MIB)
        evidence = self.hand_over(giver, taker, path, sha256)
        line.cut = None
        shown = giver.run("evidence", "show", evidence, "--json").json()
        self.assertEqual(shown["digest"], taker.run("evidence", "show", evidence, "--json").json()["digest"])
        # What the commands fill in by themselves need not be typed.
        steps = {step.split()[2]: step for step in shown["next"]}
        short = evidence.split("-")[1]
        self.assertEqual((steps["accept"], steps["store"], steps["copy"]),
                         (f"concert evidence accept {short}",
                          f"concert evidence store {short} --place ...",
                          f"concert evidence copy {short} --copy ... --method ... --tool ..."))
        self.assertNotIn("(required)", giver.run("evidence", "accept", "--help").out)
        bundle = self.directory / "handed.evidence"
        made = taker.run("evidence", "bundle", evidence, "-o", bundle, "--json").json()
        self.assertEqual((made["steps"], made["proofs"], made["files"]), (6, 6, 1))
        found = self.verify(bundle)
        self.assertTrue(found["verified"])
        self.assertEqual([(step["type"], step["by"], step["signed"], step["ledger"]) for step in found["steps"]],
                         [(kind, giver.name, True, giver.origin)
                          for kind in ("identified", "acquired", "sealed", "copied", "offered")] +
                         [("accepted", taker.name, True, taker.origin)])
        self.assertEqual([(file["name"], file["sha256"], file["here"]) for file in found["files"]],
                         [("disk.img", sha256, True)])
        # Another program, which shares no code with this one, says the same.
        self.assertEqual(evidencejudge.judge(bundle), [])
        data = bytearray(bundle.read_bytes())
        data[data.index(path.read_bytes()[5 * MIB:5 * MIB + 16])] ^= 1
        bundle.write_bytes(data)
        self.assertIn('file "disk.img"', self.verify(bundle, status=1)["problems"][0])
        self.assertIn('file', evidencejudge.judge(bundle)[0])

    def test_flips(self):
        """One byte of each part: it is named. Nothing passes."""
        giver, taker = self.other, self.one  # exchanged
        self.meet(giver, taker)
        path, sha256 = self.file("log.txt", 3000)
        evidence = self.hand_over(giver, taker, path, sha256)
        giver.run("evidence", "return", evidence, status=2)
        taker.run("evidence", "return", evidence, "Done.")
        self.wait_copy(giver, evidence, "copy-1", taker, "offered")
        giver.run("evidence", "accept", evidence)
        self.assertEqual(self.copies(giver, evidence)["copy-1"], (giver.name, "held"))
        giver.run("evidence", "dispose", evidence, "--copy", "copy-1", "--method", "shredded", "--approved-by",
                  "Chief")
        bundle = self.directory / "log.evidence"
        giver.run("evidence", "bundle", evidence, "-o", bundle)
        giver.run("evidence", "bundle", evidence, "-o", bundle, status=2)
        whole = bundle.read_bytes()
        self.assertTrue(self.verify(bundle)["verified"])
        self.assertEqual(evidencejudge.judge(bundle), [])
        self.assertIn("CERTIFICATE OF EVIDENCE", concert.run("evidence", "verify", "--certificate", bundle).out)
        dice = random.Random(7)
        frames = evidencejudge.frames(whole)
        names = {"H": "head", "K": "card", "E": "step", "P": "proof", "C": "certificate", "F": "log.txt", "Z": "end"}
        tried = {}
        for kind, start, end in frames:
            if tried.get(kind, 0) >= 2:
                continue
            tried[kind] = tried.get(kind, 0) + 1
            place = dice.randrange(start, end)
            broken = bytearray(whole)
            broken[place] ^= 1
            bundle.write_bytes(broken)
            problems = self.verify(bundle, status=1)["problems"]
            self.assertTrue(any(names[kind] in problem for problem in problems), (kind, problems))
            self.assertNotEqual(evidencejudge.judge(bundle), [], kind)
        self.assertEqual(set(tried), set(names))
        # One that cannot be read at all is named by its place.
        place, start = [(place, start) for place, (kind, start, _) in enumerate(frames, 1) if kind == "P"][1]
        broken = bytearray(whole)
        broken[start] ^= 1
        bundle.write_bytes(broken)
        self.assertIn(f"ledger proof 2 (frame {place} of the bundle): ", self.verify(bundle, status=1)["problems"][0])
        # A file beside it is what was sealed, or is named.
        bundle.write_bytes(whole)
        self.assertTrue(self.verify(bundle, path)["verified"])
        other, _ = self.file("other.txt", 3000, 2)
        self.assertIn(f"{other}: nothing that was sealed", self.verify(bundle, path, other, status=1)["problems"][0])
        # Cut off, longer, a step taken out, another's key, no bundle at all.
        for broken in (whole[:-1], whole[:len(whole) // 2], whole + b"x", evidencejudge.without(whole, "E", 3)):
            bundle.write_bytes(broken)
            self.assertFalse(self.verify(bundle, status=1)["verified"])
            self.assertNotEqual(evidencejudge.judge(bundle), [])
        bundle.write_bytes(b"something else")
        concert.run("evidence", "verify", bundle, status=2)
        bundle.write_bytes(whole)
        keys = [party["key"] for party in self.verify(bundle)["parties"]]
        known = self.verify(bundle, "--key", keys[0], "--key", keys[1])
        self.assertTrue(known["verified"] and all(party["known"] for party in known["parties"]))
        forged = keys[0][:-8] + ("AAAAAAA=" if not keys[0].endswith("AAAAAAA=") else "BAAAAAA=")
        concert.run("evidence", "verify", bundle, "--key", forged, status=2)

    def test_dispute(self):
        """What is not what was sealed is disputed; another copy is not concerned. What is malicious
        stays out of the bundle, and is named beside it."""
        giver, taker = self.one, self.other
        self.meet(giver, taker)
        path, sha256 = self.file("a.bin", 2000)
        other, _ = self.file("b.bin", 2000, seed=2)
        evidence = self.seal(giver, path)
        giver.run("evidence", "copy", evidence, "--copy", "copy-1", "--method", "cp", "--tool", "cp 9.1")
        giver.run("evidence", "offer", evidence, "--copy", "copy-1", "--to", taker.name)
        self.wait_file(taker, sha256)
        taker.run("evidence", "accept", evidence, "--verified", other, status=2)
        taker.run("evidence", "dispute", evidence, "It is another file.", "--found", path, status=2)
        taker.run("evidence", "dispute", evidence, "It is another file.", "--found", other)
        self.wait_copy(giver, evidence, "copy-1", giver, "disputed")
        self.assertEqual(self.copies(giver, evidence)["original"], (giver.name, "held"))
        giver.run("evidence", "offer", evidence, "--copy", "copy-1", "--to", taker.name, status=2)
        giver.run("evidence", "check", evidence, "--copy", "copy-1")
        giver.run("evidence", "offer", evidence, "--copy", "copy-1", "--to", taker.name)
        self.wait_copy(taker, evidence, "copy-1", giver, "offered")
        taker.run("evidence", "accept", evidence)

        sample, digest = self.file("sample.exe", 5000, seed=3)
        evidence = giver.run("evidence", "identify", "--subject", "Sample", "--kind", "sample", "--source", "mail",
                             "--json").json()["dossier"]
        giver.run("evidence", "acquire", evidence, "--files", sample, "--malicious", *TAKEN)
        giver.run("evidence", "seal", evidence, "--files", sample, "--malicious", *TAKEN)
        bundle = self.directory / "sample.evidence"
        self.assertEqual(giver.run("evidence", "bundle", evidence, "-o", bundle, "--json").json()["files_malicious"], 1)
        self.assertNotIn(sample.read_bytes()[:32], bundle.read_bytes())
        self.assertEqual(self.verify(bundle)["files"][0]["here"], False)
        self.assertEqual(self.verify(bundle, sample)["files"][0]["here"], True)

        text = giver.run("evidence", "export", evidence, "--to", "case-uco").out
        graph = json.loads(text)
        kinds = {}
        for thing in graph["uco-core:object"]:
            kinds.setdefault(thing["@type"], []).append(thing)
        self.assertEqual(len(kinds["case-investigation:InvestigativeAction"]), 3)
        content = kinds["uco-observable:File"][0]["uco-core:hasFacet"][1]
        self.assertEqual(content["uco-observable:hash"]["uco-types:hashValue"]["@value"], digest)


@unittest.skipUnless(shutil.which("openssl"), "no openssl: time stamps are not tested")
class TimestampTest(concert.NodeTestCase):
    """Time stamps (RFC 3161) of an authority that openssl plays."""

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *map(str, arguments)], cwd=self.directory, check=True,
                              capture_output=True).stdout

    def setUp(self):
        super().setUp()
        self.configure({"card": {"url": "https://alder.example"}})
        self.concert("card", "publish")
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for name in ("ca", "other"):
            self.openssl("req", "-x509", *new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days",
                         "30", "-subj", "/CN=Alder Authority")
        self.openssl("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Alder Time Stamps")
        self.write("tsa.ext", "extendedKeyUsage=critical,timeStamping\n")
        self.openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-days", "30", "-extfile", "tsa.ext", "-out", "tsa.pem")
        self.write("tsa.cnf", "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_digest = sha256\n"
                   "default_policy = 1.3.6.1.4.1.32473.1\ndigests = sha256\ness_cert_id_alg = sha256\n")
        self.write("serial", "01\n")

    def stamp(self, path):
        """A time stamp of the file."""
        self.openssl("ts", "-query", "-data", path, "-sha256", "-cert", "-out", "query")
        made = self.directory / f"{path.name}.tsr"
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-signer", "tsa.pem",
                     "-inkey", "tsa.key", "-out", made)
        return made

    def seal(self, files, stamps):
        by = ("--as", "H. Example")
        evidence = self.concert("evidence", "identify", "--subject", "Logs", "--kind", "log", "--source",
                                "web-3", "--json", *by).json()["dossier"]
        files = [part for path in files for part in ("--files", path)]
        self.concert("evidence", "acquire", evidence, *files, *TAKEN, *by)
        self.concert("evidence", "seal", evidence, *files, *TAKEN, *by,
                     *(part for path in stamps for part in ("--timestamp", path)))
        bundle = self.directory / f"{evidence}.evidence"
        self.concert("evidence", "bundle", evidence, "-o", bundle)
        return bundle

    def verify(self, bundle, *options, status=0):
        found = concert.run("evidence", "verify", bundle, *options, "--json", status=status).json()
        return {stamp["name"]: stamp for stamp in found["timestamps"]}, found["problems"]

    def test_stamps(self):
        files = [self.write(name, f"{name}\n") for name in ("one.log", "two.log")]
        lines = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
        whole = self.write("whole", "".join(line + "\n" for line in lines))
        good, seal = self.stamp(files[0]), self.stamp(whole)
        bundle = self.seal(files, [good, seal])

        # Nobody is believed without a reason; that is said, and is no fault of the bundle.
        stamps, problems = self.verify(bundle)
        self.assertEqual((problems, [stamp["verified"] for stamp in stamps.values()]), ([], [False] * 2))
        self.assertIn("signed by CN=Alder Time Stamps, not verified: no certificates given",
                      concert.run("evidence", "verify", bundle).out)
        ca = self.directory / "ca.pem"
        stamps, problems = self.verify(bundle, "--tsa-certificates", ca)
        self.assertEqual({name: (stamp["verified"], stamp["of"]) for name, stamp in stamps.items()},
                         {"one.log.tsr": (True, "one.log"), "whole.tsr": (True, "the seal")})
        said = self.openssl("ts", "-reply", "-in", good, "-text").decode().partition("Time stamp: ")[2]
        time_of = time.strptime(said.partition("\n")[0], "%b %d %H:%M:%S %Y GMT")
        self.assertEqual(stamps["one.log.tsr"]["time"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time_of))
        self.openssl("ts", "-verify", "-data", files[0], "-in", good, "-CAfile", ca)

        # An authority of the same name is another; a file without certificates is none.
        stamps, problems = self.verify(bundle, "--tsa-certificates", self.directory / "other.pem", status=1)
        self.assertEqual(len(problems), 2)
        self.assertIn("nobody who is trusted vouches", stamps["one.log.tsr"]["problem"])
        concert.run("evidence", "verify", bundle, "--tsa-certificates", files[0], status=2)

        # Not in the bundle, but beside it.
        self.concert("evidence", "bundle", bundle.stem, "-o", self.directory / "bare", "--without-files")
        stamps, problems = self.verify(self.directory / "bare", good, "--tsa-certificates", ca)
        self.assertEqual({name: (stamp["here"], stamp["verified"]) for name, stamp in stamps.items()},
                         {"one.log.tsr": (True, True), "whole.tsr": (False, False)})

    def test_false(self):
        """One that was changed, one of something else, and none."""
        sealed = self.write("one.log", "one\n")
        data = bytearray(self.stamp(sealed).read_bytes())
        data[-1] ^= 1
        changed = self.write("changed.tsr", bytes(data))
        foreign = self.stamp(self.write("foreign.log", "foreign\n"))
        none = self.write("none.tsr", "none")
        large = self.write("large.tsr", bytes(100 * 1024))
        bundle = self.seal([sealed], [changed, foreign, none, large])
        for options in ((), ("--tsa-certificates", self.directory / "ca.pem")):
            stamps, problems = self.verify(bundle, *options, status=1)
            self.assertEqual(len(problems), 4, problems)
            for name, why in (("changed.tsr", "signature"), ("none.tsr", "no time stamp"),
                              ("foreign.log.tsr", "neither the SHA-256 of a file that was sealed"),
                              ("large.tsr", "at most")):
                self.assertIn(why, stamps[name]["problem"])
                self.assertFalse(stamps[name]["verified"])


if __name__ == "__main__":
    unittest.main()
