"""``python -m meanfield``: the command, where its script is not on the path."""

import sys

from meanfield.cli import main

sys.exit(main())
