"""Settings of the form's server."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting
from streams.http.address import Address


@dataclass(frozen=True, slots=True)
class ThirdMonthSettings(FromEnvironment):
    """Where the form listens: always on loopback, as it has no keys."""

    port: int = setting("SHELFCAST_THIRD_MONTH_PORT", "Port of the third month's form; 0 takes a free one.", 8083, low=0, high=65_535)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", self.port, "The form of the third month", "SHELFCAST_THIRD_MONTH_PORT")
