#!/usr/bin/env python3
"""The service managers' files: accepted by systemd, well-formed for launchd, and of the promised content."""

import configparser
import os
import pathlib
import plistlib
import shutil
import subprocess
import tempfile
import unittest

import support

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM, USER = ROOT / "systemd/krakkend.service", ROOT / "systemd/user/krakkend.service"


def settings(unit):
    """The last value of each setting of the section Service."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(unit)
    return dict(parser["Service"])


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="krakken-units-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def analyze(self, *words):
        """No service manager need run; its user variant wants a runtime folder."""
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=support.PATIENCE,
                              env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(self.folder), "HOME": str(self.folder)})

    def installed(self, unit):
        """As it would be, but for the place of the program, which must exist to be accepted."""
        text = unit.read_text()
        self.assertEqual(text.count("ExecStart=/usr/bin/krakkend\n"), 1)
        copy = self.folder / unit.name
        copy.write_text(text.replace("ExecStart=/usr/bin/krakkend\n", f"ExecStart={support.KRAKKEND}\n"))
        return copy

    def verify(self, manager, unit):
        done = self.analyze(manager, "verify", unit)
        return done.returncode, done.stdout + done.stderr

    def test_accepted(self):
        for manager, unit in (("--system", SYSTEM), ("--user", USER)):
            with self.subTest(unit):
                status, said = self.verify(manager, self.installed(unit))
                self.assertEqual(status, 0, said)
                self.assertNotIn("krakkend", said)  # other units of the machine may have faults of their own

    def test_the_check_would_see_a_mistake(self):
        for manager, unit in (("--system", SYSTEM), ("--user", USER)):
            copy = self.installed(unit)
            copy.write_text(copy.read_text().replace("Type=notify", "Typ=notify"))
            self.assertIn("Typ", self.verify(manager, copy)[1])

    def test_exposure(self):
        """systemd's own figure, times ten; 15 is what the best services of a Debian have."""
        done = self.analyze("--offline=true", "--threshold=15", "security", self.installed(SYSTEM))
        self.assertEqual(done.returncode, 0, done.stdout[-400:] + done.stderr)

    def test_content(self):
        for unit in (SYSTEM, USER):
            with self.subTest(unit):
                found = settings(unit)
                for name, value in (("Type", "notify"), ("NotifyAccess", "main"), ("Restart", "on-failure"),
                                    ("RestartPreventExitStatus", "1 74 78"), ("UMask", "0077"), ("LimitCORE", "0")):
                    self.assertEqual(found.get(name), value)
                self.assertGreater(int(found["TimeoutStopSec"]), 20)
                self.assertIn("-HUP $MAINPID", found["ExecReload"])
                # Peers are judged by uid, which a user namespace hides.
                self.assertNotIn("PrivateUsers", found)
        system = settings(SYSTEM)
        for name, value in (("User", "krakken"), ("StateDirectory", "krakkend"), ("ConfigurationDirectory", "kraken_bot"),
                            ("RuntimeDirectory", "krakkend"), ("RuntimeDirectoryPreserve", "yes")):
            self.assertEqual(system.get(name), value)
        # These would move a user's files from where a start by hand has them.
        self.assertEqual([name for name in settings(USER) if name.endswith("Directory")], [])

    def test_launchd(self):
        [plist] = (ROOT / "packaging/launchd").glob("*.plist")
        with open(plist, "rb") as file:
            agent = plistlib.load(file)
        self.assertEqual(agent["Label"], plist.stem)
        self.assertEqual(pathlib.Path(agent["ProgramArguments"][0]).name, "krakkend")
        self.assertEqual(agent["KeepAlive"], {"SuccessfulExit": False})
        self.assertEqual(agent["Umask"], 0o077)
        self.assertGreater(agent["ExitTimeOut"], 20)
        self.assertGreater(agent["ThrottleInterval"], 10)
        self.assertEqual(agent["HardResourceLimits"]["Core"], 0)
        self.assertTrue(agent["StandardErrorPath"])


if __name__ == "__main__":
    support.main()
