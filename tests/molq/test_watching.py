"""What a person who waits for a campaign is told."""

from molq.cli.watching import listener
from screening.progress import RoundFinished, RoundStarted, Stopped


class Said:
    """A tracker that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def told(*events):
    said = Said()
    tell = listener(said)
    for event in events:
        tell(event)
    return said.lines


def test_a_round_that_is_topped_up_says_so():
    begun = RoundStarted(2, 3, pool=120, selected=3, proposed=2, generator_note="", places=8)
    assert told(begun) == [
        "round 2 of 3: 3 molecules chosen from 120 (2 proposals, 1 from the library), "
        "5 more as workers come free"
    ]
    whole = RoundStarted(2, 3, pool=120, selected=1, proposed=0, generator_note="", places=1)
    assert told(whole) == ["round 2 of 3: 1 molecule chosen from 120 (1 from the library)"]


def test_ideas_of_reviewers_are_counted_as_such():
    alone = RoundStarted(
        2, 3, pool=120, selected=1, proposed=0, generator_note="", places=1, ideas=1
    )
    assert told(alone) == ["round 2 of 3: 1 molecule chosen from 120 (1 idea of reviewers)"]
    beside = RoundStarted(
        2, 3, pool=120, selected=6, proposed=1, generator_note="", places=6, ideas=2
    )
    assert told(beside) == [
        "round 2 of 3: 6 molecules chosen from 120 "
        "(1 proposal, 3 from the library, 2 ideas of reviewers)"
    ]


def test_calibration_and_the_stopping_rule_are_told_round_by_round():
    figures = {"n": 8, "rmse": 0.1234, "coverage_95": 0.875, "nlpd": 0.5, "conformal_factor": 1.5}
    decision = {"reason": "the next batch is expected to pay", "threshold": 0.01}
    summary = {
        "best_utility": 0.75,
        "calibration": {"warhead-ea": figures},
        "stopping": decision,
    }
    assert told(RoundFinished(2, 3, summary), Stopped(3, decision)) == [
        "round 2 of 3 finished, best utility 0.750",
        "  warhead-ea: 8 predicted, rmse 0.123 eV, 88 % within their 95 % interval, "
        "NLPD 0.50 nats a molecule, deviations times 1.50",
        "  begun because the next batch is expected to pay",
        "stopped after round 3: the next batch is expected to pay",
    ]


def test_without_predictions_or_a_rule_a_round_just_ends():
    summary = {"best_utility": None, "calibration": {}, "stopping": {"threshold": None}}
    assert told(RoundFinished(1, 3, summary)) == ["round 1 of 3 finished"]
    assert told(RoundFinished(1, 3, {})) == ["round 1 of 3 finished"]
