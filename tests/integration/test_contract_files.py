#!/usr/bin/env python3
"""The contract of files and folders: where they are, whose they must be, and who gets in at the sockets."""

import grp
import json
import os
import stat
import subprocess

import support

CONFIGURATION, STORAGE = 78, 74
PING = b'{"jsonrpc":"2.0","id":1,"result":"pong"}'


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


class Places(support.DaemonTest):
    """Each folder by option, by our variable, by the standard's, and below the home."""

    def setUp(self):
        super().setUp()
        self.daemon.stop()
        self.home = self.folder / "home"
        self.home.mkdir(0o700)

    def start(self, options=(), **variables):
        """Starts it with these options and variables alone."""
        self.daemon.command = lambda *more: [self.daemon.program, *map(str, options), *more]
        self.daemon.variables = {"HOME": str(self.home), **{name: str(value) for name, value in variables.items()}}

    def found(self, config, vault, state, runtime):
        config.mkdir(mode=0o700, parents=True, exist_ok=True)
        (config / "config.toml").write_text(self.daemon.config.read_text())
        self.daemon.client_socket, self.daemon.admin_socket = runtime / "krakkend.sock", runtime / "admin.sock"
        self.daemon.start()
        self.set_up_vault()
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["vault"]["path"], str(vault))
            self.assertEqual(client.result("status")["config"]["path"], str(config / "config.toml"))
            self.assertEqual(client.result("status")["upstream"]["base_url"], self.exchange.base_url, "the configuration was read")
        self.assertTrue(vault.is_file())
        self.assertTrue((state / "state.db").is_file())
        self.daemon.stop()

    def test_below_the_home(self):
        self.start()
        config, state = self.home / ".config/kraken_bot", self.home / ".local/state/kraken_bot"
        self.found(config, config / "secrets.enc", state, state / "run")

    def test_xdg(self):
        a, b, c = (self.folder / name for name in ("a", "b", "c"))
        c.mkdir(0o700)
        self.start(XDG_CONFIG_HOME=a, XDG_STATE_HOME=b, XDG_RUNTIME_DIR=c)
        self.found(a / "kraken_bot", a / "kraken_bot/secrets.enc", b / "kraken_bot", c / "krakkend")

    def test_our_variables_override_the_standard_ones(self):
        a, b, c, x = (self.folder / name for name in ("a", "b", "c", "x"))
        self.start(KRAKKEND_CONFIG_DIR=a, KRAKKEND_STATE_DIR=b, KRAKKEND_RUNTIME_DIR=c,
                   XDG_CONFIG_HOME=x, XDG_STATE_HOME=x, XDG_RUNTIME_DIR=x)
        self.found(a, a / "secrets.enc", b, c)

    def test_options_override_all(self):
        a, b, c, x = (self.folder / name for name in ("a", "b", "c", "x"))
        self.start(("--config-dir", a, "--state-dir", b, "--runtime-dir", c),
                   KRAKKEND_CONFIG_DIR=x, KRAKKEND_STATE_DIR=x, KRAKKEND_RUNTIME_DIR=x)
        self.found(a, a / "secrets.enc", b, c)

    def test_a_service_keeps_its_vault_beside_its_state(self):
        a, b, c = (self.folder / name for name in ("a", "b", "c"))
        self.start(CONFIGURATION_DIRECTORY=a, STATE_DIRECTORY=b, RUNTIME_DIRECTORY=c)
        self.found(a, b / "secrets.enc", b, c)

    def test_with_config_dir_the_vault_is_in_that_folder(self):
        a, b, c = (self.folder / name for name in ("a", "b", "c"))
        self.start(("--config-dir", a), CONFIGURATION_DIRECTORY=self.folder / "x", STATE_DIRECTORY=b, RUNTIME_DIRECTORY=c)
        self.found(a, a / "secrets.enc", b, c)


class CommandLine(support.DaemonTest):
    """krakkenctl finds the same sockets."""

    def ctl(self, *arguments, **variables):
        environment = {**self.daemon.environment(), **{name: str(value) for name, value in variables.items()}}
        done = subprocess.run([support.KRAKKENCTL, *map(str, arguments)], capture_output=True, text=True, env=environment,
                                      timeout=support.PATIENCE)
        return done.returncode

    def test_where_it_looks(self):
        run, nowhere = self.daemon.runtime_dir, self.folder / "nowhere"
        self.assertEqual(self.ctl("--socket", self.daemon.client_socket, "status", KRAKKEND_SOCKET=nowhere), 0)
        self.assertEqual(self.ctl("status", KRAKKEND_SOCKET=self.daemon.client_socket, KRAKKEND_RUNTIME_DIR=nowhere), 0)
        self.assertEqual(self.ctl("--runtime-dir", run, "status", KRAKKEND_RUNTIME_DIR=nowhere), 0)
        self.assertEqual(self.ctl("status", KRAKKEND_RUNTIME_DIR=run, XDG_RUNTIME_DIR=nowhere), 0)
        self.assertEqual(self.ctl("status", KRAKKEND_RUNTIME_DIR=nowhere), 3)
        (self.folder / "xdg").mkdir()
        (self.folder / "xdg/krakkend").symlink_to(run)
        self.assertEqual(self.ctl("status", XDG_RUNTIME_DIR=self.folder / "xdg"), 0)

    def in_a_world_of_its_own(self, *command):
        """The command where /run/krakkend is this daemon's folder and nothing else is in /run."""
        script = 'mount -t tmpfs none /run && mkdir /run/krakkend && mount --bind "$0" /run/krakkend && exec "$@"'
        return subprocess.run(["unshare", "--mount", "sh", "-c", script, self.daemon.runtime_dir, *command], capture_output=True, text=True,
                              timeout=support.PATIENCE, env={**self.daemon.environment(), "HOME": str(self.folder)})

    @support.AS_ROOT
    def test_the_users_socket_and_then_the_services(self):
        if self.in_a_world_of_its_own("true").returncode != 0:
            self.skipTest("this machine lets nobody have mounts of their own")

        def pid():
            done = self.in_a_world_of_its_own(support.KRAKKENCTL, "status", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)["pid"]
        self.assertEqual(pid(), self.daemon.process.pid, "only the service is there")
        user = self.make_daemon("user")
        user.runtime_dir = self.folder / ".local/state/kraken_bot/run"
        user.client_socket, user.admin_socket = user.runtime_dir / "krakkend.sock", user.runtime_dir / "admin.sock"
        user.runtime_dir.parent.mkdir(mode=0o700, parents=True)
        user.start()
        self.assertEqual(pid(), user.process.pid, "the user's own goes first")

    @support.AS_ROOT
    def test_it_trusts_its_own_uid_root_and_the_owner_of_the_folder(self):
        """Root asks: a daemon of another user is trusted where the folder is that user's."""
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        self.daemon.start()
        self.assertEqual(self.ctl("status", KRAKKEND_RUNTIME_DIR=self.daemon.runtime_dir), 0)
        os.chown(self.daemon.runtime_dir, support.STRANGER, -1)
        self.assertEqual(self.ctl("status", KRAKKEND_RUNTIME_DIR=self.daemon.runtime_dir), 3)
        os.chown(self.daemon.runtime_dir, 0, -1)
        self.assertEqual(self.ctl("status", KRAKKEND_RUNTIME_DIR=self.daemon.runtime_dir), 3)
        os.chown(self.daemon.runtime_dir, support.SOMEBODY, -1)
        self.assertEqual(self.ctl("status", KRAKKEND_RUNTIME_DIR=self.daemon.runtime_dir), 0)


class Strict(support.DaemonTest):
    """State and vault: modes, owners, links, fifos. Each refusal names the path and the remedy."""

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.daemon.stop()
        self.vault, self.database = self.daemon.config_dir / "secrets.enc", self.daemon.state_dir / "state.db"
        self.away = self.folder / "away"

    def refused_start(self, path, remedy):
        status, _, error = self.daemon.run()
        self.assertEqual(status, STORAGE, error)
        self.assertIn(str(path), error)
        self.assertIn(remedy, error)
        self.assertIn("Remedy: ", error)

    def refused_unlock(self, reason, remedy, path=None):
        with self.daemon.admin() as admin:
            error = self.assert_error(admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32007, reason=reason, executed="no")
            self.assertIn(str(path or self.vault), error["message"] + error["data"]["remedy"])
            self.assertIn(remedy, error["data"]["remedy"])

    def replaced(self, path):
        """With a link, a fifo, a hard link and a folder in its place; then it is put back."""
        path.rename(self.away)
        for make, undo in ((lambda: path.symlink_to(self.away), path.unlink), (lambda: os.mkfifo(path, 0o600), path.unlink),
                           (lambda: os.link(self.away, path), path.unlink), (lambda: path.mkdir(0o700), path.rmdir)):
            make()
            yield
            undo()
        self.away.rename(path)

    def test_what_it_makes_is_strict(self):
        for folder in (self.daemon.state_dir, self.daemon.config_dir):
            self.assertEqual(mode(folder), 0o700)
        for path in (self.vault, *self.daemon.state_dir.rglob("*")):
            if path.is_file():
                self.assertEqual(mode(path), 0o600, path)

    def test_modes_of_the_state_folder(self):
        for bits in (0o755, 0o770, 0o701, 0o500):
            self.daemon.state_dir.chmod(bits)
            self.refused_start(self.daemon.state_dir, "chmod 0700")
        self.daemon.state_dir.chmod(0o700)

    def test_modes_of_state_files(self):
        for path in (self.database, self.daemon.state_dir / "krakkend.lock"):
            for bits in (0o640, 0o604, 0o660):
                path.chmod(bits)
                self.refused_start(path, "chmod 0600")
            path.chmod(0o600)

    def test_links_and_fifos_for_state(self):
        for _ in self.replaced(self.database):
            self.refused_start(self.database, "")
        self.daemon.state_dir.rename(self.away)
        self.daemon.state_dir.symlink_to(self.away)
        self.refused_start(self.daemon.state_dir, "")
        self.daemon.state_dir.unlink()
        self.away.rename(self.daemon.state_dir)
        self.daemon.start()

    @support.AS_ROOT
    def test_owners_of_state(self):
        for path in (self.daemon.state_dir, self.database):
            os.chown(path, support.STRANGER, -1)
            self.refused_start(path, "chown")
            os.chown(path, 0, -1)
        self.daemon.start()

    def test_modes_of_the_vault(self):
        self.daemon.start()
        for bits in (0o640, 0o604, 0o400):
            self.vault.chmod(bits)
            self.refused_unlock("mode", "chmod 0600")
        self.vault.chmod(0o600)
        self.daemon.config_dir.chmod(0o755)
        self.refused_unlock("mode", "chmod 0700", self.daemon.config_dir)
        self.daemon.config_dir.chmod(0o700)
        self.unlock()

    def test_links_and_fifos_for_the_vault(self):
        self.daemon.start()
        for _ in self.replaced(self.vault):
            self.refused_unlock("unreadable", "")
        self.unlock()

    @support.AS_ROOT
    def test_owners_of_the_vault(self):
        self.daemon.start()
        os.chown(self.vault, support.STRANGER, -1)
        self.refused_unlock("owner", "chown")
        os.chown(self.vault, 0, -1)
        self.unlock()

    @support.AS_ROOT
    def test_roots_files_are_foreign_to_a_daemon_of_another_user(self):
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        os.chown(self.database, 0, 0)
        self.refused_start(self.database, "")
        os.chown(self.database, support.SOMEBODY, support.SOMEBODY)
        os.chown(self.vault, 0, 0)
        self.daemon.start()
        with self.daemon.admin() as admin:
            self.assertEqual(admin.error("unlock", {"passphrase": support.PASSPHRASE})["code"], -32007)


class Runtime(support.DaemonTest):
    def test_modes(self):
        self.assertEqual(mode(self.daemon.runtime_dir), 0o700)
        for path in (self.daemon.client_socket, self.daemon.admin_socket):
            self.assertTrue(stat.S_ISSOCK(path.lstat().st_mode))
            self.assertEqual(mode(path), 0o600)

    def refused(self, remedy):
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION, error)
        self.assertIn(str(self.daemon.runtime_dir), error)
        self.assertIn(remedy, error)

    def test_a_folder_that_others_may_write(self):
        self.daemon.stop()
        for bits in (0o777, 0o770, 0o702):
            self.daemon.runtime_dir.chmod(bits)
            self.refused("chmod")

    @support.AS_ROOT
    def test_a_folder_of_somebody_else(self):
        self.daemon.stop()
        os.chown(self.daemon.runtime_dir, support.STRANGER, support.STRANGER)
        self.refused("belongs to another user; remove it")


class Peers(support.DaemonTest):
    """Who is admitted, asked of the kernel: the modes of the sockets are opened first."""

    def open_doors(self):
        for folder in (self.folder, self.daemon.folder, self.daemon.runtime_dir):
            folder.chmod(0o755)
        for path in (self.daemon.client_socket, self.daemon.admin_socket):
            path.chmod(0o777)

    def admitted(self, uid, client, admin, groups=()):
        for path, expected in ((self.daemon.client_socket, client), (self.daemon.admin_socket, admin)):
            self.assertEqual(support.ask_as(uid, path, groups=groups), PING if expected else b"", (uid, path.name))

    @support.AS_ROOT
    def test_a_daemon_of_root(self):
        self.open_doors()
        self.admitted(0, True, True)
        self.admitted(support.SOMEBODY, False, False)
        self.admitted(support.NOBODY, False, False)
        self.daemon.runtime_dir.chmod(0o700)

    @support.AS_ROOT
    def test_a_daemon_of_its_own_user(self):
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        self.daemon.start()
        self.open_doors()
        self.admitted(support.SOMEBODY, True, True)
        self.admitted(0, True, True)
        self.admitted(support.STRANGER, False, False)
        self.admitted(support.NOBODY, False, False)
        self.daemon.runtime_dir.chmod(0o700)

    @support.AS_ROOT
    def test_nobody_is_refused_even_by_itself(self):
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.NOBODY)
        with open(self.daemon.log_file, "wb") as log:
            self.daemon.process = subprocess.Popen(self.daemon.command(), stdout=log, stderr=log, cwd="/",
                                                           env=self.daemon.environment(), **self.daemon.user)
        support.wait_for(lambda: self.daemon.process.poll() is not None or "event=ready" in self.daemon.log())
        self.assertIsNone(self.daemon.process.poll(), self.daemon.log())
        self.admitted(support.NOBODY, False, False)


class ClientGroup(support.DaemonTest):
    GROUP = "games"

    def setUp(self):
        super().setUp()
        self.gid = grp.getgrnam(self.GROUP).gr_gid

    def restart(self, uid=None):
        self.daemon.stop()
        self.daemon.config.write_text(f'[socket]\nclient_group = "{self.GROUP}"\n' + self.daemon.config.read_text())
        if uid is not None:
            self.exchange.let_read()
            self.daemon.give_to(uid, [self.gid])
            os.rmdir(self.daemon.runtime_dir)
        else:
            self.folder.chmod(0o711)
            self.daemon.folder.chmod(0o711)
            os.rmdir(self.daemon.runtime_dir)
        self.daemon.start()

    def check(self):
        self.assertEqual(mode(self.daemon.runtime_dir), 0o750)
        self.assertEqual(self.daemon.runtime_dir.stat().st_gid, self.gid)
        self.assertEqual((mode(self.daemon.client_socket), self.daemon.client_socket.stat().st_gid), (0o660, self.gid))
        self.assertEqual(mode(self.daemon.admin_socket), 0o600)
        # As the kernel lets them: a member reaches the client socket, nobody else anything.
        self.assertEqual(support.ask_as(support.STRANGER, self.daemon.client_socket, groups=[self.gid]), PING)
        self.assertIsNone(support.ask_as(support.STRANGER, self.daemon.admin_socket, groups=[self.gid]))
        self.assertIsNone(support.ask_as(support.STRANGER, self.daemon.client_socket))
        # As the daemon lets them, with the modes opened.
        self.daemon.runtime_dir.chmod(0o755)
        for path in (self.daemon.client_socket, self.daemon.admin_socket):
            path.chmod(0o777)
        self.assertEqual(support.ask_as(support.STRANGER, self.daemon.admin_socket, groups=[self.gid]), b"")
        self.assertEqual(support.ask_as(support.STRANGER, self.daemon.client_socket), b"")
        self.assertEqual(support.ask_as(support.NOBODY, self.daemon.client_socket, groups=[self.gid]), b"", "never uid 65534")
        self.daemon.runtime_dir.chmod(0o750)

    @support.AS_ROOT
    def test_of_a_daemon_of_root(self):
        self.restart()
        self.check()

    @support.AS_ROOT
    def test_of_a_daemon_of_its_own_user(self):
        self.restart(support.SOMEBODY)
        self.check()

    @support.AS_ROOT
    def test_members_handle_no_secrets(self):
        self.restart()
        for method in ("unlock", "vault.create", "account.add", "lock", "shutdown"):
            answer = json.loads(support.ask_as(support.STRANGER, self.daemon.client_socket, groups=[self.gid],
                                                       request='{"jsonrpc":"2.0","id":1,"method":"%s"}' % method))
            self.assert_error(answer, -32601, executed="no")


if __name__ == "__main__":
    support.main()
