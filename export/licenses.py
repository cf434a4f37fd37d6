"""Interprets a license text: its Hugging Face identifier, and whether it allows examples."""

import re

# Those identifiers of the Hub that people give to weights and pictures.
HUB_IDENTIFIERS = frozenset([
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "isc", "zlib", "unlicense",
    "wtfpl", "openrail", "mpl-2.0", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0",
    "agpl-3.0", "gfdl", "eupl-1.2", "odbl", "odc-by", "pddl", "cc", "cc0-1.0", "cc-by-2.0",
    "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
    "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-permissive-1.0",
    "cdla-permissive-2.0", "cdla-sharing-1.0",
])  # fmt: skip
UNKNOWN = "unknown"  # identifiers of the Hub too
OTHER = "other"

# Non-commercial; no derivatives, which squares cut out of pictures are; no rights given at all.
BARRED = re.compile(
    r"\b(nc|nd)\b|by-?n[cd]|(non|no|not-for)-?commercial|no-?deriv|research|academic|educational"
    r"|evaluation|personal|private|all-rights-reserved|proprietary|confidential"
)  # in a slug


def hub_identifier(license_text: str) -> str:
    """The identifier of a license on the Hub: `CC BY-NC 4.0` is `cc-by-nc-4.0`.

    Args:
      license_text: In a user's words; '' where it is not known.

    Returns:
      `unknown` for '', `other` where the Hub has no identifier.
    """
    if not license_text.strip():
        return UNKNOWN
    plain = slug(license_text)
    return plain if plain in HUB_IDENTIFIERS else OTHER


def slug(license_text: str) -> str:
    """A license as a word: lower case, hyphens for spaces."""
    return re.sub(r"[^a-z0-9.]+", "-", license_text.lower()).strip("-") or OTHER


def allows_examples(license_text: str) -> bool:
    """Whether pictures under a license may be copied into an export without being asked for."""
    return hub_identifier(license_text) in HUB_IDENTIFIERS and not bars_examples(license_text)


def bars_examples(license_text: str) -> bool:
    """Whether pictures under a license should not be copied into an export."""
    return bool(BARRED.search(slug(license_text)))
