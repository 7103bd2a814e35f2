"""`python -m horarium`: the command line."""

from horarium.cli.main import main

main()
