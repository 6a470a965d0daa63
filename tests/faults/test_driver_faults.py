"""The driver killed and stopped, its disk full, its clock wrong: nothing lost, nothing twice."""

import driverfaults
import pytest


@pytest.mark.slow
def test_a_killed_driver_loses_nothing(tmp_path):
    record = driverfaults.killed_drivers(tmp_path, times=2)
    assert record.is_sound
    assert record.times == 2
    assert record.failed == {}
    assert record.again <= 4 * record.times  # what was in flight


@pytest.mark.slow
def test_a_driver_killed_thirty_times_loses_nothing(tmp_path):
    record = driverfaults.killed_drivers(tmp_path, times=30)
    assert record.is_sound
    assert record.times == 30
    assert record.failed == {}
    assert record.again <= 4 * record.times
    assert "left" not in record.note  # processes


@pytest.mark.slow
def test_the_end_of_a_batch_job_is_a_clean_stop(tmp_path):
    record = driverfaults.terminated(tmp_path)
    assert record.is_sound
    assert record.failed == {}
    assert record.note.startswith("exit status 130")
    assert "stopped before its end" in record.note
    assert "left behind" not in record.note


def test_a_full_disk_ends_the_run_in_one_line_and_a_freed_one_completes_it(tmp_path):
    record = driverfaults.full_disk(tmp_path)
    assert record.is_sound
    assert record.failed == {}
    assert "the disk is full" in record.note


@pytest.mark.slow
def test_a_clock_that_goes_back_changes_nothing(tmp_path):
    record = driverfaults.clock_set_back(tmp_path)
    assert record.is_sound
    assert (record.failed, record.again) == ({}, 0)
    assert not record.note.startswith("0 ")  # the clock did go back


@pytest.mark.slow
def test_a_machine_without_memory_fails_no_other_molecule(tmp_path):
    record = driverfaults.machine_without_memory(tmp_path)
    assert record.is_sound
    assert record.failed == {}
    assert record.again >= 1  # the watch did kill
