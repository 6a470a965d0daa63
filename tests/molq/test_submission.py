"""What goes with a job, what its driver makes of it, and what the job server says."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import molq
from molq import fetching, jobrun, jobserver, submission
from molq.campaignfile import CampaignFile, ScreenFile
from molq.cli import joblog
from molq.errors import CallError, MolqError
from molq.jobserver import JobServer, JobState
from screening.compute.executor import Inline
from screening.store.journal import Journal

SCREEN = {"simulation.basis": "sto-3g", "simulation.density_fit": False}


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "nightingale.csv"
    path.write_text("name,smiles\nbird,C=CC(N)=O\nethane,CC\n")
    return path


@pytest.fixture
def campaign(tmp_path, library):
    path = tmp_path / "campaign.toml"
    path.write_text(
        '[campaign]\nname = "nightingale"\n[library]\npath = "nightingale.csv"\n'
        '[generator]\nshare = 0.0\nprior = "mine.safetensors"\n'
        '[compute]\naddress = "elsewhere:6379"\n'
        '[[objective]]\nname = "qed"\ntransform = "maximize"\nlow = 0.2\nhigh = 0.7\n'
    )
    (tmp_path / "mine.safetensors").write_bytes(b"weights")
    return path


def packed(file, folder, data="path", source=None):
    order = submission.Order(folder / "run", "0.1.0", source)
    with submission.package(file, order, data=data) as made:
        shutil.copytree(made, folder / "package")
    assert not made.exists()
    return folder / "package"


def test_a_package_holds_what_the_job_needs_and_no_more(campaign, tmp_path):
    changes = {"campaign.rounds": 2}
    source = submission.source_of(str(campaign), changes)
    package = packed(submission.read(str(campaign), changes), tmp_path, source=source)
    assert sorted(p.name for p in package.iterdir()) == [
        "campaign.source.toml", "campaign.toml", "job.json", "prior.safetensors"
    ]  # fmt: skip
    file, order = submission.unpacked(package)
    assert isinstance(file, CampaignFile)
    assert file.campaign.rounds == 2
    assert file.compute.address is None  # the driver joins the cluster it runs on
    assert file.library.path == tmp_path / "nightingale.csv"  # by its path on the cluster
    assert Path(file.generator.prior).read_bytes() == b"weights"
    assert order == submission.Order(tmp_path / "run", "0.1.0", source)
    assert order.source.content == campaign.read_bytes()
    assert order.source.changes == ("campaign.rounds=2",)


def test_a_library_that_goes_along_loses_its_name_and_lands_in_the_run(library, tmp_path):
    package = packed(submission.read(str(library), SCREEN), tmp_path, "upload")
    assert sorted(p.name for p in package.iterdir()) == ["job.json", "library.csv", "screen.toml"]
    file, order = submission.unpacked(package)
    assert isinstance(file, ScreenFile)
    file = jobrun.settled(file, order, passing=package)
    shutil.rmtree(package)  # as Ray does
    assert file.library.path == tmp_path / "run" / "inputs" / "library.csv"
    assert file.library.path.read_bytes() == library.read_bytes()

    def interrupted(timeout_s):
        raise KeyboardInterrupt

    executor = Inline()
    executor.wait = interrupted
    from molq import execution

    with pytest.raises(KeyboardInterrupt):
        execution.begin(file, order.run, executor=executor)
    with Journal.open(order.run, readonly=True) as journal:
        assert journal.settings()["library"]["path"] == "inputs/library.csv"
    # the folder may be moved, and the run goes on there
    shutil.move(order.run, tmp_path / "moved")
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    from molq import reading

    with reading.journal_of(tmp_path / "moved") as journal:
        moved = reading.settings_of(journal)
    assert moved.library.file.read_bytes() == library.read_bytes()


def test_a_library_by_uri_is_fetched_once_into_the_run(library, tmp_path):
    file = submission.read(f"file://{library}", SCREEN)
    assert file.name == "nightingale"
    file, origin = fetching.into(file, tmp_path / "run")
    assert origin == {"library_source": f"file://{library}"}
    assert file.library.path == tmp_path / "run" / "inputs" / "library.csv"
    assert fetching.into(file, tmp_path / "run") == (file, {})


def test_what_is_too_large_stays_and_is_named_with_the_remedy(library, tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "MOST_MB", 0)
    with pytest.raises(CallError, match="without --data upload"):
        packed(submission.read(str(library), SCREEN), tmp_path, "upload")


def test_a_network_that_is_too_large_is_read_by_its_path(campaign, tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "MOST_MB", 0)
    package = packed(submission.read(str(campaign), {}), tmp_path)
    assert sorted(p.name for p in package.iterdir()) == ["campaign.toml", "job.json"]
    assert submission.unpacked(package)[0].generator.prior == str(tmp_path / "mine.safetensors")


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("nowhere.csv", "upload", "nowhere.csv does not exist"),
        ("https://host/library", "path", "must end in .csv"),
        ("https://host/library.csv", "upload", "leave it out"),
    ],
)
def test_what_cannot_be_read_is_said_before_anything_is_sent(tmp_path, path, data, words):
    with pytest.raises(CallError, match=words):
        packed(submission.read(path, {}), tmp_path, data)


def test_the_call_must_make_sense(campaign, library, tmp_path):
    with pytest.raises(CallError, match="--recipe is for a library"):
        submission.read(str(campaign), {}, ("warhead-ea",))
    screen = tmp_path / "screen.toml"
    screen.write_text(f'[screen]\nseed = 4\n[library]\npath = "{library}"\n')
    assert isinstance(submission.read(str(screen), {}), ScreenFile)
    with pytest.raises(CallError, match="not the working directory of a job"):
        submission.unpacked(tmp_path)


def test_a_folder_with_another_run_is_refused(library, tmp_path):
    file = submission.read(str(library), SCREEN)
    settings = file.model_dump(mode="json")
    Journal.create(tmp_path / "run", kind="screen", settings=settings, environment={}).close()
    order = submission.Order(tmp_path / "run", "0.1.0")
    elsewhere = submission.read(f"file://{library}", {**SCREEN, "compute.workers": 2})
    assert jobrun.settled(elsewhere, order, passing=tmp_path / "gone") is elsewhere
    other = submission.read(str(library), {**SCREEN, "simulation.basis": "6-31g*"})
    with pytest.raises(CallError, match=r"simulation\.basis differs"):
        jobrun.settled(other, order, passing=tmp_path / "gone")


def test_a_library_that_the_head_does_not_see_names_the_remedy(library, tmp_path):
    file = submission.read(str(library), SCREEN)
    library.unlink()
    order = submission.Order(tmp_path / "run", "0.1.0")
    with pytest.raises(CallError, match="--data upload"):
        jobrun.settled(file, order, passing=tmp_path / "gone")
    assert not order.run.exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("head:6379", "is where a driver joins"),
        ("ray://head:10001", "is where a driver joins"),
        ("http://", "is where a driver joins"),
        ("http://me:secret@head:8265", "leave it out"),
        ("", "no cluster named"),
    ],
)
def test_an_address_that_is_none_of_a_job_server(address, words, monkeypatch):
    monkeypatch.delenv(jobserver.ADDRESS_VARIABLE, raising=False)
    with pytest.raises(CallError, match=words):
        jobserver.address_of(address)


def test_an_address_comes_from_the_environment_and_open_ones_are_noted(monkeypatch):
    monkeypatch.setenv(jobserver.ADDRESS_VARIABLE, "http://127.0.0.1:8265/")
    assert jobserver.address_of(None) == "http://127.0.0.1:8265"
    assert jobserver.address_of("https://head") == "https://head"
    assert jobserver.warning_of("http://localhost:8265") == ""
    assert jobserver.warning_of("https://head") == ""
    assert "not encrypted" in jobserver.warning_of("http://head:8265")


def test_nothing_answers(monkeypatch):
    with pytest.raises(MolqError, match=r"nothing answers at http://127\.0\.0\.1:9"):
        JobServer("http://127.0.0.1:9")


class Tail:
    """A job's log that breaks off on the way, as a client of Ray hands it on."""

    def __init__(self, *sessions, status="SUCCEEDED", code=0):
        self.sessions = list(sessions)
        self.status = status
        self.code = code

    async def tail_job_logs(self, id):
        for piece in self.sessions.pop(0):
            await asyncio.sleep(0)
            if piece is None:
                raise RuntimeError("WebSocket connection closed unexpectedly")
            yield piece

    def get_job_logs(self, id):
        return "one\ntwo\nthree\nfour\n"

    def get_job_info(self, id):
        status = "RUNNING" if self.sessions else self.status
        return SimpleNamespace(
            submission_id=id, status=status, entrypoint="e", metadata={"run": "/runs/a"},
            message="it\nfailed, last available logs: C=CC", driver_exit_code=self.code,
            start_time=1000, end_time=None,
        )  # fmt: skip


def server_of(client):
    server = JobServer.__new__(JobServer)
    server.address, server._client = "http://127.0.0.1:1", client
    return server


def test_a_log_whose_connection_breaks_is_handed_on_once(monkeypatch):
    monkeypatch.setattr(jobserver, "_POLL_S", 0.0)
    tail = Tail(["one\n", "tw", None], ["one\ntwo\nth", None], ["one\n", "two\nthree\n"])
    said = []
    state = server_of(tail).follow("molq-1", said.append)
    assert "".join(said) == "one\ntwo\nthree\nfour\n"
    assert (state.state, state.run, state.message) == ("SUCCEEDED", Path("/runs/a"), "it failed")
    assert state.begun.isoformat() == "1970-01-01T00:00:01+00:00"
    json.dumps(state.to_json())


@pytest.mark.parametrize(
    ("state", "code", "exit", "words"),
    [
        ("SUCCEEDED", 0, 0, "is done"),
        ("STOPPED", None, 130, "submit it again"),
        ("FAILED", 2, 2, "failed"),
        ("FAILED", 127, 1, "MOLQ_PYTHON"),
        ("FAILED", None, 1, "failed"),
        ("FAILED", -9, 1, "failed"),
    ],
)
def test_the_exit_code_follows_the_job(state, code, exit, words, capsys):
    job = JobState("molq-1", state, "e", Path("/runs/a"), "", code, None, None)
    assert joblog.conclude(job) == exit
    assert words in capsys.readouterr().err


def test_a_job_that_the_cluster_does_not_know(monkeypatch):
    class Empty:
        def get_job_info(self, id):
            raise RuntimeError(f"Request failed with status code 404: Job {id} does not exist.")

    with pytest.raises(MolqError, match="knows no job molq-1"):
        server_of(Empty()).state("molq-1")


def test_what_goes_into_a_jobs_record(library, tmp_path):
    sent = {}

    class Server:
        address = "http://127.0.0.1:8265"

        def submit(self, id, entrypoint, **rest):
            sent.update(rest, id=id, entrypoint=entrypoint, seen=os.listdir(rest["package"]))

    file = submission.read(str(library), SCREEN)
    job = submission.submit(file, Server(), data="upload")
    assert job.run == Path.cwd() / "runs" / job.id  # and no name of the campaign
    del sent["package"]
    text = json.dumps(sent, default=str)
    for secret in ("nightingale", "bird", "C=CC", "ethane"):
        assert secret not in text
    assert sent["entrypoint"] == 'exec "${MOLQ_PYTHON:-python}" -m molq job'


def test_a_job_from_python_is_sent_followed_and_found_again(library, monkeypatch):
    sent = {}

    class Server:
        def __init__(self, address=None):
            self.address = jobserver.address_of(address)

        def submit(self, id, entrypoint, **rest):
            sent.update(rest, id=id)

        def follow(self, id, write):
            write("4 scored\n")
            return self.state(id)

        def state(self, id):
            if id != sent["id"]:
                raise MolqError(f"knows no job {id}")
            return JobState(id, "SUCCEEDED", "e", sent["run"], "", 0, None, None)

    monkeypatch.setattr("molq.job.JobServer", Server)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:8265")
    job = molq.submit(library, out="/shared/runs/a", recipe="warhead-ea", data="upload",
                      set={"screen.seed": 3})  # fmt: skip
    assert (job.id, job.address) == (sent["id"], "http://127.0.0.1:8265")
    said = []
    assert job.wait(said.append).run == Path("/shared/runs/a")
    assert said == ["4 scored\n"]
    assert molq.Job.open(job.id) == job
    with pytest.raises(MolqError, match="knows no job"):
        molq.Job.open("molq-0")
    with pytest.raises(CallError, match="its own recipes"):
        molq.submit("campaign.toml", recipe="warhead-ea")
