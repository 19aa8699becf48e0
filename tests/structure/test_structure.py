"""The repository tests itself."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from real_data import ROOT

from scankin.api.app import create_app
from scankin.api.renderers import renderers
from scankin.api.settings import Settings
from scankin.index_build.importers import importer_names
from scankin.models import encoder_names
from scankin.retrieval.errors import Reason
from scankin.retrieval.outcomes import all_outcomes

LAYERS: dict[str, set[str]] = {
    "retrieval": set(),
    "models": {"retrieval"},
    "index_build": {"retrieval", "models"},
    "api": {"retrieval", "models"},
}
SOURCES = [path for folder in LAYERS for path in sorted((ROOT / folder).rglob("*.py"))]
PACKAGES = [path.parent for path in SOURCES if path.name == "__init__.py"]


def dotted(folder: Path) -> str:
    return ".".join(["scankin", *folder.relative_to(ROOT).parts])


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_between_layers_point_one_way(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("scankin.")}
    assert ours <= LAYERS[layer] | {layer}
    bare = {name.split(".")[0] for name in imports_of(path)} & set(LAYERS)
    assert not bare, "a bare name loads a second copy of every class: import scankin.<name>"


def test_the_reading_worker_loads_no_heavy_library() -> None:
    code = (
        "import sys, scankin.retrieval.reading.worker; "
        "print([name for name in ('torch', 'faiss', 'pyarrow') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_package_is_installed() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert set(config["packages"]) == {dotted(folder) for folder in PACKAGES}
    assert set(config["package-dir"]) == {f"scankin.{layer}" for layer in LAYERS}


def test_what_a_package_exports_exists() -> None:
    for folder in PACKAGES:
        module = importlib.import_module(dotted(folder))
        for name in getattr(module, "__all__", []):
            assert hasattr(module, name), f"{module.__name__}.{name}"


def page(name: str) -> str:
    return (ROOT / name).read_text()


def test_every_plug_in_setting_and_reason_is_documented() -> None:
    for name in encoder_names():
        assert (ROOT / "models" / f"{name}.md").is_file()
    for name in importer_names():
        assert f"## {name}\n" in page("docs/importers.md")
    for outcome in all_outcomes():
        assert f"`{outcome.name}`" in page("docs/report.md")
    for media_type in renderers():
        assert f"`{media_type}`" in page("docs/api.md")
    for reason in Reason:
        assert f"| `{reason.value}` |" in page("docs/errors.md")
    for name, setting in Settings.model_fields.items():
        assert f"`SCANKIN_{name.upper()}`" in page("docs/settings.md")
        assert setting.description and setting.description in page("docs/settings.md")


def test_every_route_is_documented() -> None:
    paths = create_app(Settings(index=Path("x"))).openapi()["paths"]
    assert len(paths) == 7
    for path, methods in paths.items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in page("docs/api.md")


def test_every_problem_code_is_documented() -> None:
    source = "".join(path.read_text() for path in SOURCES if path.relative_to(ROOT).parts[0] == "api")
    codes = set(re.findall(r'problem\(\s*\d+,\s*"(\w+)"', source))
    assert len(codes) >= 5
    for code in codes:
        assert f"`{code}`" in page("docs/errors.md"), code


def test_no_registry_address_no_path_of_a_machine_and_no_lock_file_is_committed() -> None:
    # Written in pieces, so that this file does not hold what it looks for.
    forbidden = ["pythonhosted" + ".org", "pypi" + ".org", "registry." + "npmjs", "deb." + "debian"]
    forbidden += ["/wo" + "rk/", "/ro" + "ot/"]
    for path in tracked():
        assert path.suffix not in (".lock", ".faiss", ".pth", ".dcm"), path
        if path.stat().st_size < 500_000:
            text = path.read_text(errors="ignore")
            assert not [word for word in forbidden if word in text], path


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line]
    assert all("==" in line for line in lines)
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    assert {re.split(r"[><=\[]", requirement)[0].lower() for requirement in wanted} - {"scankin"} <= pinned
