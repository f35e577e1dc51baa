#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""The page of image_service in a browser. Arguments: the program, then those of unittest."""

import base64
import os
import pathlib
import sys
import tempfile
import unittest

from service_client import CRASHER, HANGER, NO_IMAGE, TIME_SCALE, Server, png, shows_function
from webdriver import Browser, missing_packages

SKIPPED = 77
PROGRAM = ""


def card(name, state=None):
    return f'li[data-name="{name}"]' + (f'[data-state="{state}"]' if state else "")


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, "--timeout-ms", 1000 * TIME_SCALE)
        cls.addClassCleanup(cls.server.__exit__)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)

    def setUp(self):
        self.browser.open(self.server.url)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def upload(self, *files):
        self.browser.choose_files("#files", files)

    def drop(self, name, content):
        """As a file manager does: the page gets the events, and the file with the last one."""
        self.browser.run("""
            const [name, content] = arguments;
            const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], name));
            for (const type of ["dragenter", "dragover", "drop"])
              document.getElementById("drop").dispatchEvent(
                new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
            """, name, base64.b64encode(content).decode())

    def shown_size(self, name):
        return self.browser.run(
            "const i = document.querySelector(arguments[0]);"
            "return [i.naturalWidth, i.naturalHeight, i.getBoundingClientRect().width > 0]",
            card(name, "done") + " img")

    def test_shows_thumbnails_of_chosen_files(self):
        self.upload(self.file("a.png", png(400, 300)), self.file("b.png", png(30, 20)))
        self.browser.wait_for(card("a.png", "done"))
        self.browser.wait_for(card("b.png", "done"))
        self.assertEqual(self.shown_size("a.png"), [192, 144, True])
        self.assertEqual(self.shown_size("b.png"), [30, 20, True])

    def test_goes_on_after_a_crash(self):
        self.upload(self.file("first.png", png(400, 300)))
        self.browser.wait_for(card("first.png", "done"))
        self.upload(self.file("crasher.png", CRASHER))
        self.browser.wait_for(card("crasher.png", "failed"))
        self.assertIn("SIGSEGV", self.browser.text(card("crasher.png") + " .what"))
        report = self.browser.text(card("crasher.png") + " .report")
        self.assertIn("culprit: yes", report)
        self.assertTrue(shows_function(report, "null_dereference"), report)
        self.upload(self.file("next.png", png(400, 300, 1)))
        self.browser.wait_for(card("next.png", "done"))
        self.assertEqual(self.shown_size("next.png"), [192, 144, True])
        # What was there has stayed.
        self.assertEqual(self.shown_size("first.png"), [192, 144, True])

    def test_takes_what_is_dropped(self):
        self.drop("dropped.png", png(400, 300))
        self.browser.wait_for(card("dropped.png", "done"))
        self.drop("hanger.png", HANGER)
        self.browser.wait_for(card("hanger.png", "failed"))
        self.assertIn("deadline", self.browser.text(card("hanger.png") + " .report"))
        self.drop("text.txt", NO_IMAGE)
        self.browser.wait_for(card("text.txt", "failed"))
        self.assertIn("unknown image type", self.browser.text(card("text.txt") + " .what"))

    def test_shows_names_as_text(self):
        name = "<img src=x onerror=document.title='broken'>.png"
        self.drop(name, CRASHER)
        self.browser.wait_for('li[data-state="failed"]')
        self.assertEqual(self.browser.text("li .name"), name)
        self.assertEqual(self.browser.run("return document.title"), "Thumbnails")

    def test_has_samples(self):
        for which in ("good", "broken", "null_dereference", "endless_loop"):
            self.browser.click(f'button[data-sample="{which}"]')
        self.browser.wait_for(card("good.png", "done"))
        for which in ("broken", "null_dereference", "endless_loop"):
            self.browser.wait_for(card(which, "failed"))
        if "PAGE_SCREENSHOT" in os.environ:  # to look at it
            pathlib.Path(os.environ["PAGE_SCREENSHOT"]).write_bytes(
                base64.b64decode(self.browser.screenshot()))

    def test_says_so_when_the_server_has_gone(self):
        with Server(PROGRAM) as server:
            self.browser.open(server.url)
            server.terminate()
            server.wait_for_end()
            self.drop("late.png", png(9, 9))
            self.browser.wait_for(card("late.png", "failed"))


if __name__ == "__main__":
    if missing := missing_packages():
        print("needs the packages " + " ".join(missing))
        sys.exit(SKIPPED)
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
