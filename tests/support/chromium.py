"""Drives a Chromium without a screen over its DevTools protocol: opens pages, fills forms, with or without scripts."""

import asyncio
import base64
import shutil
import subprocess
import time

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
START_SECONDS = 60


class Browser:
    """One page. `do` evaluates in it; scripts of the page itself can be switched off."""

    def __init__(self, folder):
        self._folder = folder
        self._number = 0

    async def __aenter__(self):
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0",
            f"--user-data-dir={self._folder}", "--window-size=900,1500", "about:blank",
        ]  # fmt: skip
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - it starts at once
        port = await self._port()
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [page for page in await answer.json() if page["type"] == "page"]
        self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        await self.call("Page.enable")
        return self

    async def __aexit__(self, *_):
        await self._socket.close()
        await self._session.close()
        self._child.kill()
        self._child.wait()

    async def _port(self):
        file, until = self._folder / "DevToolsActivePort", time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if file.exists() and file.read_text().strip():
                return int(file.read_text().split()[0])
            await asyncio.sleep(0.1)
        raise AssertionError("Chromium did not start")

    async def call(self, method, event=None, **parameters):
        """The result of a command; with `event`, waits until that has happened too."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        result, happened = None, event is None
        while result is None or not happened:
            message = await asyncio.wait_for(self._socket.receive_json(), START_SECONDS)
            if message.get("id") == self._number:
                assert "error" not in message, message
                result = message["result"]
            happened |= message.get("method") == event
        return result

    async def open(self, address):
        await self.call("Page.navigate", "Page.loadEventFired", url=address)

    async def do(self, expression, event=None):
        """The value of an expression, evaluated by the debugger even where the page's scripts are off."""
        found = await self.call("Runtime.evaluate", event, expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def picture(self, file):
        found = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(found["data"]))
