import os
import tempfile
from pathlib import Path

# Keys of test casebooks are derived with a secret of the test run, never with the user's own.
os.environ["SCANKIN_KEY_FILE"] = str(Path(tempfile.mkdtemp(prefix="scankin-test-")) / "index.key")
