"""The manifest of an export: what clients of the model need, so that no number is typed twice.

`docs/manifest.md` describes the fields for authors of clients; `manifest.schema.json` is the same
as a JSON schema, written by `python -m export.manifest_schema`.
"""

import dataclasses
import hashlib
import json
import pathlib
import re
from typing import Any, ClassVar

from tunit_tf.errors import UserError

FILE_NAME = "manifest.json"
AGAIN = "export the model again."
FORMAT = 1  # read by clients from before `schema_version`; equals its major number
SCHEMA_VERSION = "1.1"  # minor: fields were added; major: a field changed its meaning
SHA256 = r"[0-9a-f]{64}"
PLAIN_NAME = r"[\w-][\w.-]*"  # a file beside the manifest


@dataclasses.dataclass(frozen=True, kw_only=True)
class File:
    """Size and checksum of a file beside the manifest."""

    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Domain:
    """What is known of a pseudo-domain.

    Attributes:
      images: Number of images that were measured.
      average_style: Mean style code, `style_dim` numbers; None for an empty domain.
      style_deviation: Standard deviation of each number of the style code; None as above. New
        styles of the domain are drawn from this Gaussian.
    """

    images: int
    average_style: list[float] | None
    style_deviation: list[float] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example:
    """A picture beside the manifest that clients can show.

    Attributes:
      file: Its name.
      role: `picture` (to redraw) or `look` (to take the style from).
    """

    file: str
    role: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """One of the pairs of files.

    Attributes:
      purpose: What it is for; `for` in the file.
      shipped: Whether its files are there; they are not where its quality is too low.
      psnr, worst_psnr: Mean and smallest peak signal-to-noise ratio in dB against the networks.
      ssim: Mean structural similarity.
      largest: Largest difference of a value in [-1, 1].
      encoder, generator: Names of the files; None where they are not shipped.
    """

    purpose: str = dataclasses.field(metadata={"name": "for"})
    shipped: bool
    psnr: float
    worst_psnr: float
    ssim: float
    largest: float
    encoder: str | None = None
    generator: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """What exports of all kinds say.

    Attributes:
      title, description: The model in words for people.
      image_size: Side of the square images in pixels.
      value_range: Smallest and largest value of a pixel in the model's tensors.
      channels: Their order.
      num_domains: Number K of pseudo-domains.
      style_dim: Length of a style code.
      style_on_unit_sphere: Whether style codes have length 1; mixtures are then normalized.
      domains: The K pseudo-domains; None where no images were at hand to measure them.
      licence, origin: Of the weights, where they are known.
      examples: Pictures that clients can show.
      step: Training step of the weights.
      config: Settings of the run.
      made_with: Versions of the libraries that wrote the export.
      resize: How pictures become squares.
      signatures: {signature: {"inputs": ..., "outputs": ...}}.
      files: {name: size and checksum} of the files beside the manifest.
    """

    kind: ClassVar[str]
    schema_version: str = SCHEMA_VERSION
    format: int = FORMAT
    title: str
    description: str
    image_size: int
    value_range: tuple[float, float] = (-1.0, 1.0)
    channels: str = "RGB"
    num_domains: int
    style_dim: int
    style_on_unit_sphere: bool
    domains: list[Domain] | None
    licence: str | None
    origin: str | None
    examples: list[Example] = dataclasses.field(default_factory=list)
    step: int
    config: dict[str, Any]
    made_with: dict[str, str]
    resize: str
    signatures: dict[str, dict[str, dict[str, Any]]]
    files: dict[str, File]

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON has it."""
        return {"kind": self.kind, **_plain(self)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobileManifest(Manifest):
    """The manifest of pairs of .tflite files.

    Attributes:
      variants: {name: pair}.
      recommended: {`cpu`, `gpu` or `npu`: the best of the variants that are shipped, or ""}.
      quality_images: Number of images behind the variants' scores.
      min_psnr: dB, below which a variant is not shipped.
    """

    kind: ClassVar[str] = "tflite"
    variants: dict[str, Variant]
    recommended: dict[str, str]
    quality_images: int
    min_psnr: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServingManifest(Manifest):
    """The manifest of a SavedModel.

    Attributes:
      max_pixels: Largest picture that the model decodes.
    """

    kind: ClassVar[str] = "saved_model"
    max_pixels: int


def checksums(folder: pathlib.Path) -> dict[str, File]:
    """{name: size in bytes and SHA-256} of all files below a folder."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = File(bytes=path.stat().st_size, sha256=digest)
    return found


def read_mobile(folder: pathlib.Path) -> MobileManifest:
    """Reads the manifest of an exported pair.

    Raises:
      UserError: There is none, or it is damaged; the sentences are those of `parse_mobile`.
    """
    path = folder / FILE_NAME
    cure = f"write one with python -m export.tflite --run_dir=RUN --output={folder}"
    if not path.is_file():
        raise UserError(f"{folder} is not a folder that export.tflite wrote; {cure}.")
    try:
        return parse_mobile(path.read_bytes())
    except UserError as error:
        raise UserError(f"{path}: {error} Or {cure}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); {cure}.") from None


def verify(folder: pathlib.Path, described: Manifest) -> None:
    """Compares the files of an export with its manifest.

    Raises:
      UserError: A file is missing or was changed; the message names it.
    """
    for name, entry in described.files.items():
        path = folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}); {AGAIN}") from None
        if len(content) != entry.bytes or hashlib.sha256(content).hexdigest() != entry.sha256:
            raise UserError(f"{path} is not the file that was exported; copy it again or {AGAIN}")


def parse_mobile(content: bytes) -> MobileManifest:
    """Checks the content of a manifest and returns it.

    Unknown fields are left out: a newer minor version only adds some. Fields that only inform
    people may be missing, as in manifests from before `schema_version`.

    Raises:
      UserError: What is wrong, in one sentence that names the field.
    """
    try:
        values = json.loads(content.decode())
    except (ValueError, RecursionError):
        raise UserError("The manifest is not JSON; copy or export the folder again.") from None
    if not isinstance(values, dict) or values.get("kind") != MobileManifest.kind:
        raise UserError('The manifest is not of kind "tflite"; name a folder of export.tflite.')
    _check_version(values)
    for name, (rule, holds) in CHECKS.items():
        if name not in values:
            raise UserError(f"The manifest lacks {name}; {AGAIN}")
        if not holds(values[name]):
            raise UserError(f"The manifest's {name} must be {rule}; {AGAIN}")
    for name, (rule, holds) in CHECKS_IF_PRESENT.items():
        if name in values and not holds(values[name]):
            raise UserError(f"The manifest's {name} must be {rule}; {AGAIN}")
    _check_variants(values)
    _check_domains(values)
    informing: dict[str, Any] = {
        "schema_version": f"{FORMAT}.0", "title": "", "description": "", "licence": None,
        "origin": None, "channels": "RGB", "style_on_unit_sphere": False, "step": 0, "config": {},
        "made_with": {}, "resize": "crop", "quality_images": 0, "min_psnr": 0.0,
    }  # fmt: skip
    given = {name: values.get(name, default) for name, default in informing.items()}
    return MobileManifest(
        **given,
        image_size=values["image_size"],
        value_range=tuple(values["value_range"]),
        num_domains=values["num_domains"],
        style_dim=values["style_dim"],
        signatures=values["signatures"],
        recommended=values["recommended"],
        domains=_typed_list(Domain, values.get("domains")),
        examples=_typed_list(Example, values.get("examples")) or [],
        variants={name: _typed(Variant, entry) for name, entry in values["variants"].items()},
        files={name: _typed(File, entry) for name, entry in values["files"].items()},
    )


def _check_version(values: dict[str, Any]) -> None:
    version = values.get("schema_version", f"{values.get('format')}.0")
    found = re.fullmatch(r"(\d+)\.(\d+)", version) if isinstance(version, str) else None
    if not found:
        raise UserError(
            f"The manifest's schema_version {json.dumps(version)} is not like {SCHEMA_VERSION}; "
            f"{AGAIN}"
        )
    if int(found[1]) != FORMAT:
        raise UserError(
            f"The manifest has schema_version {version} and this program reads {FORMAT}.x; use a "
            "version of the program that fits."
        )


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 2**20


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _is_list_of(length: int, value: Any) -> bool:
    return isinstance(value, list) and len(value) == length and all(map(_is_number, value))


def _is_range(value: Any) -> bool:
    return _is_list_of(2, value) and value[0] < value[1]


def _is_file_list(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(entry, dict)
        and _is_number(entry.get("bytes"))
        and isinstance(entry.get("sha256"), str)
        and re.fullmatch(SHA256, entry["sha256"])
        for entry in value.values()
    )


def _are_examples(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("role"), str)
        and isinstance(entry.get("file"), str)
        and re.fullmatch(PLAIN_NAME, entry["file"])
        for entry in value
    )


def _are_signatures(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), dict) and isinstance(value[name].get("inputs"), dict)
        for name in ("encode", "generate")
    )


# {field: (what it must be, whether a value is)}; checked in this order.
CHECKS = {
    "image_size": ("a positive integer", _is_size),
    "num_domains": ("a positive integer", _is_size),
    "style_dim": ("a positive integer", _is_size),
    "value_range": ("two numbers, the smaller first", _is_range),
    "signatures": ("an object with encode and generate", _are_signatures),
    "files": ("an object with bytes and sha256 of each file", _is_file_list),
    "variants": ("an object", lambda value: isinstance(value, dict)),
    "recommended": ("an object", lambda value: isinstance(value, dict)),
}


CHECKS_IF_PRESENT = {
    "title": ("text", lambda value: isinstance(value, str)),
    "description": ("text", lambda value: isinstance(value, str)),
    "licence": ("text or null", lambda value: value is None or isinstance(value, str)),
    "origin": ("text or null", lambda value: value is None or isinstance(value, str)),
    "style_on_unit_sphere": ("true or false", lambda value: isinstance(value, bool)),
    "step": ("a number", _is_number),
    "config": ("an object", lambda value: isinstance(value, dict)),
    "examples": ("a list of objects with file and role", _are_examples),
}


def _check_variants(values: dict[str, Any]) -> None:
    """The files of every shipped variant are listed and lie beside the manifest."""
    for name, entry in values["variants"].items():
        if not isinstance(entry, dict) or not isinstance(entry.get("shipped"), bool):
            raise UserError(f"The manifest's variant {name} lacks shipped; {AGAIN}")
        for role in ("encoder", "generator") if entry["shipped"] else ():
            file = entry.get(role)
            if not isinstance(file, str):
                raise UserError(f"The manifest's variant {name} lacks {role}; {AGAIN}")
            if not re.fullmatch(PLAIN_NAME, file):
                raise UserError(f"The manifest names the file {file}, which is not beside it.")
            if file not in values["files"]:
                raise UserError(f"The manifest's files lack {file}; {AGAIN}")
    if not any(entry["shipped"] for entry in values["variants"].values()):
        raise UserError(f"The manifest has no variant that is shipped; {AGAIN}")
    for lane, name in values["recommended"].items():
        shipped = isinstance(name, str) and values["variants"].get(name, {}).get("shipped")
        if name and not shipped:
            raise UserError(f"The manifest recommends {name} for {lane}, which is not shipped.")


def _check_domains(values: dict[str, Any]) -> None:
    """Domains, where they are known, are as many and as long as the sizes say."""
    domains = values.get("domains")
    if domains is None:
        return
    count, length = values["num_domains"], values["style_dim"]
    if not isinstance(domains, list) or len(domains) != count:
        raise UserError(f"The manifest's domains must be a list of {count}; {AGAIN}")
    for number, domain in enumerate(domains):
        styles = (
            [domain.get("average_style"), domain.get("style_deviation")]
            if (isinstance(domain, dict))
            else [()]
        )
        if not all(style is None or _is_list_of(length, style) for style in styles):
            raise UserError(
                f"The manifest's domain {number} must have an average_style of {length} numbers; "
                f"{AGAIN}"
            )


def _plain(value: Any) -> Any:
    """A value of dataclasses as JSON has it."""
    if dataclasses.is_dataclass(value):
        return {_name(f): _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _name(field: dataclasses.Field) -> str:
    return field.metadata.get("name", field.name)


def _typed(kind: type, values: dict[str, Any]) -> Any:
    """An instance of a dataclass from its JSON object; unknown keys are left out."""
    fields = dataclasses.fields(kind)
    given = {f.name: values[_name(f)] for f in fields if _name(f) in values}
    missing = {f.name: None for f in fields if f.default is dataclasses.MISSING}
    return kind(**{**missing, **given})


def _typed_list(kind: type, values: list | None) -> list | None:
    return None if values is None else [_typed(kind, entry) for entry in values]
