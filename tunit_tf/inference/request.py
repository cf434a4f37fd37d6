"""What to translate, and how: the settings of `translate.py`, free of heavy imports."""

import dataclasses

from tunit_tf.config import check_bounds, setting
from tunit_tf.errors import Bounds, UserError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to translate, and how; every field is a flag of `translate.py`.

    Exactly one of `reference` and `domain` names the looks.
    """

    source: str = setting("", "Image or folder of images to translate.")
    reference: str = setting("", "Image or folder of images, one look each.")
    average_references: bool = setting(False, "Use the mean style of all references.")
    domain: int | None = setting(None, "Use the average style of this pseudo-domain.")
    data: str = setting(
        "", "With --domain: images to measure the domains on; '' takes the run's own."
    )
    sample: int = setting(
        0,
        "With --domain: draw this many new looks from its Gaussian instead.",
        bounds=Bounds(0, 10_000),
    )
    interpolate: bool = setting(
        False, "Go from one of two references to the other, as frames and animation."
    )
    frames: int = setting(16, "Frames from one reference to the other.", bounds=Bounds(2, 10_000))
    animation: str = setting("gif", "File format of the animation.", choices=("gif", "webp"))
    grid: bool = setting(False, "Write one picture, sources x looks.")
    strength: float = setting(
        1.0, "Between 0, the source's own style, and 1, the reference's.", bounds=Bounds(0, 1)
    )
    mask: str = setting(
        "",
        "Redraw only what masks mark: a folder with a PNG file per source under the source's name, "
        "white where it is redrawn; or alpha, the alpha channel of the sources.",
    )
    mask_feather: int = setting(
        -1,
        "With --mask: pixels of the result, inside of a mask's edge, over which it is mixed with "
        "the source; 0 is a hard edge, -1 a 32nd of the side.",
        bounds=Bounds(-1, 512),
    )
    output: str = setting("translated", "Folder for the results, made if missing.")
    format: str = setting("png", "File format of the results.", choices=("png", "jpeg"))
    overwrite: bool = setting(False, "Replace results that exist.")
    batch_size: int = setting(32, "Images computed at once.", bounds=Bounds(1, 4096))
    seed: int = setting(0, "Seed of the looks that --sample draws.", bounds=Bounds(0, 2**63 - 1))
    progress: bool = setting(True, "Show a progress bar.")

    def __post_init__(self) -> None:
        def require(ok: bool, message: str) -> None:
            if not ok:
                raise UserError(message)

        require(bool(self.source), "Say what to translate with --source=FILE_OR_FOLDER.")
        require(
            bool(self.reference) != (self.domain is not None),
            "Name the look with either --reference=FILE_OR_FOLDER or --domain=NUMBER.",
        )
        check_bounds(self)
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
