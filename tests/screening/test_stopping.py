import pytest

from screening.campaign.stopping import decide, rounds_without_rise


def stop(**changed):
    return decide(**{"gain": 0.02, "per_core_hour": 0.01, "best": [0.2, 0.5], **changed})


def test_without_a_rule_nothing_stops():
    decision = stop(gain=0.0, per_core_hour=0.0, best=[0.5] * 50)
    assert not decision.stop
    assert "raise the best utility by 0" in decision.reason


def test_a_gain_below_its_price_stops():
    decision = stop(threshold=0.05)
    assert decision.stop
    assert (decision.gain, decision.per_core_hour, decision.threshold) == (0.02, 0.01, 0.05)
    assert "0.01 a core-hour" in decision.reason
    assert "0.05" in decision.reason
    on = stop(threshold=0.01)
    assert not on.stop
    assert "no less than the 0.01 asked for" in on.reason


def test_without_a_known_cost_the_price_does_not_stop():
    decision = stop(per_core_hour=None, threshold=0.5)
    assert not decision.stop
    assert "not known yet" in decision.reason


def test_patience_ends():
    assert not stop(best=[0.2, 0.5, 0.5], patience=2).stop
    decision = stop(best=[0.2, 0.5, 0.5, 0.5004], patience=2)
    assert decision.stop
    assert "for 2 rounds" in decision.reason
    assert not stop(best=[], patience=1).stop
    assert "0 rounds without a rise, of 3 allowed" in stop(patience=3).reason


@pytest.mark.parametrize(
    ("best", "still"),
    [
        ([], 0),
        ([0.0], 0),
        ([0.0, 0.0], 1),
        ([0.0, 0.0, 0.3], 0),
        ([0.3, 0.3002, 0.3004], 2),
        # small steps count once they add up
        ([0.3, 0.3006, 0.3012], 0),
    ],
)
def test_rounds_without_a_rise(best, still):
    assert rounds_without_rise(best) == still


def test_bad_rules_are_refused():
    with pytest.raises(ValueError, match=r"threshold -0\.1 is negative"):
        stop(threshold=-0.1)
    with pytest.raises(ValueError, match="patience 0 is below one round"):
        stop(patience=0)
