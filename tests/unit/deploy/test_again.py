"""A failure is run again only for a listed reason, and never in a second run."""

from tests.again import judge


def test_what_no_reason_excuses_fails_the_run():
    assert "no reason" in judge(["a::b"], {}, [])[0]


def test_an_excused_failure_may_run_again_once():
    assert judge(["a::b"], {"a::b": "a time limit in a crowd"}, []) == []
    assert "an earlier run" in judge(["a::b"], {"a::b": "a time limit in a crowd"}, ["a::b"])[0]


def test_one_failure_that_is_not_excused_is_enough():
    assert len(judge(["a::b", "c::d"], {"a::b": "a time limit"}, [])) == 1


def test_a_folder_excuses_its_tests_and_no_others():
    assert judge(["tests/e2e/x.py::a"], {"tests/e2e/": "a crowd"}, []) == []
    assert judge(["tests/e2e.py::a"], {"tests/e2e/": "a crowd"}, [])
