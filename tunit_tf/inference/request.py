"""What to translate, and how: the settings of `translate.py`, free of heavy imports."""

import dataclasses
from typing import Any

from tunit_tf.errors import Bounds, UserError


def _field(
    default: Any,
    help_text: str,
    *,
    choices: tuple[str, ...] = (),
    bounds: Bounds | None = None,
) -> Any:
    """A field with the help of its flag and, for numbers, their bounds."""
    metadata = {"help": help_text, "choices": choices, "bounds": bounds}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and how; every field is a flag of `translate.py`.

    Exactly one of `reference` and `domain` names the looks.
    """

    source: str = _field("", "Image or folder of images to translate.")
    reference: str = _field("", "Image or folder of images, one look each.")
    average_references: bool = _field(False, "Use the mean style of all references.")
    domain: int | None = _field(None, "Use the average style of this pseudo-domain.")
    data: str = _field(
        "", "With --domain: images to measure the domains on; '' takes the run's own."
    )
    sample: int = _field(
        0,
        "With --domain: draw this many new looks from its Gaussian instead.",
        bounds=Bounds(0, 10_000),
    )
    interpolate: bool = _field(
        False, "Go from one of two references to the other, as frames and animation."
    )
    frames: int = _field(16, "Frames from one reference to the other.", bounds=Bounds(2, 10_000))
    animation: str = _field("gif", "File format of the animation.", choices=("gif", "webp"))
    grid: bool = _field(False, "Write one picture, sources x looks.")
    strength: float = _field(1.0, "Between 0, the source's own style, and 1, the reference's.")
    mask: str = _field(
        "",
        "Redraw only what masks mark: a folder with a PNG file per source under the source's name, "
        "white where it is redrawn; or alpha, the alpha channel of the sources.",
    )
    mask_feather: int = _field(
        -1,
        "With --mask: pixels of the result, inside of a mask's edge, over which it is mixed with "
        "the source; 0 is a hard edge, -1 a 32nd of the side.",
        bounds=Bounds(-1, 512),
    )
    output: str = _field("translated", "Folder for the results, made if missing.")
    format: str = _field("png", "File format of the results.", choices=("png", "jpeg"))
    overwrite: bool = _field(False, "Replace results that exist.")
    batch_size: int = _field(32, "Images computed at once.", bounds=Bounds(1, 4096))
    seed: int = _field(0, "Seed of the looks that --sample draws.", bounds=Bounds(0, 2**63 - 1))
    progress: bool = _field(True, "Show a progress bar.")

    def __post_init__(self) -> None:
        def require(ok: bool, message: str) -> None:
            if not ok:
                raise UserError(message)

        require(bool(self.source), "Say what to translate with --source=FILE_OR_FOLDER.")
        require(
            bool(self.reference) != (self.domain is not None),
            "Name the look with either --reference=FILE_OR_FOLDER or --domain=NUMBER.",
        )
        require(0 <= self.strength <= 1, f"--strength must be in [0, 1]; received {self.strength}.")
        for field in dataclasses.fields(self):
            if field.metadata["bounds"] is not None:
                field.metadata["bounds"].check(f"--{field.name}", getattr(self, field.name))
        require(
            not self.sample or self.domain is not None,
            "--sample draws looks of a domain; give --domain=NUMBER with it.",
        )
        require(
            bool(self.mask) or self.mask_feather == -1,
            "--mask_feather softens the edges of masks; give --mask=FOLDER or --mask=alpha too.",
        )
        require(
            bool(self.reference) or not (self.average_references or self.interpolate),
            "--average_references and --interpolate need --reference=FILE_OR_FOLDER.",
        )
        require(
            self.average_references + self.interpolate + self.grid <= 1,
            "Give only one of --average_references, --interpolate and --grid.",
        )
