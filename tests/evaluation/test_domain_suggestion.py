"""How many domains: planted groups are found, results are written whole, mistakes are named."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests import commands
from tunit_tf.data import synthetic
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import domain_suggestion
from tunit_tf.io import pixels
from tunit_tf.io.output_folder import OutputFolder
from tunit_tf.metrics import clustering


def planted(groups, spread, seed=0):
    rng = np.random.default_rng(seed)
    x = np.eye(groups, 16)[np.arange(90) % groups] + rng.normal(0, spread, (90, 16))
    return clustering.directions(x)


@pytest.mark.parametrize("groups", [3, 5])
def test_planted_groups_are_suggested(groups):
    found = domain_suggestion.suggest(planted(groups, 0.05), 7, seed=0)
    assert [c.num_domains for c in found.candidates] == [2, 3, 4, 5, 6, 7]
    assert found.best[0].num_domains == groups
    assert f"number of domains is {groups} (then" in domain_suggestion.advice(found)
    marked = [line for line in domain_suggestion.table(found).splitlines() if line[0] == "*"]
    assert len(marked) == 3


def test_advice_admits_that_there_are_no_groups():
    noise = np.random.default_rng(0).normal(size=(90, 16))
    found = domain_suggestion.suggest(clustering.directions(noise), 5, seed=0)
    assert domain_suggestion.advice(found).startswith("No number of domains stands out")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("suggest")
    for i, x in enumerate(synthetic.generate(24, 32, 0).pixels()):
        pixels.save_png(root / "images" / f"{i:02}.png", x)
    return root


def suggest(folder, *flags):
    own = (f"--cache_dir={folder / 'cache'}", "--image_size=32", "--max_domains=4")
    return commands.run("tunit_tf.suggest_domains", *own, *flags)


def test_the_command_writes_table_plot_and_sheets(folder, tmp_path):
    flags = (f"--data={folder / 'images'}", f"--output={tmp_path / 'out'}")
    done = suggest(folder, *flags)
    assert done.returncode == 0, done.stderr
    assert "silhouette  stability" in done.stdout
    assert "--num_domains=" in done.stdout
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert [c["num_domains"] for c in scores["candidates"]] == [2, 3, 4]
    sheets = sorted((tmp_path / "out").rglob("domain_*.png"))
    assert len(sheets) == 2 + 3 + 4  # of the best three
    for path in (*sheets, tmp_path / "out" / "scores.png"):
        with Image.open(path) as picture:
            assert min(picture.size) > 32
    assert {p.name for p in tmp_path.iterdir()} == {"out"}


def test_results_are_replaced_only_if_asked_and_only_their_own(folder, tmp_path, monkeypatch):
    """With features that need no weights; through a link to the folder, which stays."""
    monkeypatch.setattr(domain_suggestion, "EFFICIENTNET_LITE0", "random_conv64")

    def run(name, overwrite):
        settings = {"image_size": 32, "max_domains": 4, "progress": False, "overwrite": overwrite}
        places = {"data": str(folder / "images"), "cache_dir": str(folder / "cache")}
        request = domain_suggestion.Request(output=str(tmp_path / name), **places, **settings)
        return domain_suggestion.run(request)

    run("out", overwrite=False)
    with pytest.raises(UserError, match="has results already; name another folder with --output"):
        run("out", overwrite=False)
    shutil.rmtree(tmp_path / "out" / "domains_02")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    run("link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out" / "domains_02").is_dir()

    (tmp_path / "out" / "domains_02" / "mine.txt").write_text("notes of the user")
    with pytest.raises(UserError, match=r"domains_02/mine\.txt was not written by"):
        run("out", overwrite=True)
    assert (tmp_path / "out" / "domains_02" / "mine.txt").is_file()


def test_copies_of_one_picture_leave_domains_empty(tmp_path):
    x = clustering.directions(np.ones((16, 8)))
    found = domain_suggestion.suggest(x, 4, seed=0)
    assert "0 to 16" in domain_suggestion.table(found)
    images = ImageSet(np.full((16, 32, 32, 3), 90, np.uint8), np.arange(16), ("same",) * 16)
    output = OutputFolder(tmp_path / "out", domain_suggestion.COMMAND, "output")
    domain_suggestion.write(output, found, images)
    assert len(list((tmp_path / "out").rglob("domain_*.png"))) == 3


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "Say which images to look at with --data=FOLDER"),
        (["--data=nowhere"], "--data=nowhere is not a folder"),
        (["--data={root}/images", "--max_domains=1"], "--max_domains must be at least 2"),
        (["--data={root}/images", "--output={root}/images"], "did not write, the first is 00.png"),
        (["--data={root}/images", "--output="], "--output is empty"),
        (["--data={root}/few", "--output={root}/o"], "has 1 images; at least 8 are needed"),
        (["--data={root}/images", "--output={root}/images/00.png"], "is a file"),
    ],
)
def test_mistakes_get_a_sentence(folder, flags, words):
    pixels.save_png(folder / "few" / "only.png", np.zeros((32, 32, 3), np.uint8))
    done = suggest(folder, *(flag.format(root=folder) for flag in flags))
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
