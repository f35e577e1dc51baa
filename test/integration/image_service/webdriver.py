# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""A headless Chromium, driven through chromedriver by W3C WebDriver."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

PATIENCE = 60  # [s]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that WebDriver gives to references


def missing_packages():
    programs = {"chromium": "chromium", "chromedriver": "chromium-driver"}
    return [package for program, package in programs.items() if not shutil.which(program)]


class Browser:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="image_service_", ignore_cleanup_errors=True)
        # In a group of its own, so that whatever it starts can be ended with it.
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       start_new_session=True)
        for line in self.driver.stdout:
            if "successfully" in line and "port" in line:
                port = line.strip().rstrip(".").rsplit(" ", 1)[1]
                self.base = "http://127.0.0.1:" + port
                break
        else:
            raise RuntimeError("chromedriver doesn't start")
        options = {"binary": shutil.which("chromium"),
                   "args": ["--headless=new", "--window-size=900,1400", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", "--no-first-run",
                            "--disable-background-networking", "--disable-component-update",
                            f"--user-data-dir={self.profile.name}"]}
        session = self.request("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": PATIENCE * 1000, "pageLoad": PATIENCE * 1000}}}})
        self.session = "/session/" + session["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.request("DELETE", self.session)
        finally:
            os.killpg(self.driver.pid, signal.SIGKILL)
            self.driver.wait()
            self.driver.stdout.close()
            self.profile.cleanup()

    def request(self, method, path, content=None):
        body = json.dumps(content if content is not None else {}).encode()
        request = urllib.request.Request(self.base + path, method=method,
                                         data=body if method == "POST" else None,
                                         headers={"Content-Type": "application/json"})
        # Not through a proxy that the environment may name.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None

    def open(self, url):
        self.request("POST", self.session + "/url", {"url": url})

    def find(self, selector):
        return self.request("POST", self.session + "/element",
                            {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.request("POST", f"{self.session}/element/{self.find(selector)}/click")

    def choose_files(self, selector, paths):
        self.request("POST", f"{self.session}/element/{self.find(selector)}/value",
                     {"text": "\n".join(map(str, paths))})

    def run(self, script, *arguments):
        return self.request("POST", self.session + "/execute/sync",
                            {"script": script, "args": list(arguments)})

    def wait_for(self, selector):
        """Until the page has such an element: told by the page, whenever it changes."""
        self.request("POST", self.session + "/execute/async", {"args": [selector], "script": """
            const [selector, done] = arguments;
            const look = () => document.querySelector(selector) && (watch.disconnect(), done());
            const watch = new MutationObserver(look);
            watch.observe(document, {subtree: true, childList: true, attributes: true});
            look();"""})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def complaints(self):
        """What it has written to its console, apart from statuses of responses."""
        entries = self.request("POST", self.session + "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]

    def screenshot(self):
        return self.request("GET", self.session + "/screenshot")
