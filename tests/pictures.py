"""The pictures of the pages in the documents: `python -m tests.pictures ADDRESS` looks at a running page with Chromium.

ADDRESS: of `shelfcast web`, as http://127.0.0.1:8081; the store that sells most stands for the others.
"""

import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from tests.support.browser import CHROMIUM, Browser

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SHOTS = (
    ("page", "/", 1280, 820, False),
    ("products", "/products", 1280, 820, False),
    ("item", "/item", 1280, 900, False),
    ("phone", "/", 390, 820, True),
)
"""Name of the file, page, width and height, dark."""


def main() -> None:
    """Write the pictures."""
    if len(sys.argv) != 2 or CHROMIUM is None:
        sys.exit("python -m tests.pictures http://127.0.0.1:8081; Chromium must be on the PATH.")
    address = sys.argv[1].rstrip("/")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, Browser(Path(directory)) as browser:
        browser.open(f"{address}/products")
        browser.settle()
        largest = browser.value("document.querySelector('tbody th a').getAttribute('href')")
        store = browser.value(f"new URL({largest!r}, location.href).searchParams.get('store')")
        for name, path, width, height, dark in SHOTS:
            browser.size(width, height, dark=dark)
            query = urlencode({"store": store}) if path == "/products" else ""
            browser.open(address + (largest if path == "/item" else f"{path}?{query}"))
            browser.settle()
            browser.wait_until("performance.now() > 800")  # until the lamp says that the page is live
            (FOLDER / f"{name}.png").write_bytes(browser.picture(whole=False))
            sys.stdout.write(f"{FOLDER / name}.png\n")


if __name__ == "__main__":
    main()
