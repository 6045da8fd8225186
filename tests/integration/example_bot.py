"""What the example bot of every client library must do, in whatever language."""

import subprocess

import support


class ExampleBot:
    """For a DaemonTest that says where the library lies, how its example is started, how a script is run, and what is said of an
    order that was not placed."""

    FOLDER, START, RUN, NOT_PLACED = None, (), (), ""
    # It looks for longer than the bot waits and than an order is hidden below.
    CONFIG = "[placement]\ndeadline_s = 4\nsettle_s = 6\n"

    def setUp(self):
        super().setUp()
        self.set_up_vault()

    def environment(self):
        return self.daemon.environment(KRAKKEND_RUNTIME_DIR=str(self.daemon.runtime_dir))

    def start(self):
        return subprocess.Popen(self.START, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.FOLDER,
                                env=self.environment())

    def assert_placed_once(self, bot):
        out, error = bot.communicate(timeout=2 * support.PATIENCE)
        self.assertEqual((bot.returncode, out, error), (0, "placed buy 0.01000000 XBTUSD @ limit 10000.0\ncancelled 1\n", ""))
        self.assertEqual(len(self.orders()), 1)
        self.assertEqual(len(self.exchange.journal("AddOrder")), 1)

    def test_the_readme_s(self):
        code, expected = (block for block in (self.FOLDER / "README.md").read_text().split("```")[1:4:2])
        done = subprocess.run([*self.RUN, code.split("\n", 1)[1]], capture_output=True, text=True, cwd=self.FOLDER, timeout=support.PATIENCE,
                              env=self.environment())
        self.assertEqual((done.stdout, done.stderr), (expected.lstrip("\n"), ""))

    def test_undisturbed(self):
        self.assert_placed_once(self.start())

    def test_the_answer_is_lost(self):
        self.exchange.switch(order_shown_after_ms=5500)  # the bot waits for 5 s
        self.exchange.fault("drop_after", endpoint="AddOrder")
        self.assert_placed_once(self.start())
        self.assert_logged("endpoint=AddOrder .*outcome=outcome_unknown")

    def test_the_daemon_dies_before_it_answers(self):
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=20000)
        bot = self.start()
        support.wait_for(lambda: self.exchange.journal("AddOrder"))
        self.daemon.kill()
        self.daemon.start()
        self.unlock()
        self.assert_placed_once(bot)

    def test_not_placed(self):
        self.exchange.fault("drop_before", endpoint="AddOrder")
        bot = self.start()
        out, error = bot.communicate(timeout=2 * support.PATIENCE)
        self.assertEqual((bot.returncode, out, error), (1, "", self.NOT_PLACED))
        self.assertEqual(self.account_orders(), 0)

    def test_refused(self):
        with self.daemon.admin() as admin:
            admin.result("lock")
        bot = self.start()
        with self.daemon.client() as client:
            support.wait_for(lambda: client.result("status")["clients"] > 1)
        self.exchange.fault("error", text="EOrder:Insufficient funds", endpoint="AddOrder")
        self.unlock()
        out, error = bot.communicate(timeout=2 * support.PATIENCE)
        self.assertEqual((bot.returncode, out), (1, ""))
        self.assertTrue(error.startswith("Funds: insufficient funds"), error)
