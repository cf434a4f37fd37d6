"""The page's golden vectors are what this side computes now."""

import json

from tests.web_demo import golden


def test_golden_vectors_are_up_to_date():
    assert json.loads(golden.PATH.read_text()) == golden.vectors()
