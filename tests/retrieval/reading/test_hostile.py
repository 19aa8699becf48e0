"""Files made to harm: each is that scan's refusal or failure, and the pool goes on."""

import json
import os
import signal
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from builders import a_dataset, a_gradient, dicom_bytes
from real_data import data_dir

from scankin.retrieval.errors import Reason, ScanError
from scankin.retrieval.reading import Limits, ReadingPool, ReadRequest

GOOD = dicom_bytes(a_dataset())
MIB = 1024 * 1024


def reason_of(pool: ReadingPool, data: bytes) -> Reason:
    with pytest.raises(ScanError) as caught:
        pool.read(ReadRequest(data=data))
    return caught.value.reason


@pytest.fixture
def pool():
    with ReadingPool(1, Limits(file_bytes=8 * MIB, memory_bytes=1024 * MIB, seconds=20)) as made:
        yield made
        assert made.read(ReadRequest(data=GOOD)).pixels.shape == (1, 32, 40)


def test_a_scan_comes_back_whole(pool: ReadingPool) -> None:
    scan = pool.read(
        ReadRequest(
            data=dicom_bytes(a_dataset(a_gradient(top=4000), bits_stored=12, WindowCenter="5", WindowWidth="9"))
        )
    )
    assert np.array_equal(scan.pixels[0], a_gradient(top=4000))
    assert scan.window is not None and scan.patient_id == "TEST-1" and str(scan.study_date) == "2020-04-02"


def test_a_deflate_bomb_is_too_large(pool: ReadingPool) -> None:
    whole = dicom_bytes(a_dataset())
    meta_end = 144 + int.from_bytes(whole[140:144], "little")
    meta = whole[:meta_end].replace(b"\x14\x001.2.840.10008.1.2.1\x00", b"\x16\x001.2.840.10008.1.2.1.99")
    meta = meta[:140] + (int.from_bytes(meta[140:144], "little") + 2).to_bytes(4, "little") + meta[144:]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = b"\x00" * MIB
    bomb = meta + b"".join(squeeze.compress(zeros) for _ in range(512)) + squeeze.flush()
    assert len(bomb) < MIB
    assert reason_of(pool, bomb) is Reason.TOO_LARGE


def test_a_zip_bomb_is_too_large(pool: ReadingPool) -> None:
    import io
    import zipfile

    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", b"\x00" * (64 * MIB))
    assert reason_of(pool, sink.getvalue()) is Reason.TOO_LARGE


def encapsulated(code: bytes, syntax: str, **changes: object) -> bytes:
    from pydicom.encaps import encapsulate

    dataset = a_dataset(**changes)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([code])
    dataset["PixelData"].is_undefined_length = True
    return dicom_bytes(dataset)


def test_a_codestream_larger_than_its_header_says_is_not_decoded(pool: ReadingPool) -> None:
    size = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + (20000).to_bytes(4, "big") * 2 + b"\x00" * 60
    assert reason_of(pool, encapsulated(size, "1.2.840.10008.1.2.4.90")) is Reason.BROKEN_PIXELS


def test_rle_that_cannot_fill_the_image_is_not_decoded(pool: ReadingPool) -> None:
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + b"\x00" * 56
    data = encapsulated(header + b"\x81\x00" * 20, "1.2.840.10008.1.2.5", Rows=8000, Columns=8000)
    assert reason_of(pool, data) is Reason.BROKEN_PIXELS


def test_deep_nesting_does_not_end_the_worker(pool: ReadingPool) -> None:
    opened = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data = GOOD[: 144 + int.from_bytes(GOOD[140:144], "little")] + opened * 50_000
    with pytest.raises(ScanError):
        pool.read(ReadRequest(data=data))


@pytest.mark.slow
def test_mutated_files_only_ever_give_scan_errors() -> None:
    samples = [path.read_bytes() for path in sorted((data_dir("dicom-samples") / "ct-syntaxes").iterdir())]
    random = np.random.default_rng(20261124)
    outcomes = {"read": 0, "refused": 0, "failed": 0}
    with ReadingPool(1, Limits(memory_bytes=1024 * MIB, seconds=10)) as pool:
        for trial in range(1000):
            data = bytearray(samples[trial % len(samples)])
            region = len(data) if trial % 2 else 3000  # half of them in the header
            for place in random.integers(132, region, random.integers(1, 12)):
                data[place] = random.integers(256)
            try:
                pool.read(ReadRequest(data=bytes(data)))
                outcomes["read"] += 1
            except ScanError as error:
                assert error.reason is not Reason.INTERNAL
                outcomes[error.status] += 1
        assert pool.read(ReadRequest(data=GOOD)).pixels.shape == (1, 32, 40)
    assert min(outcomes.values()) > 0


def test_a_worker_that_dies_is_replaced() -> None:
    with ReadingPool(1) as pool:
        pool.read(ReadRequest(data=GOOD))
        process = pool._all[0]._process
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert pool.read(ReadRequest(data=GOOD)).pixels.shape == (1, 32, 40)


def test_a_worker_that_dies_while_it_reads_fails_that_scan_only() -> None:
    with ReadingPool(1) as pool:
        pool.read(ReadRequest(data=GOOD))
        process = pool._all[0]._process
        os.kill(process.pid, signal.SIGSTOP)
        threading.Timer(0.2, os.kill, (process.pid, signal.SIGKILL)).start()
        assert reason_of(pool, GOOD) is Reason.DECODER_DIED
        assert pool.read(ReadRequest(data=GOOD)).pixels.shape == (1, 32, 40)


def test_a_read_that_takes_too_long_is_stopped() -> None:
    with ReadingPool(1, Limits(seconds=5)) as pool:
        pool.read(ReadRequest(data=GOOD))
        os.kill(pool._all[0]._process.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert reason_of(pool, GOOD) is Reason.DECODER_TIMEOUT
        assert time.monotonic() - began < 20
        assert pool.read(ReadRequest(data=GOOD)).pixels.shape == (1, 32, 40)


def test_a_pipe_or_a_folder_named_as_a_file_fails(tmp_path: Path, pool: ReadingPool) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    for path in (tmp_path / "pipe.dcm", tmp_path):
        with pytest.raises(ScanError) as caught:
            pool.read(ReadRequest(paths=(path,)))
        assert caught.value.reason is Reason.UNREADABLE_FILE


def test_messages_hold_no_patient_and_no_path(tmp_path: Path, pool: ReadingPool) -> None:
    path = tmp_path / "CANARY-PATH.dcm"
    for dataset in (a_dataset(PatientID="CANARY-ID", Modality="MR"), a_dataset(PatientID="CANARY-ID", PixelData=None)):
        path.write_bytes(dicom_bytes(dataset))
        with pytest.raises(ScanError) as caught:
            pool.read(ReadRequest(paths=(path,)))
        assert "CANARY" not in json.dumps([caught.value.message, str(caught.value)])
