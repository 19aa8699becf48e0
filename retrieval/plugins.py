"""Plug-ins found by folder: the names come from the files, a module loads when it is asked for."""

import importlib
import pkgutil
from types import ModuleType

from scankin.retrieval.errors import UnknownName

NOT_PLUGINS = frozenset({"base"})


def names(package: ModuleType) -> list[str]:
    """Return the plug-in names of a package, sorted, written as users write them ("open-cxr" for ``open_cxr.py``).

    Sub-packages, ``base`` and modules that start with an underscore are not plug-ins.
    """
    found = (module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg)
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_") and name not in NOT_PLUGINS)


def load(package: ModuleType, name: str) -> ModuleType:
    """Import and return the plug-in module ``name`` of a package; hyphens and underscores are the same.

    Raises:
        UnknownName: There is no such plug-in; the message lists those there are.
    """
    known = names(package)
    if name.replace("_", "-") not in known:
        kind = package.__name__.rsplit(".", 1)[-1]
        raise UnknownName(f"{name!r} is not one of the {kind}. There are: {', '.join(known)}.")
    return importlib.import_module(f"{package.__name__}.{name.replace('-', '_')}")
