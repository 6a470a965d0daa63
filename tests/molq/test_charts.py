"""Charts as data: what they draw is what was measured, and what they say is what they draw."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molq.report.charts import added, calibration, circuits, costs, failures, front, rounds
from molq.report.charts.chemicalspace import Spot, chemical_space
from molq.report.charts.curves import Curve, curves
from molq.report.charts.embedding import embedded
from molq.report.charts.figure import Figure, Table, View, spread, written
from molq.report.chemicalspace import ChemicalMap


def _figure(**changes: object) -> Figure:
    given: dict[str, object] = {
        "id": "one", "section": "progress", "title": "One", "description": "", "alt": "",
        "data": ({"type": "scatter", "x": [1.0], "y": [2.0]},), "layout": {},
        "table": Table.of(("a",), []),
    }  # fmt: skip
    return Figure(**(given | changes))  # type: ignore[arg-type]


class TestFigure:
    def test_numbers_that_are_not_finite_are_null_and_numpy_is_plain(self) -> None:
        data = {"x": np.array([1.0, math.nan]), "y": (math.inf, 0.123456789), "n": np.int64(3)}
        found = json.loads(json.dumps(_figure(data=(data,)).to_json(), allow_nan=False))
        assert found["data"] == [{"x": [1, None], "y": [None, 0.123457], "n": 3}]

    @given(st.lists(st.floats(-1e12, 1e12, allow_nan=False), max_size=20))
    def test_drawn_numbers_keep_six_digits(self, values: list[float]) -> None:
        drawn = _figure(data=({"x": values},)).to_json()["data"][0]["x"]
        assert drawn == pytest.approx(values, rel=1e-5)

    def test_an_id_must_do_as_one(self) -> None:
        with pytest.raises(ValueError, match="small letters"):
            _figure(id="Two words")

    def test_one_view_is_no_choice(self) -> None:
        with pytest.raises(ValueError, match="no choice"):
            _figure(views=(View("only", ()),))

    def test_a_long_table_says_what_it_leaves_out(self) -> None:
        table = Table.of(("n", "x"), [(n, n / 7) for n in range(70)])
        assert (len(table.rows), table.more) == (60, 10)
        assert table.rows[1] == ("1", "0.143")
        assert Table.of(("a", "b"), [(None, True)]).rows == (("\N{EN DASH}", "yes"),)

    def test_numbers_are_written_as_people_do(self) -> None:
        assert written(-4.5) == "\N{MINUS SIGN}4.500"
        assert written(-0.0001, 2) == "0.00"
        assert written(None) == written(math.nan) == "\N{EN DASH}"


@given(st.integers(0, 300), st.integers(2, 40))
def test_of_many_some_are_taken_evenly(number: int, most: int) -> None:
    found = spread(range(number), most)
    assert len(found) == min(number, most)
    assert found == sorted(set(found))
    if number:
        assert (found[0], found[-1]) == (0, number - 1)
    if number > most:
        steps = [b - a for a, b in itertools.pairwise(found)]
        assert max(steps) - min(steps) <= 1


MOLECULES = [
    (1, 0.2, "a", "library", "A"),
    (2, 0.9, "b", "generator", "B"),
    (2, 0.4, "c", "generator", "C"),
]


class TestRounds:
    def test_the_line_is_the_best_so_far_and_each_molecule_stands_in_its_round(self) -> None:
        figure = rounds.utility_by_round([(1, 0.2), (2, 0.9)], MOLECULES)
        line, library, generator = figure.data
        assert (line["x"], line["y"]) == ([0.5, 1.5, 1.5, 2.5], [0.2, 0.2, 0.9, 0.9])
        assert library["customdata"] == ["A"]
        assert [round(x) for x in generator["x"]] == [2, 2]
        assert len(set(generator["x"])) == 2  # side by side
        assert "after round 2: 0.900" in figure.alt
        assert figure.table.rows[1] == ("2", "0.900", "0.900", "2")

    def test_hits_are_counted_in_whole_numbers(self) -> None:
        figure = rounds.hits_by_round([(1, 0), (2, 1)], "A hit is a hit.")
        assert figure.data[0]["y"] == [0, 1]
        assert figure.layout["yaxis"]["dtick"] == 1
        assert figure.description == "A hit is a hit. After round 2: 1."

    def test_the_hypervolume_is_told(self) -> None:
        figure = rounds.hypervolume_by_round([(1, 0.25), (2, 0.5)])
        assert figure.data[0]["y"] == [0.25, 0.5]
        assert "After round 1: 0.250; after round 2: 0.500" in figure.description


def _standing(*worth: float, on_front: bool) -> front.Standing:
    return front.Standing(str(worth), f"m{worth}", worth, on_front)


class TestFront:
    def test_two_wishes_are_a_plane(self) -> None:
        molecules = [
            _standing(0.9, 0.1, on_front=True),
            _standing(0.1, 0.8, on_front=True),
            _standing(0.05, 0.1, on_front=False),
        ]
        figure = front.front(molecules, ["ea", "qed"])
        line, behind, on_front = figure.data
        assert line["x"] == [0.1, 0.9]
        assert behind["customdata"] == [molecules[2].inchikey]
        assert len(on_front["x"]) == 2
        assert "2 of 3 molecules" in figure.description
        assert len(figure.table.rows) == 2

    def test_more_wishes_are_lines_from_wish_to_wish(self) -> None:
        molecules = [
            _standing(0.9, 0.1, 0.5, on_front=True),
            _standing(0.1, 0.1, 0.4, on_front=False),
        ]
        figure = front.front(molecules, ["ea", "qed", "logp"])
        assert [trace["y"] for trace in figure.data] == [[0.1, 0.1, 0.4], [0.9, 0.1, 0.5]]
        assert figure.layout["xaxis"]["ticktext"] == ["ea", "qed", "logp"]
        assert figure.data[1]["customdata"] == [molecules[0].inchikey] * 3


def _foreseen(errors: list[float], std: float = 1.0) -> list[calibration.Foreseen]:
    return [
        calibration.Foreseen(f"K{n}", f"m{n}", 1 + n % 2, -5.0, std, -5.0 + error)
        for n, error in enumerate(errors)
    ]


class TestCalibration:
    def test_points_stand_at_prediction_and_value_with_one_deviation(self) -> None:
        figure = calibration.foreseen({"warhead-ea": _foreseen([0.5, -2.0])}, {"warhead-ea": "eV"})
        diagonal, marks = figure.data
        assert diagonal["x"] == diagonal["y"]
        assert marks["x"] == [-5.0, -5.0]
        assert marks["y"] == [-4.5, -7.0]
        assert marks["error_x"]["array"] == [1.0, 1.0]
        assert figure.layout["xaxis"]["title"]["text"] == "predicted warhead-ea (eV)"
        assert "1 of 2 values within one standard deviation" in figure.alt
        assert not figure.views

    def test_several_quantities_are_views(self) -> None:
        points = {"a": _foreseen([0.1]), "b": _foreseen([0.2])}
        figure = calibration.foreseen(points, {"a": "eV", "b": ""})
        assert [view.name for view in figure.views] == ["a", "b"]
        assert figure.views[1].layout["xaxis"]["title"]["text"] == "predicted b"

    def test_a_normal_error_is_as_reliable_as_promised(self) -> None:
        errors = np.random.default_rng(0).standard_normal(4000).tolist()
        figure = calibration.reliability({"x": _foreseen(errors)})
        assert figure.data[1]["y"] == pytest.approx(calibration.LEVELS, abs=0.025)

    def test_a_surrogate_too_sure_of_itself_lies_below_the_line(self) -> None:
        errors = np.random.default_rng(0).standard_normal(500).tolist()
        shares = calibration.reliability({"x": _foreseen(errors, std=0.25)}).data[1]["y"]
        assert all(share < level for share, level in zip(shares, calibration.LEVELS, strict=True))


class TestFailures:
    def test_bars_count_steps_by_kind_and_retries_are_another_view(self) -> None:
        scf = failures.Reason("convergence", "meanfield")
        size = failures.Reason("input", "geometry")
        figure = failures.by_reason({size: 3}, {size: 3, scf: 2}, {size: "too large"})
        assert [view.name for view in figure.views] == ["without a score", "failed attempts"]
        by_kind = {trace["name"]: trace for trace in figure.views[1].data}
        assert by_kind["input"]["y"] == ["geometry", "meanfield"]
        assert by_kind["input"]["x"] == [3, 0]
        assert by_kind["convergence"]["x"] == [0, 2]
        assert "3 calculations ended without a score; 2 more attempts" in figure.description
        assert ("geometry", "input", "3", "3", "too large") in figure.table.rows


class TestAdded:
    def test_each_baseline_is_a_view_with_its_rank_correlation(self) -> None:
        points = tuple(added.Beside(f"K{n}", f"m{n}", n / 2, -n) for n in range(4))
        figure = added.beside_baselines(
            [
                added.Pairing("warhead-ea", "HF LUMO", "eV", "eV", -1.0, points),
                added.Pairing("warhead-ea", "GFN2 LUMO", "eV", "eV", None, points),
            ]
        )
        assert [view.name for view in figure.views] == ["HF LUMO", "GFN2 LUMO"]
        assert "Spearman \N{MINUS SIGN}1.00" in figure.layout["xaxis"]["title"]["text"]
        assert "Spearman" not in figure.views[1].layout["xaxis"]["title"]["text"]
        assert figure.data[0]["x"] == [0, -1, -2, -3]
        assert figure.table.rows[0] == ("warhead-ea", "HF LUMO", "eV", "\N{MINUS SIGN}1.00", "4")

    def test_chemical_accuracy_is_marked_where_it_is_left(self) -> None:
        near = added.Deviation("A", "a", "warhead-ea", 0.05, 100)
        far = added.Deviation("B", "b", "warhead-ea", -3.0, 400)
        one, both = added.deviations([near]), added.deviations([near, far])
        assert "0 beyond chemical accuracy" in one.description
        assert len(one.layout["shapes"]) == 1
        assert "1 beyond chemical accuracy (1.6 mHa)" in both.description
        assert [shape["y0"] for shape in both.layout["shapes"]] == [0.0, 1.6, -1.6]
        assert both.data[0]["x"] == [100, 400]
        assert both.table.rows[0][0] == "b"  # the largest first
        noisy = added.deviations([near, replace(far, is_sampled=True)])
        assert "Sampled: 1; there the deviation is noise" in noisy.description


class TestCosts:
    def test_steps_are_stacked_and_failed_attempts_stand_last(self) -> None:
        seconds = {
            "a": {costs.FAILED: 360.0, "meanfield": 7200.0},
            "b": {"meanfield": 1800.0, "solver": 1800.0, costs.OTHER: 360.0},
        }
        figure = costs.by_step(seconds)
        assert [t["name"] for t in figure.data] == [
            "meanfield", "solver", costs.FAILED, costs.OTHER,
        ]  # fmt: skip
        assert figure.data[0]["x"] == pytest.approx([2.0, 0.5])  # hours
        assert figure.description.startswith("3.2 core-hours in all; the largest part, 78 %, is")

    def test_a_short_run_is_told_in_seconds(self) -> None:
        figure = costs.by_round({1: {"a": 30.0}, 2: {"a": 20.0}}, {1: 16.0})
        bars, clock = figure.data
        assert bars["y"] == [30.0, 20.0]
        assert (clock["x"], clock["y"]) == ([1], [16.0])
        assert figure.layout["yaxis"]["title"]["text"] == "core-seconds"
        assert figure.table.rows[1] == ("2", "20.00", "\N{EN DASH}")


def test_circuits_and_readout_errors_are_told() -> None:
    small = circuits.Circuit("A", "a", "warhead-ea", 8, 11, 344, 372)
    large = circuits.Circuit("B", "b", "redox", 12, 40, 1500, 2000)
    sizes = circuits.sizes([small, large])
    assert "8 to 12 qubits with 344 to 1500 two-qubit gates" in sizes.description
    assert [trace["name"] for trace in sizes.data] == ["warhead-ea", "redox"]
    readout = circuits.readout_errors({"fake:torino": {3: 0.02, 1: 0.01}})
    assert readout.data[0]["x"] == ["q1", "q3"]
    assert "median 1.50 %" in readout.description


class TestChemicalSpace:
    SPOTS = (
        Spot("A", "a", "C=CC(N)=O", "library", 1, 0.9, {"warhead-ea (eV)": -4.8}),
        Spot("B", "b", "C=CC(=O)Nc1ccccc1", "generator", 2, 0.2),
        Spot("C", "c", "CCO", "library", None, None),
    )
    MAP = ChemicalMap(np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]), "scaling", 0.9)

    def test_it_is_coloured_by_worth_round_and_origin(self) -> None:
        figure = chemical_space(
            self.SPOTS, self.MAP, worth="utility", left_out=7, drawings={"C": "<svg></svg>"}
        )
        grey, computed = figure.data
        assert (grey["customdata"], computed["customdata"]) == (["C"], ["A", "B"])
        assert [view.name for view in figure.views] == [
            "coloured by utility", "by warhead-ea (eV)", "by round", "by origin",
        ]  # fmt: skip
        assert figure.views[0].data[1]["marker"]["color"] == [0.9, 0.2]
        assert figure.views[1].data[1]["marker"]["color"] == [-4.8, None]
        assert figure.views[2].data[1]["marker"]["color"] == [1, 2]
        assert "warhead-ea (eV) \N{MINUS SIGN}4.800" in computed["text"][0]
        assert "2 molecules were computed, 1 in grey were not" in figure.description
        assert "7 more have no room" in figure.description
        assert figure.to_json()["molecules"] == {"C": ["c", "CCO", "<svg></svg>"]}

    def test_a_screen_has_no_rounds(self) -> None:
        spots = [
            Spot("A", "a", "C", "library", None, 0.1),
            Spot("B", "b", "CC", "library", None, 1),
        ]
        found = ChemicalMap(self.MAP.places[:2], "scaling", None)
        figure = chemical_space(spots, found, worth="utility", left_out=0, drawings={})
        assert [view.name for view in figure.views] == ["coloured by utility", "by origin"]
        assert "no room" not in figure.description


def test_a_staircase_holds_its_height_and_a_level_is_named() -> None:
    figure = curves(
        [Curve("a", (0, 1, 2), (0, 0.5, 0.7), 0, is_staircase=True),
         Curve("b", (0, 1), (0, 0.6), 1, errors=(None, 0.1))],
        id="best", section="curves", title="Best", description="", alt="", x_label="molecules",
        y_label="best", level=(0.5, "a hit"),
    )  # fmt: skip
    b, a = figure.data  # the first lies on top
    assert (a["name"], a["line"]["shape"]) == ("a", "hv")
    assert b["error_y"]["array"] == [None, 0.1]
    assert a["line"]["dash"] != b["line"]["dash"]  # told apart without colour
    assert figure.layout["annotations"][0]["text"] == "a hit"


def test_lines_of_a_kind_share_an_entry_of_the_legend() -> None:
    runs = [Curve(f"{kind} {n}", (0, 1), (0, n), style, kind=kind)
            for style, kind in enumerate(("classical", "hybrid")) for n in range(2)]  # fmt: skip
    figure = curves(runs, id="best", section="curves", title="Best", description="", alt="",
                    x_label="molecules", y_label="best")  # fmt: skip
    shown = [trace["name"] for trace in figure.data if trace["showlegend"]]
    assert sorted(shown) == ["classical", "hybrid"]
    assert [trace["text"][0].split("\n")[0] for trace in figure.data][-1] == "classical 0"


def test_what_a_page_embeds_can_be_unpacked_and_cannot_end_its_script() -> None:
    import base64
    import gzip

    found = embedded([_figure(title="</script><script>alert(1)</script>")])
    specs = json.loads(gzip.decompress(base64.b64decode(str(found.charts))))
    assert specs[0]["title"] == "</script><script>alert(1)</script>"
    assert "<" not in found.charts
    assert "<" not in found.library
    assert b"Plotly" in gzip.decompress(base64.b64decode(str(found.library)))
    assert all("</script" not in script for script in found.scripts)
