"""Law: what Stripe's client encodes, the sandbox reads back as the same tree of strings."""

from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from ops.sandbox import forms

NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
LEAVES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        max_leaves=12,
    ),
    max_size=4,
)


@given(TREES)
def test_reads_back_what_the_client_encodes(tree: dict[str, Any]) -> None:
    assert forms.parse(urlencode(list(_api_encode(tree)))) == tree
