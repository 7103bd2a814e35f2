"""Histograms and samples."""

from horarium.domain.figures import Histogram, Samples


def test_a_value_at_a_bound_lies_within_it():
    found = Histogram((10, 20))
    for value in (5, 10, 11, 20, 21, 21):
        found.add(value)
    assert found.cumulative() == [(10, 2), (20, 4), (float("inf"), 6)]
    assert (found.count, found.total) == (6, 88)


def test_samples_are_in_the_histogram_once_it_is_asked_for():
    samples = Samples((10,))
    add = samples.add
    for value in (1, 1, 50):
        add(value)
    assert samples.settle().cumulative() == [(10, 2), (float("inf"), 3)]
    add(2)
    assert samples.settle().count == 4
    assert samples.settle().total == 54


def test_a_histogram_goes_on_from_counts_that_are_given():
    found = Histogram((10, 20), [1, 2, 3])
    found.add(10)
    assert found.cumulative() == [(10, 2), (20, 4), (float("inf"), 7)]
