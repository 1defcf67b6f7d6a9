"""`python -m ops.cli`: the same as `nightledger`."""

from ops.cli import main

main()
