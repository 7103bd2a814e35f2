"""The steps of a search look at as many rows as fit into the time that it may take."""

import pytest

from horarium.service import looks
from horarium.service.looks import Looks


class Machine:
    """Goes through rows at a speed, by a clock of its own."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(looks.time, "monotonic", lambda: self.now)

    def seconds(self, search, row_s):
        """How long the steps of a search take together where a row takes so long; and the rows of each."""
        begun, rows = self.now, []
        while True:
            rows.append(search.rows)
            self.now += search.rows * row_s
            if not search.go_on():
                return self.now - begun, rows


@pytest.mark.parametrize("row_s", [1e-7, 1e-6, 4e-6, 3e-5, 9e-5])
def test_a_search_takes_the_time_that_it_may_whatever_a_row_costs(monkeypatch, row_s):
    took, rows = Machine(monkeypatch).seconds(Looks(0.02, 200, 100, 4_000), row_s)
    assert 0.01 < took <= 0.0201
    assert rows[0] == 200
    assert all(100 <= step <= 4_000 for step in rows)


def test_a_first_step_that_takes_all_the_time_is_the_only_one(monkeypatch):
    took, rows = Machine(monkeypatch).seconds(Looks(0.02, 200, 100, 4_000), 1e-4)
    assert (took, rows) == (pytest.approx(0.02), [200])


def test_rows_that_cost_more_than_those_before_make_the_search_longer_by_one_step(monkeypatch):
    machine = Machine(monkeypatch)
    search = Looks(0.02, 200, 100, 4_000)
    machine.now += 0.001
    assert search.go_on()
    assert search.rows == pytest.approx(3_800, abs=1)
    machine.now += 0.05
    assert not search.go_on()


@pytest.mark.parametrize(("least", "goes_on"), [(100, True), (101, False)])
def test_a_step_of_the_least_number_of_rows_is_one(monkeypatch, least, goes_on):
    machine = Machine(monkeypatch)
    search = Looks(0.75, 200, least, 4_000)
    machine.now += 0.5
    assert (search.go_on(), search.rows) == (goes_on, 100)
