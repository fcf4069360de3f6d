"""Whether a run through faults came out as an undisturbed one."""

from streams.contract.topics import EVENTS
from tests.servers.reading import check_outputs, committed_state, ends, undisturbed


def check_against_undisturbed(kafka, workers, truth) -> int:
    """Outputs, state and counts are right; how many messages stand repeatedly in the topics."""
    repeats, counts = 0, {}
    for partition in range(4):
        heart, outputs = undisturbed(kafka.settings, partition, workers.settings)
        repeats += check_outputs(kafka.settings, partition, outputs)
        assert committed_state(kafka.settings, workers.group, partition) == heart.dump(), f"the state of partition {partition} differs"
        counts = {name: counts.get(name, 0) + heart.counts.get(name, 0) for name in counts.keys() | heart.counts.keys()}
        counts["accepted"] = counts.get("accepted", 0) + heart.seq
    assert sum(ends(kafka.settings, EVENTS)) == truth.events
    assert (counts["accepted"], counts["duplicates"], counts["rejected_conflict"]) == (truth.sales, truth.duplicates, truth.conflicts)
    for what in ("late", "days", "rejected_wrong_partition", "rejected_not_json", "rejected_invalid"):
        assert counts[what] > 0, f"the log has no {what}: it tests nothing"
    return repeats
