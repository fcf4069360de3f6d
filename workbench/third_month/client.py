"""A client in Python: asks a running `shelfcast third-month serve`. It needs nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


def third_month(
    url: str,
    rate: float,
    sales_in_first_month: float,
    sales_in_second_month: float,
    sales_in_third_month: float | None = None,
    *,
    id: str = "",  # noqa: A002 - as the field is called
    timeout: float = 10.0,
) -> dict[str, Any]:
    """The answer of `POST /third-month`. With the third month's true sales the model learns from them; a repeated `id` counts once.

    Raises ValueError with the server's sentence if something is wrong with the question.

    Examples
    --------
    >>> third_month("http://127.0.0.1:8083", 5, 200, 250)  # doctest: +SKIP
    {'sales_in_third_month': 389.4, 'intervals': [{'level': 0.8, 'low': 0.0, 'high': 1061.1}, ...

    """
    body: dict[str, Any] = {
        "rate": rate,
        "sales_in_first_month": sales_in_first_month,
        "sales_in_second_month": sales_in_second_month,
        "id": id,
    }
    if sales_in_third_month is not None:
        body["sales_in_third_month"] = sales_in_third_month
    request = urllib.request.Request(  # noqa: S310 - the caller's own address
        url.rstrip("/") + "/third-month", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise ValueError(json.load(error)["error"]) from None
