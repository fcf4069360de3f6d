"""The page in a real browser: Chromium without a screen, against `shelfcast web` on a database of the test's own."""

import html
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record
from consumers.statistics.statistics import StatisticsSink
from streams.contract.codec import encode
from tests.support.shop import a_season, accepted, day_after
from tests.support.stand_ins import BEGINNING, documents_in, free_port, mongo_settings

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
HOSTILE = "<script>document.title='owned'</script>\"'><img src=x onerror=\"document.title='owned'\">"
STORE = "Køln <b>&"
START_SECONDS = 60

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")


def fill(settings):
    """Sixty days of sales and forecasts, through the consumers' own sinks."""
    items = (HOSTILE, "milk", "bread")
    sales = [
        accepted(
            number + 1, event_id=f"e{number}", store=STORE, item=items[number % 3], business_date=day_after(number // 30), currency="EUR"
        )
        for number in range(1800)
    ]
    with documents_in(settings) as documents:
        documents.prepare()
        for sink, messages in (
            (StatisticsSink(documents, ConsumerMetrics(CollectorRegistry())), sales),
            (ForecastsSink(documents, ConsumerMetrics(CollectorRegistry())), a_season((STORE,), items)),
        ):
            sink.start(0, BEGINNING)
            sink.write([Record(0, number, time.time(), encode(message)) for number, message in enumerate(messages)])


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """Address of a running page; its sales are in the database."""
    directory = tmp_path_factory.mktemp("web")
    with mongo_settings(directory) as settings:
        fill(settings)
        yield from served(settings, directory / "web.log")


def served(settings, said):
    port = free_port()
    environment = os.environ | {
        "MONGODB_URI": settings.uri.reveal(),
        "MONGODB_DATABASE": settings.database,
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",  # the page needs none
        "SHELFCAST_API_KEYS": "",
    }
    with said.open("wb") as log:
        child = subprocess.Popen([sys.executable, "-m", "deploy.cli", "web", "--port", str(port)], env=environment, stdout=log, stderr=log)
    address, until = f"http://127.0.0.1:{port}/", time.monotonic() + START_SECONDS
    try:
        while True:
            assert child.poll() is None, said.read_text()
            assert time.monotonic() < until, said.read_text()
            try:
                with urllib.request.urlopen(f"{address}healthz", timeout=2):
                    break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        child.kill()
        child.wait()


def browse(address, tmp_path, *arguments):
    """What Chromium shows after its scripts ran, and what it said."""
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={tmp_path / 'chromium'}", "--window-size=1400,2000", "--timeout=60000", "--virtual-time-budget=9000",
        *arguments, address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return SimpleNamespace(shown=done.stdout, complaints=complaints)


def words_of(shown):
    """The text of a page, without what is in tags."""
    text = re.sub(r"<(script|style).*?</\1>", " ", shown, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_page_shows_sales_forecasts_and_plan_without_a_complaint(web, tmp_path):
    seen = browse(web + "gallery", tmp_path, "--dump-dom")
    assert seen.complaints == []
    text = words_of(seen.shown)
    assert "1,800 sale lines" in text
    assert "4,284 revenue EUR" in text.replace("4.3 k", "4,284")
    assert "What should I stock?" in text
    for horizon in ("Next day", "Next 7 days", "Next 28 days"):
        assert re.search(rf"{horizon} [\d.]+%", text), text
    assert "milk" in text
    assert "levels moved to the new one" in text or "rate of learning" in text, "the drift"
    assert len(re.findall(r"<img [^>]*src=", seen.shown)) >= 6


def test_hostile_names_are_text_and_never_run(web, tmp_path):
    seen = browse(web + "gallery", tmp_path, "--dump-dom")
    assert "<title>shelfcast</title>" in seen.shown, "a name of an item changed the title: it ran"
    assert "<script>document" not in seen.shown
    assert not re.search(r"<img[^>]*onerror", seen.shown)
    assert "<script>document.title" in words_of(seen.shown), "the item is not shown"
    assert seen.complaints == []


def test_a_script_that_is_not_the_pages_own_is_refused(web, tmp_path):
    """The test of the test above: Chromium would complain, and the policy holds."""
    with urllib.request.urlopen(web + "gallery", timeout=20) as answer:
        policy = answer.headers["Content-Security-Policy"]
    page = tmp_path / "injected.html"
    page.write_text(f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}"><script>document.title="owned"</script>')
    seen = browse(page.as_uri(), tmp_path, "--dump-dom")
    assert any("Content Security Policy" in line for line in seen.complaints)
    assert "<title>" not in seen.shown


def test_charts_are_drawn_within_the_page(web, tmp_path):
    picture = tmp_path / "page.png"
    seen = browse(web + "gallery", tmp_path, f"--screenshot={picture}")
    assert seen.complaints == []
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture.read_bytes()) > 60_000, "a page without its charts is smaller"
