"""Each fault in and around a calculation, on one real Ray, ends as it must."""

import calculationfaults
import pytest
from calculationfaults import faulty_ray


@pytest.fixture(scope="module")
def ray(tmp_path_factory):
    with faulty_ray(tmp_path_factory.mktemp("faultyray")) as ray:
        yield ray


def test_a_crash_costs_one_more_calculation(ray, tmp_path):
    record = calculationfaults.crashed(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({}, 3)


def test_what_hangs_is_ended_and_tried_once_more(ray, tmp_path):
    record = calculationfaults.hung(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({"resource/process": 1}, 2)


def test_what_takes_all_memory_is_ended_and_tried_once_more(ray, tmp_path):
    record = calculationfaults.out_of_memory(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({"resource/process": 1}, 2)


def test_a_corrupted_message_is_no_result_of_any_molecule(ray, tmp_path):
    record = calculationfaults.corrupted(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({}, 3)


def test_an_scf_that_does_not_converge_is_tried_on_other_rungs(ray, tmp_path):
    record = calculationfaults.unconverged(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({"convergence/meanfield": 1}, 3)


def test_a_molecule_that_kills_its_workers_is_set_aside(ray, tmp_path):
    record = calculationfaults.poisonous(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({"random/worker": 1}, 4)


def test_a_full_queue_is_nobodys_failure(ray, tmp_path):
    record = calculationfaults.full_queue(ray, tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({}, 3)


def test_killed_workers_are_replaced_and_their_molecules_sent_again(ray, tmp_path):
    record = calculationfaults.killed_workers(ray, tmp_path)
    assert record.is_sound
    assert record.failed == {}
    assert record.again <= 2 * record.times


@pytest.mark.slow
def test_many_killed_workers(ray, tmp_path):
    record = calculationfaults.killed_workers(ray, tmp_path, times=12, molecules=40)
    assert record.is_sound
    assert record.failed == {}


@pytest.mark.slow
def test_workers_that_hang_are_given_up(ray, tmp_path):
    record = calculationfaults.hung_worker(ray, tmp_path)
    assert record.is_sound
    assert record.failed == {}
