"""The five tasks of somebody who sees the pages for the first time, each begun on Today, with the clicks that it takes."""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.support.browser import Browser


@dataclass
class Newcomer:
    """Somebody at a browser who clicks what can be seen, and counts."""

    browser: Browser
    address: str
    clicks: int = 0

    def begin(self, **filters: str) -> None:
        """Open Today, as a bookmark of one's own store does."""
        self.clicks = 0
        self.browser.open(f"{self.address}/?{urlencode(filters)}" if filters else f"{self.address}/")
        self.browser.settle()

    def click(self, words: str, within: str = "body", kind: str = "a, button, summary") -> None:
        """Click the first visible thing whose words begin so, and wait for what comes of it."""
        self.clicks += 1
        chosen = (
            f"[...document.querySelector({json.dumps(within)}).querySelectorAll({json.dumps(kind)})]"
            f".find(e => e.textContent.trim().startsWith({json.dumps(words)}) && e.checkVisibility())"
        )
        self.browser.wait_until(f"{chosen} !== undefined")
        self.browser.value(f"(() => {{ window.left = true; {chosen}.click() }})()")

    def arrive(self, path: str) -> None:
        """Wait until another page is there."""
        self.browser.wait_until(f"window.left === undefined && location.pathname === {json.dumps(path)}", 30)
        self.browser.settle()

    def sees(self, *words: str) -> None:
        """Check that the page says so."""
        for one in words:
            self.browser.wait_until(f"document.querySelector('main').innerText.includes({json.dumps(one)})")


def what_do_i_order(who: Newcomer, store: str) -> int:
    """Clicks until the order of the store is on the screen."""
    who.begin()
    who.click(store, "#day")
    who.arrive("/")
    who.click("Orders", "nav")
    who.arrive("/orders")
    who.sees("Units to order", "Proposed")
    return who.clicks


def why_so_much(who: Newcomer, store: str, item: str) -> int:
    """Clicks until the causes of an item's forecast are on the screen."""
    who.begin(store=store)
    who.click("Products", "nav")
    who.arrive("/products")
    who.click(item, "table")
    who.arrive("/item")
    who.sees("Why ", "The mean of the same weekday would say")
    return who.clicks


def what_changed(who: Newcomer) -> int:
    """Clicks until it is clear what goes otherwise than yesterday and than was expected."""
    who.begin()
    who.sees("Against this morning's forecast", "Against last week", "Surprises", "What changed")
    return who.clicks


def put_up_a_promotion(who: Newcomer, store: str, item: str) -> int:
    """Clicks until a promotion of an item is sent; the form proposes its item and a week from tomorrow on."""
    who.begin(store=store)
    who.click("Products", "nav")
    who.arrive("/products")
    who.click(item, "table")
    who.arrive("/item")
    who.click("Put up a promotion")
    who.arrive("/plans")
    who.click("Announce", "form[data-json][action='/plans']")
    return who.clicks


def where_do_we_lose_money(who: Newcomer) -> int:
    """Clicks until the losses are on the screen, the largest first."""
    who.begin()
    who.click("Products", "nav")
    who.arrive("/products")
    who.sees("Where money is lost")
    return who.clicks
