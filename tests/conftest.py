import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

# CI machines are shared and slow at times: how long an example takes says nothing of the code.
settings.register_profile("scankin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("scankin")

# Keys of test casebooks are derived with a secret of the test run, never with the user's own.
os.environ["SCANKIN_KEY_FILE"] = str(Path(tempfile.mkdtemp(prefix="scankin-test-")) / "index.key")
