"""What a campaign may ask of every proposal."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from generative.constraints import PropertyRange
from generative.settings import GeneratorSettings


def test_ranges_of_a_campaign_become_constraints_of_the_generator() -> None:
    settings = GeneratorSettings.model_validate(
        {"ranges": {"logp": [1, 4], "sa-score": [-math.inf, 3]}, "max_ring_size": 7}
    )

    constraints = settings.constraints()

    assert constraints.max_ring_size == 7
    assert constraints.ranges == (
        PropertyRange("logp", 1.0, 4.0),
        PropertyRange("sa-score", -math.inf, 3.0),
    )


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        ({"logP": [1, 4]}, "unknown property 'logP'"),
        ({"logp": [4, 1]}, "ends below its beginning"),
        ({"logp": [math.nan, 1]}, "needs a lower or an upper end"),
        ({"logp": [1]}, "logp"),
    ],
)
def test_a_range_that_means_nothing_is_refused(ranges: dict[str, list[float]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        GeneratorSettings.model_validate({"ranges": ranges})
