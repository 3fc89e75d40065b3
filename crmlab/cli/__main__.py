"""Run ``python -m crmlab.cli``."""

import sys

from crmlab.cli.main import main

sys.exit(main())
