"""Every difference to another library is explained by a rule, and the page says which."""

from pathlib import Path

import pytest

pytest.importorskip("apscheduler")
pytest.importorskip("croniter")
pytest.importorskip("cronsim")

from tests.times.peers import compare

PAGE = (Path(__file__).parents[2] / "docs" / "time.md").read_text().replace("\\*", "*")


@pytest.mark.parametrize("seed", [1, 2])
def test_no_difference_is_without_a_rule_that_the_page_names(seed: int) -> None:
    found, examples = compare(150, seed)
    for (peer, rule), times in found.items():
        assert rule != "UNEXPLAINED", examples[peer, rule]
        for part in rule.split(" + "):
            assert part.split(":")[0] in PAGE, (part, times)


def test_most_answers_agree() -> None:
    found, _ = compare(150, 3)
    assert found["cronsim", ""] > 140
    assert found["croniter", ""] > 110
    assert found["apscheduler", ""] > 100
