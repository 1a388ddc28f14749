import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from suite.server_process import KEEPER, ServerFailed, ServerProcess

# Leaves a daemon behind that has a session of its own and ignores being asked to end, and then waits for ever.
SERVER = "setsid sh -c 'trap \"\" TERM; echo $$ > daemon; while :; do sleep 60; done' & while [ ! -s daemon ]; do sleep 0.01; done; echo up; wait"


def exists(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class Keeping(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.log = self.directory / "log"
        self.command = ["sh", "-c", f"cd '{self.directory}'; {SERVER}"]

    def start(self):
        server = ServerProcess(self.command, {}, self.log)
        self.addCleanup(server.stop)
        server.await_ready(lambda: "up" in self.log.read_text(encoding="utf-8"))
        return server

    def daemon(self):
        return int((self.directory / "daemon").read_text(encoding="ascii"))

    def test_a_daemon_that_it_leaves_behind_is_part_of_it(self):
        server = self.start()
        self.assertIn(self.daemon(), server.pids())

    def test_stopping_ends_all_of_it(self):
        server = self.start()
        pids = server.pids()
        server.stop()
        self.assertEqual([pid for pid in pids if exists(pid)], [])

    def test_killing_ends_all_of_it(self):
        server = self.start()
        pids = server.pids()
        server.kill()
        self.assertEqual([pid for pid in pids if exists(pid)], [])

    def test_it_ends_with_whoever_started_it_however_that_ends(self):
        read_end, write_end = os.pipe()
        keeper = subprocess.Popen([sys.executable, "-S", str(KEEPER), "20", *self.command], stdin=read_end, stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL)
        os.close(read_end)
        server = int(keeper.stdout.readline().split()[0])
        os.close(write_end)
        keeper.communicate()
        self.assertFalse(exists(server))

    def test_a_signal_to_the_keeper_does_not_orphan_the_server(self):
        server = self.start()
        os.kill(server.tree_root, signal.SIGTERM)
        self.assertTrue(server.pids())

    def test_what_a_server_started_ends_with_it(self):
        server = self.start()
        daemon = self.daemon()
        os.kill(server.pid, signal.SIGKILL)
        server.await_end()
        self.assertFalse(exists(daemon))
        self.assertFalse(server.is_running())

    def test_a_server_that_ends_says_why(self):
        server = ServerProcess(["sh", "-c", "echo no room; exit 1"], {}, self.log)
        self.addCleanup(server.stop)
        with self.assertRaisesRegex(ServerFailed, "no room"):
            server.await_ready(lambda: False)


if __name__ == "__main__":
    unittest.main()
