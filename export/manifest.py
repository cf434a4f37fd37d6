"""The manifest of an export: what clients of the model need, so that no number is typed twice.

`docs/manifest.md` describes the fields for authors of clients; `manifest.schema.json` is the same
as a JSON schema, written by `python -m export.manifest_schema`.
"""

import dataclasses
import hashlib
import pathlib
from typing import Any, ClassVar

from export import manifest_checks
from export.manifest_checks import AGAIN, FORMAT, SCHEMA_VERSION
from tunit_tf.errors import UserError

FILE_NAME = "manifest.json"


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
    """Fields that all kinds of exports have.

    Attributes:
      title, description: The model in words for people.
      image_size: Side of the square images in pixels.
      value_range: Smallest and largest value of a pixel in the model's tensors.
      channels: Their order.
      num_domains: Number K of pseudo-domains.
      style_dim: Length of a style code.
      style_on_unit_sphere: Whether style codes have length 1; mixtures are then normalized.
      domains: The K pseudo-domains; None if no images were available to measure them.
      licence, origin: License and origin of the weights, if known.
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
        _verify_file(folder / name, entry)


def verify_beside(path: pathlib.Path) -> None:
    """Compares a file with the manifest beside it, where there is one that lists it.

    Raises:
      UserError: The file was changed, or the manifest is damaged.
    """
    if (path.parent / FILE_NAME).is_file() and path.is_file():
        entry = read_mobile(path.parent).files.get(path.name)
        if entry:
            _verify_file(path, entry)


def _verify_file(path: pathlib.Path, entry: File) -> None:
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
    values = manifest_checks.checked(content, MobileManifest.kind)
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
