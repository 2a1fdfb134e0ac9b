"""``python -m cnnviz``: the same jobs from a terminal."""

import sys

from cnnviz.cli import main

sys.exit(main())
