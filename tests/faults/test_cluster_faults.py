"""Nodes, raylets and tokens of a cluster go wrong; its runs end as they must."""

import clusterfaults
import pytest
from clusterfaults import faulty_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with faulty_cluster(tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


@pytest.mark.slow
def test_a_wrong_token_is_turned_away_in_one_line(cluster, tmp_path):
    record = clusterfaults.wrong_token(cluster, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({}, 0)
    assert "exit status 3" in record.note
    assert "RAY_AUTH_TOKEN_PATH" in record.note


def test_a_killed_raylet_costs_what_it_ran(cluster, tmp_path):
    record = clusterfaults.raylet_killed(cluster, tmp_path)
    assert record.is_sound
    assert record.failed == {}


@pytest.mark.slow
def test_a_lost_node_takes_results_that_nobody_had_with_it(cluster, tmp_path):
    record = clusterfaults.node_lost(cluster, tmp_path)
    assert record.is_sound
    assert record.failed == {}
    assert record.again >= 1  # results were on it


@pytest.mark.slow
def test_when_ray_dies_the_run_stops_and_fails_nobody(tmp_path):
    record = clusterfaults.own_raylet_killed(tmp_path)
    assert record.is_sound
    assert record.failed == {}
