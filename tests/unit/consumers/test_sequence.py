from consumers.runtime.sequence import admit
from tests.support.shop import accepted


def seqs(*numbers, after=0):
    return admit([accepted(n) for n in numbers], after)


def taken(admitted):
    return [sale.seq for sale in admitted.sales]


def test_repeats_are_dropped():
    admitted = seqs(1, 2, 1, 2, 3, after=0)
    assert taken(admitted) == [1, 2, 3]
    assert (admitted.repeated, admitted.ahead, admitted.seq) == (2, 0, 3)


def test_sales_ahead_of_their_turn_wait_for_the_successor_to_write_them_again():
    admitted = seqs(1, 2, 5, 6, 3, 4, 5, 6)
    assert taken(admitted) == [1, 2, 3, 4, 5, 6]
    assert (admitted.ahead, admitted.waiting_at_end) == (2, False)


def test_a_gap_at_the_end_is_a_gap():
    admitted = seqs(11, 13, 14, after=10)
    assert taken(admitted) == [11]
    assert admitted.waiting_at_end
