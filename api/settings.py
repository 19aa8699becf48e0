"""Every setting of the service, with its default; read from ``SCANKIN_...`` variables or given on the command line."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How the service runs; documented in ``docs/settings.md``."""

    model_config = SettingsConfigDict(env_prefix="SCANKIN_", extra="forbid")

    index: Path = Field(description="Folder of the store to answer from.")
    weights: Path | None = Field(default=None, description="Local weights of the encoder, a file or a folder.")
    device: str = Field(default="cpu", description="Torch device of the encoder.")
    engine: str = Field(default="auto", description="What runs the encoder's network: auto, torch or onnxruntime.")
    workers: int = Field(default=os.cpu_count() or 1, ge=1, description="Scans read and encoded at once.")
    queue: int = Field(default=32, ge=0, description="Requests that may wait; beyond it the answer is 503.")
    max_upload_mib: int = Field(
        default=512, ge=1, description="Largest request body in MiB; beyond it the answer is 413."
    )
    read_seconds: float = Field(
        default=30.0, gt=0, description="Longest time that reading one scan may take, in seconds."
    )
    poll_seconds: float = Field(
        2.0, gt=0, description="How often the store is looked at for a new version, in seconds."
    )
