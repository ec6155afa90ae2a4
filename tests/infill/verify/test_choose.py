"""Which candidates are kept, for commands whose verdict is a rule written in the test."""

from __future__ import annotations

import itertools
import random

import pytest

from infill.verify.choose import Choice, Chosen, Trial, choose

OPTIONS = {key: 2 for key in "abcdefgh"}


class Command:
    """Says of each combination what `rule` does, and counts."""

    def __init__(self, rule) -> None:
        self.rule, self.seen = rule, list[Choice]()

    def __call__(self, choice: Choice) -> Trial:
        self.seen.append(choice)
        verdict = self.rule(choice)
        return verdict if isinstance(verdict, Trial) else Trial(bool(verdict), "" if verdict else "bad")


def chosen(rule, options=OPTIONS, most_runs: int = 200) -> tuple[Chosen, Command]:
    command = Command(rule)
    return choose(options, command, most_runs), command


def test_what_passes_at_once_costs_one_run() -> None:
    found, command = chosen(lambda _: True)
    assert found == Chosen(dict.fromkeys(OPTIONS, 0), {}) and len(command.seen) == 1


def test_holes_without_candidates_cost_nothing() -> None:
    found, command = chosen(lambda _: False, {"a": 0})
    assert found == Chosen({}, {}) and command.seen == []


def test_one_bad_hole_takes_its_next_candidate_and_few_runs() -> None:
    found, command = chosen(lambda choice: choice.get("f") != 0)
    assert found.choice == dict.fromkeys(OPTIONS, 0) | {"f": 1} and found.whys == {}
    assert len(command.seen) <= 9


def test_a_hole_that_never_passes_is_left_with_the_reason() -> None:
    found, _ = chosen(lambda choice: "f" not in choice)
    assert found.choice == {key: 0 for key in OPTIONS if key != "f"}
    assert found.whys == {"f": "the command fails with it: bad"}


def test_of_two_that_do_not_go_together_the_later_one_gives_way() -> None:
    found, _ = chosen(lambda choice: not (choice.get("b") == 0 and choice.get("g") == 0))
    assert found.choice == dict.fromkeys(OPTIONS, 0) | {"g": 1}


@pytest.mark.parametrize("seed", range(30))
def test_what_is_kept_has_always_passed_together(seed: int) -> None:
    draw = random.Random(seed)
    bad = {
        tuple(sorted(draw.sample(list(itertools.product("abcdefgh", (0, 1))), draw.choice((1, 2, 3)))))
        for _ in range(6)
    }

    def rule(choice: Choice) -> bool:
        return not any(all(choice.get(key) == n for key, n in each) for each in bad)

    found, command = chosen(rule)
    assert rule(found.choice) and (found.choice in command.seen)
    for key in OPTIONS.keys() - found.choice.keys():  # nothing was left that could have been added
        assert key in found.whys
    assert len(command.seen) < 60


def test_where_the_command_fails_before_all_must_be_right() -> None:
    def rule(choice: Choice) -> bool:
        return choice == dict.fromkeys(OPTIONS, 0) | {"d": 1}

    assert chosen(rule)[0].choice == dict.fromkeys(OPTIONS, 0) | {"d": 1}
    found, _ = chosen(lambda _: False)
    assert found.choice == {} and "the command fails before and after: bad" in found.whys["a"]


def by_tests(**needs: Choice):
    """A command with a test for each name, which passes when the holes are as it needs."""

    def rule(choice: Choice) -> Trial:
        passing = tuple(name for name, need in needs.items() if need.items() <= choice.items())
        return Trial(len(passing) == len(needs), "bad", passing)

    return rule


def test_with_a_report_each_hole_is_judged_by_the_tests_that_it_makes_pass() -> None:
    found, _ = chosen(by_tests(one={"a": 0}, two={"b": 1}, never={"c": 7}), {"a": 2, "b": 2, "c": 2})
    assert found.choice == {"a": 0, "b": 1} and found.whys == {"c": "no test passes because of it"}


def test_with_a_report_holes_that_need_each_other_are_tried_in_turn_and_together() -> None:
    found, _ = chosen(by_tests(one={"a": 0, "b": 0}, two={"b": 0}, never={"c": 9}), {"a": 1, "b": 1})
    assert found.choice == {"a": 0, "b": 0}
    found, _ = chosen(by_tests(one={"a": 0, "b": 0}, never={"c": 9}), {"a": 1, "b": 1})
    assert found.choice == {"a": 0, "b": 0}


def test_with_a_report_what_makes_a_test_fail_is_not_kept() -> None:
    def rule(choice: Choice) -> Trial:
        tests = {"old", *(("a",) if "a" in choice else ()), *(("b",) if "b" in choice else ())}
        return Trial(False, "bad", tuple(tests - ({"old"} if choice.get("a") == 0 else set())))

    assert chosen(rule, {"a": 1, "b": 1})[0].choice == {"b": 0}


def test_the_command_runs_no_more_often_than_allowed() -> None:
    found, command = chosen(lambda choice: not ({"a", "c", "e"} & choice.keys()), most_runs=5)
    assert len(command.seen) == 5
    assert set(found.choice) | set(found.whys) == set(OPTIONS)
    assert any("which is the limit" in why for why in found.whys.values())
