"""A real S3 service on this machine (moto's server), and a wire in front of it that drops connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "nccid-constructed"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-2"}


@contextmanager
def a_bucket(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve a folder's files as objects of ``BUCKET`` and yield the port; the environment points to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        _, port = server.get_host_and_port()
        for name, value in _CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        point_to(port, monkeypatch)
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-2")
        httpx.post(f"http://127.0.0.1:{port}/moto-api/reset").raise_for_status()  # its state outlives a server
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                client.put_object(Bucket=BUCKET, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())
        client.close()
        yield port
    finally:
        server.stop()


def point_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tools of AWS talk to a port of this machine."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")


class DroppingWire:
    """Passes connections on to a port, and cuts every n-th one before it is answered."""

    def __init__(self, port: int, *, drop_every: int) -> None:
        self._target = port
        self._every = drop_every
        self.dropped = 0
        self._count = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                inward, _ = self._listener.accept()
            except OSError:
                return
            self._count += 1
            if self._every and self._count % self._every == 0:
                self.dropped += 1
                inward.close()
                continue
            outward = socket.create_connection(("127.0.0.1", self._target))
            for source, sink in ((inward, outward), (outward, inward)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
