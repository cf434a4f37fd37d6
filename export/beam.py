"""Translates a folder or a file pattern of any size on a Beam runner, with an exported SavedModel.

`python -m export.beam --model=models/tunit/1 --source='photos/**' --reference=look.jpg
--output=translated`, and Beam's own flags: `--runner=DataflowRunner --project=... --region=...`.
"""

import argparse
import sys

from tunit_tf import cli, standard_streams
from tunit_tf.errors import Bounds, UserError
from tunit_tf.inference import photograph as photographs
from tunit_tf.io import picture_files


def main() -> None:
    """Parses the flags and runs the pipeline."""
    standard_streams.prepare()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--model", required=True, help="folder of a version of a SavedModel")
    parser.add_argument("--source", required=True, help="folder or file pattern of pictures")
    parser.add_argument("--reference", help="picture with the look")
    parser.add_argument(
        "--domain", type=int, default=-1, help="instead: average style of this pseudo-domain"
    )
    parser.add_argument("--output", required=True, help="folder of the results")
    size_help = (
        "of the results: source, the picture's own; model, as the networks draw; longer side"
    )
    parser.add_argument("--size", default=photographs.SOURCE, help=size_help)
    parser.add_argument("--region", default="", help="redraw only x,y,width,height, or in percent")
    mask_help = "folder of PNG masks, white where to redraw; or alpha, that of the pictures"
    parser.add_argument("--mask", help=mask_help)
    parser.add_argument("--detail", type=float, help="0 (enlarged) to 1; by default the run's")
    parser.add_argument("--colors_only", action="store_true", help="take only colors")
    parser.add_argument("--feather", type=int, help="pixels inside of region or mask that fade")
    parser.add_argument("--batch_size", type=int, default=16, help="pictures computed at once")
    options, beam_flags = parser.parse_known_args()
    try:
        run(options, beam_flags)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(cli.USER_ERROR)
    except KeyboardInterrupt:
        print(
            "Interrupted. The same command translates what is missing; every result is whole.",
            file=sys.stderr,
        )
        sys.exit(cli.INTERRUPTED)


def run(options: argparse.Namespace, beam_flags: list[str]) -> None:
    """Checks the flags, runs the pipeline and prints what it did."""
    for name in ("model", "reference", "mask", "output", "source"):
        setattr(options, name, picture_files.place(getattr(options, name), name))
    try:
        import apache_beam as beam

        from export.serving import beam_pipeline
    except ImportError:
        raise UserError(
            "Apache Beam is not installed: pip install -r requirements-beam.txt."
        ) from None
    if bool(options.reference) == (options.domain >= 0):
        raise UserError("Name one look: --reference=PICTURE or --domain=K.")
    Bounds(1, 4096).check("--batch_size", options.batch_size)
    unknown = beam_pipeline.unknown_flags(beam_flags)
    if unknown:
        raise UserError(f"Unknown flag {unknown[0]}; see --help, and Beam's pipeline options.")
    request = photographs.Request.checked(
        options.size, options.region, options.detail, options.colors_only, options.feather,
        mask=options.mask,
    )  # fmt: skip
    described = beam_pipeline.read_manifest(options.model)
    if options.detail is None and not options.colors_only:
        request = request.with_detail(described.detail)
    if options.reference:
        beam_pipeline.check_reference(options.reference)
    else:
        beam_pipeline.average_style(described, options.domain)
    folder, pattern = picture_files.split_pattern(options.source)
    if not beam_pipeline.FileSystems.match([pattern], limits=[1])[0].metadata_list:
        raise UserError(f"--source={options.source} matches no file.")
    masks = beam_pipeline.check_masks(options.mask, folder)
    beam_pipeline.check_output(options.output)
    if picture_files.results_among(folder, options.output):
        print(f"Pictures in --output={options.output} are results, and are no sources.")
    look = beam_pipeline.Look(options.reference, options.domain)
    pipeline = beam.Pipeline(argv=beam_flags)
    order = beam_pipeline.Order(
        options.model, look, folder, options.output, options.batch_size, request, masks
    )
    beam_pipeline.pipeline(pipeline, pattern, order)
    result = pipeline.run()
    result.wait_until_finish()
    print(f"{options.source} -> {options.output}: {beam_pipeline.counted(result)}.")


if __name__ == "__main__":
    main()
