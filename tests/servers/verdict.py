"""Whether a run through faults came out as an undisturbed one."""

from streams.contract.topics import EVENTS
from tests.servers.reading import check_outputs, committed_state, ends, undisturbed

EVERYTHING = ("late", "days", "rejected_wrong_partition", "rejected_not_json", "rejected_invalid")


def check_against_undisturbed(kafka, workers, truth, must_hold=EVERYTHING) -> int:
    """Outputs, state and counts are right; how many messages stand repeatedly in the topics."""
    repeats, counts = 0, {}
    for partition in range(4):
        heart, outputs = undisturbed(kafka.settings, partition, workers.settings)
        repeats += check_outputs(kafka.settings, partition, outputs)
        assert committed_state(kafka.settings, workers.group, partition) == heart.dump(), f"the state of partition {partition} differs"
        counts = {name: counts.get(name, 0) + heart.counts.get(name, 0) for name in counts.keys() | heart.counts.keys()}
        counts["accepted"] = counts.get("accepted", 0) + heart.seq
    stored = sum(ends(kafka.settings, EVENTS))
    assert stored == truth.events, f"{stored} events are in the log, {truth.events} were sent"
    found = counts["accepted"], counts["duplicates"], counts["rejected_conflict"]
    wanted = truth.sales, truth.duplicates, truth.conflicts
    assert found == wanted, f"accepted, duplicates, conflicts: {found}, sent were {wanted}"
    for what in must_hold:
        assert counts.get(what, 0) > 0, f"the log has no {what}: it tests nothing"
    return repeats
