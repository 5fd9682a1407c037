"""Where a conversion's network comes from: a known name, a function, or a saved program.

Rules: nothing that is read from a file is run. A state dict is read by `load_state`. A torch.export program would be
unpickled by torch where it says so (`torch.export.load` uses `weights_only=False`), and its formulas and guards
evaluated, so an archive that has any of these is refused before torch sees it. Only `--module` runs code, the user's.
"""

from __future__ import annotations

import importlib
import json
import pickle
import re
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch

from tools.checkpoint import NONSENSE, fill, load_state, require_finite
from tools.errors import CheckpointError, ConversionError, DataAbsentError, UsageError
from tools.network import build_for, known

CODE_KEYS: Final = frozenset(
    {"use_pickle", "guards_code", "range_constraints", "as_expr", "expr_str", "as_custom_obj", "as_sym_expr"}
)
"""Entries of a program's JSON that make torch unpickle a tensor or evaluate a formula, where they are not empty."""
NAME_KEYS: Final = frozenset(
    {"name", "fqn", "target", "parameter_name", "buffer_name", "tensor_constant_name", "forward_arg_names"}
)
"""Entries that torch writes into the Python code of the graph's forward method."""
SPEC_KEYS: Final = frozenset({"in_spec", "out_spec"})
NAME: Final = re.compile(r"[\w.]*")
MOST_JSON_BYTES: Final = 64_000_000


def network_of(program: Path | None, name: str | None, module: str | None, state_dict: Path | None) -> Any:
    """The float network, in evaluation mode, of the one source that is given."""
    if program is not None:
        return load_program(program)
    if state_dict is None:
        raise UsageError("--network and --module need --state-dict")
    if name is None:
        return fill(_module(str(module)), load_state(state_dict), state_dict)
    known(name)  # a wrong name is told before a file is read
    state = load_state(state_dict)
    return fill(build_for(name, state), state, state_dict)


def _module(name: str) -> Any:
    """What the function MOD:FN returns. UsageError where that is no network, or its code raises anything."""
    module, _, function = name.partition(":")
    if not module or module.startswith(".") or not function:
        raise UsageError(f"--module wants MOD:FN, not {name}")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"--module {name} cannot be found: {error}") from error
    except Exception as error:  # here and below is the boundary to the user's own code, which may raise anything
        raise _failure(name, error) from error
    try:
        made = make()
    except Exception as error:
        raise _failure(name, error) from error
    if not isinstance(made, torch.nn.Module):
        raise UsageError(f"--module wants MOD:FN, a function that returns a torch.nn.Module, not {name}")
    return made


def _failure(name: str, error: Exception) -> UsageError:
    """What the user's own code raised, and where, in one line."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return UsageError(f"--module {name} failed at {place.filename}:{place.lineno} with {what}")


def load_program(path: Path) -> Any:
    """The graph of a saved torch.export program; CheckpointError when it would run code or holds nonsense."""
    if not path.is_file():
        raise DataAbsentError(f"there is no program at {path}")
    try:
        _refuse_code(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.load(str(path))
            require_finite(program.state_dict, path)
            return program.module(check_guards=False)
    except (CheckpointError, ConversionError):
        raise
    except (*NONSENSE, zipfile.BadZipFile) as error:
        raise ConversionError(f"{path} is no torch.export program") from error


def _refuse_code(path: Path) -> None:
    """CheckpointError for an archive of which torch would unpickle or evaluate something."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename.partition("/")[2] for entry in entries]
        if "models/model.json" not in names or len(set(names)) < len(names):
            raise ConversionError(f"{path} is no torch.export program")
        for entry, name in zip(entries, names, strict=True):
            if name.startswith(("data/weights/", "data/constants/")) and name.endswith(".pt"):
                raise CheckpointError(f"{path} has pickled weights and was not opened")
            if name == "data/sample_inputs/model.pt":
                _require_plain(archive, entry, path)
            if name.endswith(".json"):
                if entry.file_size > MOST_JSON_BYTES:
                    raise CheckpointError(f"{path}: {name} is too long")
                _require_data(json.loads(archive.read(entry)), path)


def _require_plain(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """torch falls back to unpickling code where the sample inputs are not plain tensors: look first."""
    if entry.file_size:
        with archive.open(entry) as held:
            try:
                torch.load(held, weights_only=True, map_location="cpu")
            except (*NONSENSE, pickle.UnpicklingError) as error:
                raise CheckpointError(f"{path} holds more than tensors and was not opened") from error


def _require_data(tree: Any, path: Path) -> None:
    """CheckpointError for a JSON tree with formulas, pickles, or names that are more than names."""
    for key, value in _entries(tree):
        if key in CODE_KEYS and value:
            raise CheckpointError(f"{path} holds more than tensors and was not opened ({key})")
        if key in NAME_KEYS or (key in SPEC_KEYS and value):
            _require_names(key, json.loads(value) if key in SPEC_KEYS else value, path)


def _require_names(key: str, tree: Any, path: Path) -> None:
    """CheckpointError unless every text in a tree is a name, or JSON of such ones (a spec holds its context so)."""
    for text in (text for text in _leaves(tree) if isinstance(text, str) and not NAME.fullmatch(text)):
        try:
            inner = json.loads(text) if key in SPEC_KEYS else text
        except ValueError:
            inner = text
        if isinstance(inner, str):
            raise CheckpointError(f"{path} has a {key} {text[:40]!r} and was not opened")
        _require_names(key, inner, path)


def _leaves(tree: Any) -> Iterator[Any]:
    """Every key and value of a JSON tree that holds no others."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item, *item.values()]
        elif isinstance(item, list):
            stack += item
        else:
            yield item


def _entries(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a JSON tree with its value."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield from item.items()
            stack += item.values()
        elif isinstance(item, list):
            stack += item
