"""Whether numbers about cashiers are shown at all."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class StaffSettings(FromEnvironment):
    """What may be told of the people who work in the stores."""

    allowed: bool = setting(
        "SHELFCAST_STAFF_REPORTS", "Whether questions and reports tell of cashiers; never of one with fewer than 5 orders.", default=False
    )
