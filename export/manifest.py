"""The manifest of an export: what clients of the model need, so that no number is typed twice.

`docs/manifest.md` describes the fields for authors of clients; `manifest.schema.json` is their JSON
schema, which `python -m export.manifest` writes.
"""

import hashlib
import json
import pathlib
import shlex
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import pydantic
from pydantic import Field

from tunit_tf.errors import UserError
from tunit_tf.io import files

FILE_NAME = "manifest.json"
SCHEMA_VERSION = "1.1"  # minor: fields were added; major: a field changed its meaning
SCHEMA_FILE = pathlib.Path(__file__).with_name("manifest.schema.json")
AGAIN = "export the model again."
SHOWN = 40  # characters of a wrong value in a message

PLAIN_NAME = "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$"
SHA256 = "^[0-9a-f]{64}$"
VERSION = "^[0-9]+[.][0-9]+$"
PATTERNS = {
    PLAIN_NAME: "it must be the name of a file in the same folder",
    SHA256: "it must have 64 hexadecimal digits",
    VERSION: f"it must be like {SCHEMA_VERSION}",
}

Size = Annotated[int, Field(gt=0, le=2**20)]
PlainName = Annotated[str, Field(pattern=PLAIN_NAME)]
Read = TypeVar("Read", bound="Manifest")


class Part(pydantic.BaseModel):
    """A part of a manifest. Unknown fields are left out: a newer minor version only adds some."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


class File(Part):
    """Size and checksum of a file beside the manifest."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=SHA256)]

    @classmethod
    def of(cls, path: pathlib.Path) -> "File":
        """Of a file on disk."""
        content = path.read_bytes()
        return cls(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


class Domain(Part):
    """What is known of a pseudo-domain."""

    images: int
    """Number of images that were measured."""
    average_style: list[float] | None
    """Mean style code, `style_dim` numbers; null for an empty domain."""
    style_deviation: list[float] | None = None
    """Standard deviation of each number of the style code: new styles come from this Gaussian."""


class Example(Part):
    """A picture beside the manifest that clients can show."""

    file: PlainName
    role: str
    """`picture` (to redraw) or `look` (to take the style from)."""
    caption: str | None = None
    """Its name for people, such as "Ginger"."""


class Variant(Part):
    """One of the pairs of files."""

    purpose: str = Field(validation_alias="for", serialization_alias="for")
    """What it is for."""
    shipped: bool
    """Whether its files are there; they are not where its quality is too low."""
    psnr: float
    """Mean peak signal-to-noise ratio against the networks, dB."""
    worst_psnr: float
    """The smallest one, dB."""
    ssim: float
    """Mean structural similarity."""
    largest: float
    """Largest difference of a value in [-1, 1]."""
    encoder: PlainName | None = None
    """Name of the file; null where it is not shipped."""
    generator: PlainName | None = None
    """Name of the file; null where it is not shipped."""


class Signature(Part):
    """Shapes of a signature's inputs and outputs by name; all are float32."""

    inputs: dict[str, list[int]]
    outputs: dict[str, list[int]]


class PairSignatures(Part):
    """The signatures of a pair, one in each file."""

    encode: Signature
    generate: Signature


class Tensor(Part):
    """Type and shape of an input or output; null stands for any size."""

    dtype: str
    shape: list[int | None]


class ServedSignature(Part):
    """A signature's inputs and outputs by name."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Manifest(Part):
    """Fields that all kinds of exports have."""

    command: ClassVar[str]
    kind: str
    schema_version: Annotated[str, Field(pattern=VERSION)] = SCHEMA_VERSION
    """`major.minor`; a newer minor version only adds fields."""
    title: str
    """The model in words for people."""
    description: str
    """A sentence on the model for people."""
    image_size: Size
    """Side of the square images in pixels."""
    value_range: Annotated[list[float], Field(min_length=2, max_length=2)] = [-1.0, 1.0]
    """Smallest and largest value of a pixel in the model's tensors."""
    channels: str = "RGB"
    """Order of an image's channels."""
    num_domains: Size
    """Number K of pseudo-domains."""
    style_dim: Size
    """Length of a style code."""
    style_on_unit_sphere: bool
    """Whether style codes have length 1; mixtures are then normalized."""
    domains: list[Domain] | None = None
    """The K pseudo-domains; null if no images were available to measure them."""
    detail: float = pydantic.Field(1.0, ge=0, le=1)
    """How much of a photograph's own detail its translations get by default."""
    license: str | None = None
    """License of the weights, if known."""
    origin: str | None = None
    """Where imported weights come from."""
    examples: list[Example] = []
    """Pictures that clients can show."""
    step: int
    """Training step of the weights."""
    config: dict[str, Any]
    """Settings of the run."""
    made_with: dict[str, str]
    """Versions of the libraries that wrote the export."""
    resize: str
    """How pictures become squares: `crop` or `stretch`."""
    files: dict[str, File]
    """Size and checksum of the files beside the manifest, by name."""

    @pydantic.field_validator("schema_version")
    @classmethod
    def _is_readable(cls, version: str) -> str:
        if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
            raise ValueError(
                f"The manifest has schema_version {version} and this program reads "
                f"{SCHEMA_VERSION.split('.')[0]}.x; use a version of the program that fits."
            )
        return version

    @pydantic.field_validator("value_range")
    @classmethod
    def _rises(cls, limits: list[float]) -> list[float]:
        if not limits[0] < limits[1]:
            raise ValueError(
                f"The manifest's value_range is {limits}, and the smaller number must be first; "
                f"{AGAIN}"
            )
        return limits

    @pydantic.model_validator(mode="after")
    def _domains_fit(self) -> "Manifest":
        if self.domains is not None and len(self.domains) != self.num_domains:
            raise ValueError(
                f"The manifest has {len(self.domains)} domains, and num_domains is "
                f"{self.num_domains}; {AGAIN}"
            )
        for number, domain in enumerate(self.domains or []):
            for name in ("average_style", "style_deviation"):
                style = getattr(domain, name)
                if style is not None and len(style) != self.style_dim:
                    raise ValueError(
                        f"The manifest's domains.{number}.{name} has {len(style)} numbers, and "
                        f"style_dim is {self.style_dim}; {AGAIN}"
                    )
        return self

    def check_usable(self) -> None:
        """Checks that a client can use the export. Raises UserError."""

    def check_step(self, folder: pathlib.Path, run_dir: pathlib.Path, step: int) -> None:
        """Checks that the export in `folder` is of a run's checkpoint. Raises UserError."""
        if step != self.step:
            raise UserError(
                f"{folder} was exported at step {self.step}, and {run_dir} is at {step}; export "
                "again, or name the right --run_dir."
            )

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON has it."""
        return self.model_dump(mode="json", by_alias=True)


class MobileManifest(Manifest):
    """The manifest of pairs of .tflite files."""

    command: ClassVar[str] = "export.tflite"
    kind: Literal["tflite"] = "tflite"
    signatures: PairSignatures
    """Inputs and outputs of the two files."""
    variants: dict[str, Variant]
    """The pairs by name."""
    recommended: dict[str, str]
    """The best variant that is shipped for `cpu`, `gpu` and `npu`; empty where there is none."""
    quality_images: int
    """Number of images behind the variants' scores."""
    min_psnr: float
    """dB, below which a variant is not shipped."""

    def check_usable(self) -> None:
        """Checks that something is shipped, and that what is shipped or recommended is listed.

        Raises:
          UserError: A variant without its files, a recommendation without its variant, or nothing
            that is shipped.
        """
        shipped = {name: one for name, one in self.variants.items() if one.shipped}
        for name, variant in shipped.items():
            for role in ("encoder", "generator"):
                file = getattr(variant, role)
                if file is None:
                    raise UserError(f"The manifest lacks variants.{name}.{role}; {AGAIN}")
                if file not in self.files:
                    raise UserError(f"The manifest lacks files.{file}; {AGAIN}")
        if not shipped:
            raise UserError(f"The manifest has no variant that is shipped; {AGAIN}")
        for lane, name in self.recommended.items():
            if name and name not in shipped:
                raise UserError(
                    f"The manifest's recommended.{lane} is {name}, which is not shipped; {AGAIN}"
                )


class ServingManifest(Manifest):
    """The manifest of a SavedModel."""

    command: ClassVar[str] = "export.saved_model"
    kind: Literal["saved_model"] = "saved_model"
    signatures: dict[str, ServedSignature]
    """Inputs and outputs of each signature."""
    max_pixels: int
    """Largest picture that the model decodes."""


class OnnxManifest(Manifest):
    """The manifest of a pair of ONNX files."""

    command: ClassVar[str] = "export.onnx"
    kind: Literal["onnx"] = "onnx"
    signatures: dict[str, ServedSignature]
    """Inputs and outputs of the two files, by what they do: `encode` and `generate`."""
    encoder: PlainName
    """Name of the file that has `encode`."""
    generator: PlainName
    """Name of the file that has `generate`."""
    opset: int
    """Version of ONNX' operators that the files use."""
    largest: float
    """Largest difference of a value of the outputs from those of the networks."""


class WeightsManifest(Manifest):
    """The manifest of a weights folder."""

    command: ClassVar[str] = "export.weights"
    kind: Literal["weights"] = "weights"


def parse(content: bytes, kind: type[Read]) -> Read:
    """Checks the content of a manifest and returns it.

    Args:
      content: The file.
      kind: One of the subclasses of `Manifest`.

    Raises:
      UserError: What is wrong, in one sentence that names the field and its value.
    """
    try:
        read = kind.model_validate_json(content)
    except pydantic.ValidationError as error:
        raise UserError(_sentence(error.errors()[0], kind)) from None
    for field in ("kind", "schema_version"):  # optional for our writers, required in a file
        if field not in read.model_fields_set:
            raise UserError(f"The manifest lacks {field}; {AGAIN}")
    read.check_usable()
    return read


def read(folder: pathlib.Path, kind: type[Read]) -> Read:
    """Reads the manifest of an export.

    Args:
      folder: Folder of the export.
      kind: As for `parse`.

    Raises:
      UserError: There is none, or it is damaged.
    """
    path = folder / FILE_NAME
    output = shlex.quote(str(folder))
    cure = f"write one with python -m {kind.command} --run_dir=RUN --output={output}"
    if not path.is_file():
        raise UserError(f"{folder} is not a folder that {kind.command} wrote; {cure}.")
    try:
        return parse(path.read_bytes(), kind)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); {cure}.") from None


def read_mobile(folder: pathlib.Path) -> MobileManifest:
    """Reads the manifest of an exported pair. Raises UserError."""
    return read(folder, MobileManifest)


def checksums(folder: pathlib.Path) -> dict[str, File]:
    """{name: size in bytes and SHA-256} of all files below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): File.of(path) for path in paths}


def verify(folder: pathlib.Path, described: Manifest) -> None:
    """Compares the files of an export with its manifest.

    Raises:
      UserError: A file is missing or was changed; the message names it.
    """
    for name, entry in described.files.items():
        _verify_file(folder / name, entry)


def verify_beside(path: pathlib.Path) -> "MobileManifest | None":
    """Compares a file with the manifest beside it, where there is one that lists it.

    Returns:
      The manifest; None if there is none, or not about this file.

    Raises:
      UserError: The file was changed, or the manifest is damaged.
    """
    if not ((path.parent / FILE_NAME).is_file() and path.is_file()):
        return None
    found = read_mobile(path.parent)
    entry = found.files.get(path.name)
    if entry:
        _verify_file(path, entry)
    return found if entry else None


def schema() -> dict[str, Any]:
    """The JSON schema of the manifests that clients of a model read."""
    kinds: Any = pydantic.TypeAdapter(MobileManifest | OnnxManifest | ServingManifest)
    made = kinds.json_schema(mode="serialization")
    made["title"] = f"Manifest of an export of tunit-tf, version {SCHEMA_VERSION}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _sentence(fault: Any, kind: type[Manifest]) -> str:
    """What is wrong and what helps, of the first of pydantic's errors."""
    field, given = ".".join(map(str, fault["loc"])), fault["input"]
    if fault["type"] == "json_invalid":
        return "The manifest is not JSON; copy or export the folder again."
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])  # a whole sentence of ours
    if field in ("", "kind"):
        wanted = kind.model_fields["kind"].default
        return f'The manifest is not of kind "{wanted}"; name a folder of {kind.command}.'
    if fault["type"] == "missing":
        return f"The manifest lacks {field}; {AGAIN}"
    text = json.dumps(given, ensure_ascii=False)
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    rule = fault["msg"].replace("Input should", "it must")
    if fault["type"] == "string_pattern_mismatch":
        rule = PATTERNS[fault["ctx"]["pattern"]]
    return f"The manifest's {field} is {shown}, and {rule}; {AGAIN}"


def _verify_file(path: pathlib.Path, entry: File) -> None:
    try:
        found = File.of(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {AGAIN}") from None
    if found != entry:
        raise UserError(f"{path} is not the file that was exported; copy it again or {AGAIN}")


if __name__ == "__main__":
    files.write_json(SCHEMA_FILE, schema())
