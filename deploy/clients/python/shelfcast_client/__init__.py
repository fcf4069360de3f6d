"""A typed client of shelfcast's API. It needs Python 3.11 and nothing else.

>>> from shelfcast_client import Client
>>> client = Client("http://127.0.0.1:8081")
>>> for row in client.forecasts(store="Berlin"):  # doctest: +SKIP
...     print(row["item"], row["close"]["horizons"][0]["mean"])
"""

from .api import Client
from .transport import Event, ProblemError

__all__ = ["Client", "Event", "ProblemError"]
