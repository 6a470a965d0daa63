"""Data by URI: what is fetched is whole, and no secret gets into a record."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import ValidationError

from screening.intake import datasource
from screening.intake.datasource import DataError
from screening.intake.library import LibraryError, LibrarySettings, read

TABLE = b"name,smiles\nacrylamide,C=CC(N)=O\nethane,CC\n"


class Handler(BaseHTTPRequestHandler):
    """A web server and a bucket of objects, as far as a reader sees them."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body):
        name = self.path.partition("?")[0]
        if name == "/moved.csv":
            return self._say(302, b"", body, ("Location", "/library.csv"))
        if name == "/away.csv":
            return self._say(302, b"", body, ("Location", "file:///etc/hostname"))
        if name == "/cut.csv":
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Length", str(len(TABLE) + 5))
            self.end_headers()
            return self.wfile.write(TABLE)
        if name == "/denied/library.csv":
            return self._say(403, b"", body)
        if name not in ("/library.csv", "/bucket/library.csv"):
            return self._say(404, b"", body)
        begin, _, end = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if not begin:
            return self._say(200, TABLE, body)
        last = min(int(end or len(TABLE)), len(TABLE) - 1)
        part = ("Content-Range", f"bytes {begin}-{last}/{len(TABLE)}")
        return self._say(206, TABLE[int(begin) : last + 1], body, part)

    def _say(self, code, data, body, *headers):
        self.send_response(code)
        for key, value in (("Content-Length", str(len(data))), *headers):
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def bucket(server, monkeypatch):
    for key in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return lambda path: f"s3://{path}?endpoint_override={server}&scheme=http&region=us-east-1"


def check_fetched(fetched, folder):
    assert fetched.path == folder / "library.csv"
    assert fetched.path.read_bytes() == TABLE
    assert (fetched.sha256, fetched.size) == (hashlib.sha256(TABLE).hexdigest(), len(TABLE))
    assert [p.name for p in folder.iterdir()] == ["library.csv"]


def test_a_file_uri_is_copied(tmp_path):
    (tmp_path / "my library.CSV").write_bytes(TABLE)
    uri = f"file://{tmp_path}/my%20library.CSV"
    check_fetched(datasource.fetch(uri, tmp_path / "in", "library"), tmp_path / "in")


def test_nothing_of_anybodys_is_overwritten(tmp_path):
    (tmp_path / "mine.csv").write_bytes(TABLE)
    (tmp_path / "in").mkdir()
    there = tmp_path / "in" / "library.csv"
    there.write_text("somebody's")
    with pytest.raises(DataError, match="is another file"):
        datasource.fetch(f"file://{tmp_path}/mine.csv", tmp_path / "in", "library")
    assert there.read_text() == "somebody's"
    there.write_bytes(TABLE)
    check_fetched(
        datasource.fetch(f"file://{tmp_path}/mine.csv", tmp_path / "in", "library"), tmp_path / "in"
    )


@pytest.mark.parametrize("name", ["library.csv", "moved.csv"])
def test_a_web_address_is_fetched(server, tmp_path, name):
    fetched = datasource.fetch(f"http://{server}/{name}", tmp_path / "in", "library")
    check_fetched(fetched, tmp_path / "in")


def test_an_object_of_a_bucket_is_fetched(bucket, tmp_path):
    fetched = datasource.fetch(bucket("bucket/library.csv"), tmp_path / "in", "library")
    check_fetched(fetched, tmp_path / "in")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.csv", "the server answers 404"),
        ("cut.csv", "came incomplete: 5 bytes are missing"),
        ("away.csv", "not allowed"),
        ("my library.csv", "URL can't contain"),
    ],
)
def test_what_does_not_come_whole_leaves_nothing(server, tmp_path, name, words):
    with pytest.raises(DataError, match=words):
        datasource.fetch(f"http://{server}/{name}", tmp_path / "in", "library")
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [("bucket/none.csv", "does not exist"), ("denied/library.csv", "ACCESS_DENIED|may not|cannot")],
)
def test_a_bucket_that_refuses_is_one_line(bucket, tmp_path, path, words):
    with pytest.raises(DataError, match=words) as error:
        datasource.fetch(bucket(path), tmp_path / "in", "library")
    assert "\n" not in str(error.value)


def test_nothing_listens(tmp_path):
    with pytest.raises(DataError, match="cannot be reached"):
        datasource.fetch("http://127.0.0.1:9/library.csv", tmp_path, "library")


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://me:canary@host/a.csv", "a user or password in it"),
        ("s3://canary:canary@bucket/a.csv", "a user or password in it"),
        ("https://host/a.csv?X-Amz-Signature=canary", "signed link"),
        ("https://host/a.csv?sv=2&sig=canary", "signed link"),
        ("https://host/a.csv?access_token=canary", "signed link"),
        ("https://host/a.csv?Key=canary", "signed link"),
        ("https://host/a.csv?jwt=canary", "signed link"),
        ("http://host/a.csv", "use https"),
        ("ftp://host/a.csv", "is not read"),
        ("https://host", "names no file"),
        ("file://host/a.csv", "names no host"),
    ],
)
def test_a_uri_that_may_not_be_is_refused_without_repeating_its_secret(uri, words):
    with pytest.raises(ValidationError, match=words) as error:
        LibrarySettings(path=uri)
    (problem,) = error.value.errors(include_input=False)
    assert "canary" not in problem["msg"]


def test_a_harmless_query_stays():
    assert LibrarySettings(path="https://host/a.csv?download=1").path.endswith("?download=1")


@pytest.mark.parametrize(
    ("uri", "end"),
    [
        ("s3://bucket/A/Library.CSV.GZ", ".csv.gz"),
        ("https://host/x.smi?download=1", ".smi"),
        ("https://host/x%20y.sdf", ".sdf"),
        ("https://host/x", ""),
        ("https://host/a.csv/", ""),
    ],
)
def test_the_format_is_read_from_the_name(uri, end):
    assert datasource.suffix(uri) == end


def test_a_path_stays_a_path_and_what_was_fetched_is_read(server, tmp_path):
    path = tmp_path / "library.csv.gz"
    path.write_bytes(gzip.compress(TABLE))
    settings = LibrarySettings(path=f"file://{path}")
    with pytest.raises(LibraryError, match="not on this machine"):
        read(settings)
    fetched = datasource.fetch(str(settings.path), tmp_path / "in", "library")
    assert len(list(read(LibrarySettings(path=fetched.path)))) == 2
    assert LibrarySettings(path=str(path)).path == path
