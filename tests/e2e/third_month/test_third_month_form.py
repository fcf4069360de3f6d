"""`shelfcast third-month serve` in a real browser whose scripts are switched off."""

import asyncio
import os
import re
import subprocess
import sys
import time

import pytest

from tests.support.chromium import CHROMIUM, Browser
from tests.unit.third_month.test_third_month import SIX
from workbench.third_month.client import third_month

START_SECONDS = 60

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")


@pytest.fixture
def address(tmp_path):
    (tmp_path / "six.csv").write_text(SIX)
    log = tmp_path / "serve.log"
    command = [sys.executable, "-m", "deploy.cli", "third-month", "serve", str(tmp_path / "six.csv"), "--port", "0"]
    with log.open("w") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        until = time.monotonic() + START_SECONDS
        while not (found := re.search(r"listens on (http://\S+)", log.read_text())):
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.1)
        yield found[1]
    finally:
        child.terminate()
        assert child.wait(20) == 0, log.read_text()


async def filled(browser, **values):
    """Type into the fields and press the button."""
    for name, value in values.items():
        await browser.do(f"document.getElementById({name!r}).value = {value!r}")
    await browser.do("document.querySelector('button').click()", "Page.loadEventFired")
    return await browser.do("document.body.innerText")


async def story(address, folder):
    async with Browser(folder / "chromium") as browser:
        await browser.call("Emulation.setScriptExecutionDisabled", value=True)
        await browser.open(address)
        wrong = await filled(browser, rate="two", sales_in_first_month="500", sales_in_second_month="-1")
        assert "'two' is a word" in wrong
        assert "cannot be negative" in wrong
        assert await browser.do("document.getElementById('sales_in_first_month').value") == "500"
        right = await filled(browser, rate="6", sales_in_second_month="300")
        assert "80 % interval" in right
        learned = await filled(browser, sales_in_third_month="450")
        assert "Learned." in learned
        assert "Third months known so far: 1," in learned
        await browser.picture(folder / "form.png")


def test_the_form_forecasts_learns_and_complains_without_a_script(address, tmp_path):
    asyncio.run(story(address, tmp_path))
    assert third_month(address, 6, 500, 300)["record"]["n"] == 1
    with pytest.raises(ValueError, match="is a word"):
        third_month(address, "six", 500, 300)
