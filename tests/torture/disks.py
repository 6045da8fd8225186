"""Small file systems of their own for the daemon's state, mounted from an image file or in memory."""

import os
import pathlib
import subprocess
import sys
import unittest

import scene
import support


def run(*command, allowed=(0,)):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode in allowed, (command, done.stdout, done.stderr)
    return done.stdout


class Disk:
    """A mounted file system. Nothing of it stays, whatever happens: the test's clean-up unmounts it."""

    def __init__(self, test, name):
        self.image = test.folder / f"{name}.img"
        self.place = test.folder / name
        self.place.mkdir()
        self.mounted = False
        test.addCleanup(self.unmount)

    def make(self, megabytes=32):
        with open(self.image, "wb") as image:
            image.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)

    def mount(self):
        """Nothing reaches the image on its own for as long as a test lasts: only what is synced does."""
        run("mount", "-o", "loop,noatime,commit=300,errors=remount-ro", self.image, self.place)
        self.mounted = True
        self.place.chmod(0o700)

    def mount_in_memory(self, kilobytes):
        run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=0700", "tmpfs", self.place)
        self.mounted = True

    def unmount(self):
        if self.mounted:
            run("umount", self.place)
            self.mounted = False

    def break_it(self):
        """The kernel finds an error in the file system, and makes it read-only."""
        device = pathlib.Path(run("findmnt", "-n", "-o", "SOURCE", self.place).strip()).name
        pathlib.Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")
        support.wait_for(lambda: {"ro", "emergency_ro"} & set(run("findmnt", "-n", "-o", "OPTIONS", self.place).strip().split(",")))


def need_mounts(test):
    """Skips the test where file systems cannot be mounted, and says so."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can mount file systems")
    probe = Disk(test, "probe")
    try:
        probe.make(4)
        probe.mount()
    except (AssertionError, FileNotFoundError) as refused:
        raise unittest.SkipTest(f"this machine mounts no images: {refused}") from refused
    probe.unmount()


def main():
    """Runs the tests where their mounts are nobody else's: they go with the last process, even if that is killed."""
    if "TEST_OWN_MOUNTS" not in os.environ and subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ["TEST_OWN_MOUNTS"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B", *sys.argv])
    scene.main()
