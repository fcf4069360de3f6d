"""Chromium without a screen, driven over the pipe of its DevTools protocol: one process for many pages."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Self

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ANSWER_SECONDS = 40


class Browser:
    """A running Chromium with one page. `complaints` has what its console and its network said was wrong."""

    def __init__(self, directory: Path) -> None:
        to_browser, ours = os.pipe()
        mine, from_browser = os.pipe()
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--hide-scrollbars", "--disable-component-update", "--disable-sync", "--disable-extensions", "--remote-debugging-pipe",
            f"--user-data-dir={directory / 'chromium'}", "about:blank",
        ]  # fmt: skip

        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        move = _moved(to_browser, from_browser)
        self._process = subprocess.Popen(command, **quiet, preexec_fn=move, pass_fds=(3, 4))  # noqa: PLW1509 - `move` only moves
        os.close(to_browser)
        os.close(from_browser)
        self._write, self._read = ours, mine
        self._number, self._buffer = 0, b""
        self._events: list[dict] = []
        self.complaints: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def ask(self, method: str, **parameters) -> dict:
        """One command and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session := getattr(self, "_session", None):
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        number, until = self._number, time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._next(until)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def open(self, address: str) -> None:
        """Load a page and wait until it is drawn."""
        self._events.clear()
        self.ask("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def wait_for(self, method: str) -> None:
        """Wait until an event has come."""
        until = time.monotonic() + ANSWER_SECONDS
        while not any(event["method"] == method for event in self._events):
            self._next(until)

    def settle(self) -> None:
        """Wait until the page no longer says that it is being made: such a page loads itself again."""
        whole = "document.readyState === 'complete' && document.querySelector('h1') !== null"
        self.wait_until(f"{whole} && !document.querySelector('[data-loading]')", 30)

    def wait_until(self, expression: str, seconds: float = 10.0) -> float:
        """Seconds until an expression of JavaScript is true."""
        began = time.monotonic()
        while not self.value(expression):
            assert time.monotonic() - began < seconds, expression
            time.sleep(0.03)
        return time.monotonic() - began

    def value(self, expression: str):
        """The value of an expression of JavaScript; a promise is awaited."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """How large the window is, and which theme the system has."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, *, whole: bool = True) -> bytes:
        """The page as PNG."""
        answer = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def _next(self, until: float) -> dict:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            piece = os.read(self._read, 1 << 16)
            assert piece, "Chromium has ended"
            self._buffer += piece
        raw, _, self._buffer = self._buffer.partition(b"\0")
        answer = json.loads(raw)
        if "method" in answer:
            self._events.append(answer)
            self._note(answer["method"], answer["params"])
        return answer

    def _note(self, method: str, told: dict) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(told["args"])[:500])


def _moved(to_browser: int, from_browser: int):
    """Run in the child: the protocol reads descriptor 3 and writes descriptor 4."""

    def move() -> None:
        high_in, high_out = os.dup2(to_browser, 93), os.dup2(from_browser, 94)
        os.dup2(high_in, 3)
        os.dup2(high_out, 4)

    return move
