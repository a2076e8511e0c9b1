"""A figure is good on the right side of its limit: costs at most, rates at least."""

from __future__ import annotations

import pytest
from bench import _as_json, _judge
from metrics import Figure


@pytest.mark.parametrize(("value", "good"), [(0.0, True), (10.0, True), (10.1, False)])
def test_a_cost_is_at_most_its_limit(value: float, good: bool) -> None:
    figure = Figure(value, "seconds", 0, 10)
    assert figure.good == good and _judge({"cost": figure}, {}) == (not good)


@pytest.mark.parametrize(("value", "good"), [(9.9, False), (10.0, True), (11.0, True)])
def test_a_rate_is_at_least_its_limit(value: float, good: bool) -> None:
    figure = Figure(value, "events/s", 0, 10, at_least=True)
    assert figure.good == good and _judge({"rate": figure}, {}) == (not good)


def test_a_problem_is_never_good() -> None:
    assert not Figure(1, "events/s", 0, 0, "the trace is not whole", at_least=True).good


def test_programs_see_the_same_of_both() -> None:
    cost = _as_json(Figure(1, "seconds", 2, 3))
    rate = _as_json(Figure(3, "events/s", 2, 1, at_least=True))
    assert list(cost) == list(rate) == ["value", "unit", "bare", "limit"]
