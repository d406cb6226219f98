"""What is shipped is what was meant: layout, wheel, metadata, versions and public names.

The wheel looked at is the one that RUNLIFE_WHEEL names (CI sets it to the file that it installed
and tests), or else one built here from the checkout. What needs a checkout is skipped where only
the tests and the installed distribution are.
"""

import ast
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"runlife": "engine", "runlife_adapters": "adapters", "runlife_diagrams": "diagrams"}
PICTURES = {".mmd", ".svg"}

needs_checkout = pytest.mark.skipif(
    not (ROOT / "engine").is_dir(), reason="needs a checkout: only the installed distribution is here"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Give the files of the wheel, by name."""
    if named := os.environ.get("RUNLIFE_WHEEL"):
        path = Path(named)
    elif importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs hatchling, to build a wheel: pip install -e '.[dev]'")
    elif not (ROOT / "engine").is_dir():
        pytest.skip("needs a checkout, to build a wheel from, or a wheel in RUNLIFE_WHEEL")
    else:
        folder = tmp_path_factory.mktemp("wheel")
        built = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stdout + built.stderr
        (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def pyproject() -> dict[str, object]:
    """Give the `project` table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


# --------------------------------------------------------------------------- the tree


@needs_checkout
@pytest.mark.parametrize("folder", [*PACKAGES.values(), "tests"])
def test_root_folders_are_no_packages(folder: str) -> None:
    """A folder at the root holds no `__init__.py`: it must not shadow another's package of that name."""
    assert not (ROOT / folder / "__init__.py").exists()


@needs_checkout
def test_there_is_one_import_package_in_each_root_folder() -> None:
    """Each of the three root folders holds the one import package that it is there for."""
    found = {init.parent.name: init.parent.parent.name for init in ROOT.glob("*/*/__init__.py")}
    assert found == PACKAGES


# --------------------------------------------------------------------------- the wheel


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_and_nothing_beside(wheel: dict[str, bytes]) -> None:
    """A wheel brings three top-level names and its metadata, and no tests, tools or stray modules."""
    tops = {PurePosixPath(name).parts[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


@pytest.mark.slow
def test_the_wheel_is_typed(wheel: dict[str, bytes]) -> None:
    """Each package ships `py.typed`, so that a user's type checker reads our annotations."""
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(wheel)


@pytest.mark.slow
@needs_checkout
def test_the_wheel_leaves_nothing_out(wheel: dict[str, bytes]) -> None:
    """A wheel holds every file of the packages, pictures among them, byte for byte as in the checkout."""
    expected = {
        path.relative_to(ROOT / folder).as_posix(): path.read_bytes()
        for package, folder in PACKAGES.items()
        for path in (ROOT / folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected.items() <= wheel.items()


@pytest.mark.slow
@needs_checkout
def test_the_wheel_adds_nothing_but_committed_pictures(wheel: dict[str, bytes]) -> None:
    """Beyond the packages' own files a wheel may only carry the pictures committed beside the package."""
    committed = {path.read_bytes() for path in (ROOT / "diagrams").glob("*.*") if path.suffix in PICTURES}
    added = {
        name: content
        for name, content in wheel.items()
        if (top := PurePosixPath(name).parts[0]) in PACKAGES and not (ROOT / PACKAGES[top] / name).is_file()
    }
    assert {name for name, content in added.items() if content not in committed} == set()


@pytest.mark.slow
def test_the_wheel_carries_its_licence_and_its_command(wheel: dict[str, bytes]) -> None:
    """A wheel carries the licence text, and the `runlife` command points at the command line's `main`."""
    (licence,) = (content for name, content in wheel.items() if name.endswith(".dist-info/licenses/LICENSE"))
    assert b"MIT License" in licence
    (scripts,) = (content for name, content in wheel.items() if name.endswith(".dist-info/entry_points.txt"))
    assert b"runlife = runlife_adapters.cli:main" in scripts


# --------------------------------------------------------------------------- metadata and versions


@pytest.mark.slow
def test_the_wheel_needs_only_attrs_and_transitions(wheel: dict[str, bytes]) -> None:
    """Without extras, the wheel brings attrs and transitions, and nothing else."""
    (content,) = (content for name, content in wheel.items() if name.endswith(".dist-info/METADATA"))
    requirements = message_from_bytes(content).get_all("Requires-Dist", [])
    assert without_extras(requirements) == {"attrs", "transitions"}


def test_the_installed_distribution_needs_only_attrs_and_transitions() -> None:
    """The distribution that is installed here says the same of its dependencies as the wheel."""
    assert without_extras(metadata.requires("runlife") or []) == {"attrs", "transitions"}


def without_extras(requirements: list[str]) -> set[str]:
    """Give the names of the requirements that no extra asks for."""
    names = (re.match(r"[\w.-]+", line) for line in requirements if not re.search(r";.*\bextra\b", line))
    return {name[0].lower() for name in names if name}


def test_versions_agree() -> None:
    """pyproject.toml, the newest release in the changelog and the installed distribution name one version."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(\d[^\]]*)\]", changelog, flags=re.MULTILINE)
    assert releases, "CHANGELOG.md names no release: '## [x.y.z] - date'"
    assert pyproject()["version"] == releases[0] == metadata.version("runlife")


def test_the_changelog_is_in_order() -> None:
    """The changelog opens with what is unreleased; each release has a date, the newest first."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *releases = re.findall(r"^## (.+)$", changelog, flags=re.MULTILINE)
    assert first == "[Unreleased]"
    dates = [re.fullmatch(r"\[\d[^\]]*\] - (\d{4}-\d{2}-\d{2})", heading) for heading in releases]
    assert all(dates), releases
    assert [date[1] for date in dates if date] == sorted((date[1] for date in dates if date), reverse=True)


# --------------------------------------------------------------------------- public names


def public_modules() -> list[tuple[str, Path]]:
    """Give name and path of each public module: found on disk, not by importing."""
    found = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).rglob("*.py")):
                parts = [package, *path.relative_to(folder).with_suffix("").parts]
                if parts[-1] == "__init__":
                    del parts[-1]
                if not any(part.startswith("_") for part in parts):
                    found.append((".".join(parts), path))
    return found


def bound_names(body: list[ast.stmt], package: str, *, reexports: bool) -> set[str]:
    """Give the public names that a module's top level binds.

    Definitions always count. An import counts only in a package's `__init__.py`, and only from our own
    code in the same top-level package: that is what an `__init__.py` is for. What stands under
    `if TYPE_CHECKING` is not there at run time and does not count.
    """
    names: set[str] = set()
    for node in body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets, value=value) if not is_type_variable(value):
                names |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                names.add(name)
            case ast.ImportFrom(module=module, level=level, names=aliases) if reexports and (
                level or (module or "").split(".")[0] == package
            ):
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.If(test=test, body=then, orelse=orelse):
                taken = orelse if ast.unparse(test).endswith("TYPE_CHECKING") else [*then, *orelse]
                names |= bound_names(taken, package, reexports=reexports)
            case ast.Try(body=tried, handlers=handlers, orelse=orelse, finalbody=final):
                nested = [*tried, *(stmt for h in handlers for stmt in h.body), *orelse, *final]
                names |= bound_names(nested, package, reexports=reexports)
    return {name for name in names if not name.startswith(("_", "*"))}


def is_type_variable(value: ast.expr) -> bool:
    """Say whether an assignment makes a type variable, which is never meant for export."""
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in {"ParamSpec", "TypeVar", "TypeVarTuple"}
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(name, path, id=name) for name, path in public_modules()]
)
def test_all_is_true(name: str, path: Path) -> None:
    """Each name in `__all__` exists and stands there once; of a package, nothing public is missing.

    What a module names is what others may take from it; its other names are its own affair.
    """
    is_package = path.name == "__init__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = bound_names(tree.body, name.split(".", maxsplit=1)[0], reexports=True)
    if not is_package and not re.search(r"^__all__\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        return
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in PACKAGES:
            raise
        pytest.skip(f"needs an extra: {error}")
    exported = list(getattr(module, "__all__", ()))
    assert sorted(exported) == sorted(set(exported)), "a name stands twice"
    assert [one for one in exported if not hasattr(module, one)] == [], "named, but not there"
    unnamed = sorted(public - set(exported)) if is_package else []
    assert [one for one in unnamed if not isinstance(getattr(module, one, None), ModuleType)] == [], (
        "public, but not named"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_are_importable(package: str) -> None:
    """Each of the three packages is on the path of the interpreter that runs the tests."""
    assert importlib.util.find_spec(package) is not None
