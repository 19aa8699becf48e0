"""How much one scan may cost to read. Beyond it a file is refused, whatever its header says."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one request may use.

    Attributes:
        file_bytes: Size of one file, compressed or inflated.
        request_bytes: Size of all members of an archive, inflated.
        pixels: Pixels of one image: 10,000 x 10,000 is beyond any detector.
        slices: Slices of one series.
        files: Files in one archive.
        memory_bytes: Address space of a worker process.
        seconds: Wall-clock time for one request; CPU time likewise.
    """

    file_bytes: int = 256 * MIB
    request_bytes: int = 1536 * MIB
    pixels: int = 64_000_000
    slices: int = 3000
    files: int = 4000
    memory_bytes: int = 4096 * MIB
    seconds: float = 30.0


DEFAULT_LIMITS = Limits()
