#!/usr/bin/env python3
"""The audit: who had what done and what came of it, in rows that nobody changes unseen, and without anything secret."""

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess

import support
from support import KRAKKENCTL, PASSPHRASE, PATIENCE, wait_for

WRONG = "canary wrong passphrase"
VOLUME, PRICE, USERREF = "0.01234567", "20123.4", 1122334455
COLUMNS = "number, at, uid, pid, program, what, account, key, nonce, call_id, ids, outcome"


def chain_hash(previous, columns):
    """As daemon/state/audit_chain.hpp documents it."""
    texts = [b"krakkend audit 1", previous.encode()] + [str(column).encode() for column in columns]
    return hashlib.blake2b(b"".join(b"%d:%s," % (len(text), text) for text in texts), digest_size=32).hexdigest()


class AuditTest(support.DaemonTest):
    def rows(self, **params):
        with self.daemon.admin() as admin:
            return admin.result("audit.tail", {"limit": 1000, **params})

    def verdict(self):
        with self.daemon.admin() as admin:
            return admin.result("audit.verify")

    @contextlib.contextmanager
    def database(self):
        """The state database of the daemon, which must not run, as an intruder has it."""
        with contextlib.closing(sqlite3.connect(self.daemon.state_dir / "state.db")) as database, database:
            yield database
        for path in self.daemon.state_dir.glob("state.db*"):
            path.chmod(0o600)

    def trade(self):
        """An order and its cancel; the order's id."""
        with self.daemon.client() as client:
            order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": PRICE, "volume": VOLUME, "userref": USERREF}
            txid, = client.call("AddOrder", order)["result"]["txid"]
            self.assertEqual(client.call("CancelOrder", {"txid": txid})["result"], {"count": 1})
        return txid


class Rows(AuditTest):
    def test_who_had_what_done_and_what_came_of_it(self):
        self.set_up_vault()
        txid = self.trade()
        with self.daemon.admin() as admin, self.daemon.client() as client:
            key = client.result("account.list")[0]["keys"][0]["key"]
            self.assert_error(admin.request("unlock", {"passphrase": WRONG}), -32006)
            self.assert_error(client.call("Withdraw", {"asset": "XBT", "key": "canary", "amount": "1"}), -32003)
            self.assert_error(client.call("AddOrder", {"pair": "XBTUSD"}, account="canary-account"), -32004)
            failed = self.assert_error(client.call("AddOrder", {"pair": "XBTUSD", "type": "buy", "ordertype": "market",
                                                                "volume": "99999999"}), -32014)
            client.call("Balance")
            admin.result("lock")
        rows = self.rows()
        self.assertEqual([row["row"] for row in rows], list(range(1, len(rows) + 1)))
        for row in rows:
            self.assertEqual((row["uid"], row["pid"]), (os.geteuid(), os.getpid()), row)
            self.assertTrue(row["program"].startswith("python3"), row)
            self.assertRegex(row["call_id"], "^[0-9a-f]{8}-[0-9]+$")
        told = [(row["what"], row.get("account"), row.get("key"), row["outcome"]) for row in rows
                if row["outcome"] not in ("intent", "not_placed")]
        self.assertIn(told[2][3], ("ok", "placed"))
        self.assertEqual(told, [
            ("vault.create", None, None, "ok"),
            ("account.add", "alice", key, "ok"),
            ("AddOrder", "alice", key, told[2][3]),
            ("CancelOrder", "alice", key, "ok"),
            ("unlock", None, None, "passphrase"),
            ("Withdraw", None, None, "forbidden"),
            ("AddOrder", None, None, "unknown_account"),
            ("AddOrder", "alice", key, "funds"),
            ("lock", None, None, "ok"),
        ])
        self.assertEqual([row["ids"] for row in rows if "ids" in row], [[txid]])
        self.assertIn(failed["data"]["call_id"], [row["call_id"] for row in rows if row["outcome"] == "funds"])
        self.assertEqual(self.verdict(), {"rows": len(rows), "first": 1, "last": len(rows), "hash": rows[-1]["hash"], "ok": True})
        self.assertEqual(self.rows(account="alice"), [row for row in rows if row.get("account") == "alice"])
        self.assertEqual(self.rows(after=4, limit=2), rows[4:6])
        self.assertEqual(self.rows(limit=3), rows[-3:])

    def test_rows_go_on_after_a_restart_and_a_kill(self):
        self.set_up_vault()
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        self.trade()
        before = wait_for(lambda: [row for row in self.rows() if row["what"] == "CancelOrder"] and self.rows())
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.rows()[:len(before)], before)
        self.unlock()
        self.assertEqual(self.rows()[len(before)]["what"], "unlock")
        self.assertTrue(self.verdict()["ok"])
        signals = [(row["what"], row["program"]) for row in self.rows() if row["pid"] != os.getpid()]
        self.assertEqual(signals, [("shutdown", "krakkend")])  # by the first stop; nobody was asked at the second
        # The hash of the last row stands in the log, where the database's owner cannot change it.
        self.assert_logged(f"event=audit.head .*row={len(before)} .*hash={before[-1]['hash']}")

    @support.AS_ROOT
    def test_somebody_who_may_not_connect(self):
        for folder in (self.folder, self.daemon.folder, self.daemon.runtime_dir):
            folder.chmod(0o711)
        self.daemon.client_socket.chmod(0o666)
        self.assertEqual(support.ask_as(support.STRANGER, self.daemon.client_socket), b"")
        row, = self.rows()
        self.assertEqual((row["what"], row["uid"], row["outcome"]), ("connect.client", support.STRANGER, "forbidden"))
        self.assertTrue(row["program"].startswith("python3"), row)

    def test_a_loop_of_refusals_fills_no_disk(self):
        with self.daemon.client() as client:
            for _ in range(300):
                self.assert_error(client.call("Withdraw"), -32003)
        self.assertLess(len(self.rows()), 100)
        self.assertGreaterEqual(len(self.rows()), 50)


class Secrecy(AuditTest):
    def test_nothing_secret_and_no_parameter_is_in_it(self):
        self.set_up_vault()
        self.trade()
        with self.daemon.admin() as admin, self.daemon.client() as client:
            self.assert_error(admin.request("unlock", {"passphrase": WRONG}), -32006)
            admin.result("vault.change_passphrase", {"old": PASSPHRASE, "new": "canary new passphrase"})
            client.call("Withdraw", {"asset": "XBT", "key": "canary", "amount": "1"}, account="canary-account")
            client.call("AddOrder", {"canary": "canary"}, account="canary-account")
        self.assertGreater(len(self.rows()), 6)
        self.daemon.stop()
        secrets = [PASSPHRASE, WRONG, "canary", *(text for key in self.keys.values() for text in (key.api_key, key.api_secret))]
        for path in (*self.daemon.state_dir.glob("state.db*"), self.daemon.log_file):
            for secret in secrets:
                self.assertNotIn(secret.encode(), path.read_bytes(), path)
        with self.database() as database:
            audit = repr(database.execute("SELECT * FROM audit").fetchall())
        for parameter in (VOLUME, PRICE, str(USERREF), "XBTUSD"):
            self.assertNotIn(parameter, audit)


class Tampering(AuditTest):
    def test_the_chain_is_the_documented_one(self):
        self.set_up_vault()
        self.trade()
        self.daemon.stop()
        before = "0" * 64
        with self.database() as database:
            rows = database.execute(f"SELECT {COLUMNS}, hash FROM audit ORDER BY number").fetchall()
        self.assertGreater(len(rows), 3)
        for *columns, found in rows:
            before = chain_hash(before, columns)
            self.assertEqual(found, before, columns)

    def test_what_is_done_to_the_database_is_found_and_said(self):
        self.set_up_vault()
        self.trade()
        self.daemon.stop()
        with self.database() as database:
            last, = database.execute("SELECT max(number) FROM audit").fetchone()
        changes = (("UPDATE audit SET outcome = 'no' WHERE number = ?", last),
                   ("UPDATE audit SET pid = pid + 1 WHERE number = ?", 3),
                   ("DELETE FROM audit WHERE number = ?", 2))
        for change, row in changes:  # each breaks the chain earlier than the one before
            with self.database() as database:
                database.execute(change, (row,))
            self.daemon.start()
            verdict = self.verdict()
            self.assertEqual((verdict["ok"], verdict["broken_at"], verdict["rows"]), (False, row, row - 1), change)
            status, output, _ = self.daemon.ctl("audit", "--verify")
            self.assertEqual(status, 1, output)
            self.assertIn(f"BROKEN at row {row}:", output)
            self.assert_logged(f"event=audit.verified ok=false broken_at={row}")
            self.unlock()  # the daemon goes on
            self.assertEqual(self.rows()[-1]["what"], "unlock")
            self.daemon.stop()


class CommandLine(AuditTest):
    def test_tables_and_documents(self):
        status, output, _ = self.daemon.ctl("audit")
        self.assertEqual((status, output), (0, "There is no row.\n"))
        self.set_up_vault()
        txid = self.trade()
        status, output, _ = self.daemon.ctl("audit")
        self.assertEqual(status, 0)
        self.assertIn(f"> {txid}\n", output)
        self.assertTrue(all(len(line) <= 80 for line in output.splitlines()), output)
        status, output, _ = self.daemon.ctl("audit", "--json", "--limit", "2")
        self.assertEqual(json.loads(output), self.rows()[-2:])
        status, output, _ = self.daemon.ctl("audit", "--json", "--account", "nobody")
        self.assertEqual((status, json.loads(output)), (0, []))
        status, output, _ = self.daemon.ctl("audit", "--verify")
        self.assertEqual(status, 0)
        self.assertIn("The audit is whole: ", output)
        status, output, _ = self.daemon.ctl("audit", "--verify", "--json")
        self.assertEqual((status, json.loads(output)), (0, self.verdict()))
        self.assertEqual(self.daemon.ctl("audit", "--verify", "--follow")[0], 2)
        self.assertEqual(self.daemon.ctl("lock")[0], 0)
        self.assertEqual((self.rows()[-1]["what"], self.rows()[-1]["program"]), ("lock", "krakkenctl"))

    def test_follow_goes_on_over_a_restart_until_it_is_interrupted(self):
        self.set_up_vault()
        with subprocess.Popen([KRAKKENCTL, "audit", "--follow", "--json", "--account", "alice"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True,
                              env=self.daemon.environment(KRAKKEND_RUNTIME_DIR=str(self.daemon.runtime_dir))) as follow:
            self.assertEqual(json.loads(follow.stdout.readline())["what"], "account.add")
            self.trade()
            wanted = [row for row in self.rows() if row.get("account") == "alice"][1:]
            self.assertEqual([json.loads(follow.stdout.readline()) for _ in wanted], wanted)
            self.daemon.stop()
            self.daemon.start()
            self.unlock()  # not the account's
            self.trade()
            self.assertIn(json.loads(follow.stdout.readline())["what"], ("AddOrder", "CancelOrder"))
            follow.send_signal(signal.SIGINT)
            self.assertEqual(follow.wait(PATIENCE), -signal.SIGINT)


if __name__ == "__main__":
    support.main()
