"""What the page of health does beside showing: letters are mended and sent again, checks run beside the page."""

import threading
import time

from charts.web.pages.checks import Checks
from charts.web.pages.outside import Finding
from tests.unit.charts.pages.shop import STORE, Doors, client_of, filled
from tests.unit.charts.pages.test_pages import page, words


def test_a_letter_is_mended_and_sent_again_or_dismissed():
    doors = Doors()
    with client_of(filled(), doors) as client:
        assert 'name="text"' in page(client, "/health")
        done = client.post("/health/letters", json={"place": "0-1", "text": '{"quantity": 1}', "what": "send"})
        assert done.json() == {"message": "It is sent again."}
        assert doors.mended == [("0-1", '{"quantity": 1}', None)]
        assert "Every event was accepted." in words(page(client, "/health")), "it is gone at once"
        client.post("/health/letters?store=a", json={"place": "0-2", "what": "dismiss"})
        assert doors.dismissed == [("0-2", "a")], "only a letter of the store that the rights were checked for"
        assert client.post("/health/letters", json={"place": "0-1", "what": "burn"}).status_code == 422


def test_a_check_runs_beside_the_page_and_its_result_stays():
    with client_of(filled(), Doors()) as client:
        for name in ("books", "system"):
            assert client.post("/health/checks", json={"name": name}).status_code == 200
        shown = words(page(client, "/health", store=STORE))  # page() waits until nothing is loading
        assert "They balance" in shown
        assert "10 sale lines" in shown
        assert "Kafka does not answer." in shown
        assert client.post("/health/checks", json={"name": "weather"}).status_code == 422


def test_a_check_runs_once_at_a_time():
    go, began = threading.Event(), []

    def work():
        began.append(1)
        go.wait(5)
        return [Finding("books", "good", "")]

    checks = Checks({"books": work}, lambda: 7.0)
    checks.start("books")
    checks.start("books")
    assert [one.runs for one in checks.shown()] == [True]
    go.set()
    until = time.monotonic() + 5
    while checks.shown()[0].runs and time.monotonic() < until:
        time.sleep(0.01)
    assert (len(began), checks.shown()[0].at) == (1, 7.0)
