"""TUNIT for TensorFlow and Keras: truly unsupervised image-to-image translation.

`from tunit_tf import Translator` loads TensorFlow; importing `tunit_tf` alone does not.
"""

import importlib
from typing import Any

__version__ = "0.2.0.dev0"
__all__ = ["Translator", "__version__"]

_LAZY = {"Translator": "tunit_tf.inference.translator"}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used (PEP 562)."""
    if name in _LAZY:
        from tunit_tf import standard_streams

        standard_streams.hide_absent_gpus()
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
